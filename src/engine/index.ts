export { Engine } from "./engine.ts";
export type { AlertKind, EngineEvents } from "./events.ts";
export { type BlockEntry as BlockNode, BlockStore, type Checked } from "./storage/block-store.ts";
export { Deltas } from "./training/deltas.ts";
export { reexecute } from "./training/executor.ts";
export { Parameters } from "./training/parameters.ts";
export type { FinishedUnit } from "./training/trainer.ts";
