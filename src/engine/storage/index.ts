export { BlockStore, type Move } from "./block-store.ts";
export { type DeltaRow, readDelta } from "./delta-rows.ts";
export type { BlockEntry, Checked } from "./entry.ts";
export { type HistorySource, transactionRows } from "./history.ts";
export { KEYS } from "./keys.ts";
export { Persistence } from "./persistence.ts";
export { type Retention, SNAPSHOT_EVERY, standardRetention } from "./retention.ts";
export { Scrub, type ScrubSources } from "./scrub.ts";
export {
  readBestSet,
  readSeasonScores,
  type SeasonScore,
  type SeasonScores,
  withScore,
  writeSeasonScores,
} from "./season-scores.ts";
export { States } from "./states.ts";
export { SteadyStore } from "./steady-store.ts";
