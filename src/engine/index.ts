export { Engine } from "./engine.ts";
export type { AlertKind, EngineEvents, EventBus, FinishedUnit } from "./events.ts";
export type { EngineDeps, EngineOptions } from "./options.ts";
export {
  type BlockEntry,
  BlockStore,
  type Checked,
  KEYS,
  standardRetention,
  transactionRows,
} from "./storage/index.ts";
export {
  encodeSet,
  FollowedTask,
  FollowedTasks,
  type RoundView,
  reexecute,
  type TaskEngine,
} from "./training/index.ts";
