export { type BlockNode, BlockStore, type Checked } from "./block-store.ts";
export { Engine } from "./engine.ts";
export type { EngineDeps, EngineOptions } from "./engine-options.ts";
export type { AlertKind, EngineEvents } from "./events.ts";
export { reexecute } from "./executor.ts";
export { KEYS } from "./keys.ts";
export type { RoundView } from "./rounds.ts";
export type { FinishedUnit } from "./trainer.ts";
