export { type BlockNode, BlockStore, type Checked } from "./block-store.ts";
export { Deltas } from "./deltas.ts";
export { Engine } from "./engine.ts";
export type { AlertKind, EngineEvents } from "./events.ts";
export { reexecute } from "./executor.ts";
export { Parameters } from "./parameters.ts";
export type { FinishedUnit } from "./trainer.ts";
