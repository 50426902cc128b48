export { Engine } from "./engine.ts";
export type { AlertKind, EngineEvents, FinishedUnit } from "./events.ts";
export {
  type BlockEntry,
  BlockStore,
  type Checked,
  transactionRows,
} from "./storage/index.ts";
export {
  FollowedTasks,
  reexecute,
  type TaskEngine,
} from "./training/index.ts";
