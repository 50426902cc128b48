export { BlockMaker } from "./block-maker.ts";
export { Checks } from "./checks.ts";
export { reexecute } from "./execute.ts";
export { Executor } from "./executor.ts";
export { FollowedTask, type FollowedTaskDeps } from "./followed-task.ts";
export { FollowedTasks } from "./followed-tasks.ts";
export { encodeSet } from "./parameter-store.ts";
export { RoundBoard, type RoundView } from "./round-view.ts";
export { TaskEngine } from "./task-engine.ts";
