// Which steps are measured: the list of models and batches, in which lowerings, and what each should come to.
import type { Lowering } from "../../src/ml/graph/index.ts";
import { MODELS } from "../../src/ml/index.ts";

/** Exact lowerings, the one that a native provider takes first. */
export const LOWERINGS: readonly Lowering[] = ["int8", "float"];
/** The plain twin, which no node runs. */
export const TWIN: Lowering = "float32";

export interface Pairing {
  readonly model: string;
  readonly batch: number;
  /** Heads of attention, which PyTorch is told; of no matter to others. */
  readonly heads: number;
  /** What an exact step may cost at most, in steps of PyTorch. */
  readonly torch: number;
}

/** In steps of the float32 twin, and in native ones for a step on WASM. */
export const GOALS = { float32: 0.9, wasm: 3 } as const;

const LISTED: readonly Pairing[] = [
  ...[32, 128].flatMap((batch) => [
    { model: "digits-mlp", batch, heads: 1, torch: 0.5 },
    { model: "digits-cnn", batch, heads: 1, torch: 0.5 },
    { model: "chars-transformer", batch, heads: 4, torch: 0.65 },
  ]),
];

/** Those listed whose model this version has, and models that are not listed at a small batch, as large ones are run. */
export function pairings(): readonly Pairing[] {
  const listed = LISTED.filter(({ model }) => MODELS.includes(model));
  const others = MODELS.filter((model) => !listed.some((one) => one.model === model));
  return [...listed, ...others.map((model) => ({ model, batch: 16, heads: 4, torch: 0.5 }))];
}
