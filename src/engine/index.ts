export { Engine } from "./engine.ts";
export { ALERT_KINDS, type AlertKind, ENGINE_EVENTS, type EngineEvents, type FinishedUnit } from "./events.ts";
export { clockTrouble } from "./exchange/index.ts";
export type { EngineOptions } from "./options.ts";
export {
  type BlockEntry,
  BlockStore,
  type Checked,
  readBestSet,
  readSeasonScores,
  type SeasonScore,
  type SeasonScores,
  SNAPSHOT_EVERY,
  standardRetention,
  transactionRows,
  withScore,
  writeSeasonScores,
} from "./storage/index.ts";
export {
  encodeSet,
  FollowedTasks,
  reexecute,
  type Standing,
  standingIn,
  type TaskEngine,
  UnitRuns,
} from "./training/index.ts";
export { inTurns } from "./turns.ts";
