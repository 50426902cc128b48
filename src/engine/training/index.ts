export { BlockMaker } from "./block-maker.ts";
export { Checks } from "./checks.ts";
export { reexecute } from "./execute.ts";
export { Executor } from "./executor.ts";
export { FollowedTask, type Standing } from "./followed-task.ts";
export { FollowedTasks, standingIn } from "./followed-tasks.ts";
export { encodeSet } from "./parameter-store.ts";
export { RoundBoard } from "./round-view.ts";
export { TaskEngine } from "./task-engine.ts";
