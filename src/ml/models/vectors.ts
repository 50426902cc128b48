// Conformance vectors: fixed stretches on data that a seed makes, and the digests that every provider must reach.
import { PouwError } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import type { NoiseSpec } from "../data/index.ts";
import { integerStream } from "./init.ts";
import type { DataInput } from "./types.ts";

/** vectors.json. A unit here is one stretch: unit u starts where unit u-1 ended; the first starts at the model's initial parameters. */
export interface Vectors {
  readonly model: string;
  readonly seed: string;
  /** Size of the open dimension of the data. */
  readonly samples: number;
  readonly steps: number;
  /** Hex digest of the initial parameters. */
  readonly initial: string;
  /** Hex digest after each unit; unit u has setting u modulo their number. */
  readonly digests: readonly string[];
  /** Hex digest of eval.onnx's predictions with the parameters after the last unit. */
  readonly predictions: string;
}

export interface VectorTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}
/** What a unit of the vectors reads: `steps` rows of the batch and of each noise, and which setting. */
export interface VectorUnit {
  readonly setting: number;
  readonly batch: Int32Array;
  readonly noise: readonly Int32Array[];
}
export interface VectorInputs {
  readonly data: readonly VectorTensor[];
  readonly units: readonly VectorUnit[];
  /** Samples that eval.onnx reads: one evaluation batch. */
  readonly evaluated: Int32Array;
}

/** SHA-256 over the little-endian int32 bytes of predictions. */
export function predictionsDigest(predictions: Int32Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * predictions.length));
  predictions.forEach((x, i) => {
    view.setInt32(4 * i, x, true);
  });
  return sha256(new Uint8Array(view.buffer));
}

/** The facts of a task that its vectors depend on. */
interface VectorTask {
  readonly data: { readonly inputs: readonly DataInput[]; readonly window: number };
  readonly batch: number;
  readonly evalBatch: number;
  readonly noise: readonly NoiseSpec[];
  readonly optimizer: { readonly settings: readonly unknown[] };
}

/** Data and batches of the vectors of a task's graphs: the same on every machine. */
export function vectorInputs(
  { data, batch, evalBatch, noise, optimizer }: VectorTask,
  { seed, samples, steps, units }: { seed: string; samples: number; steps: number; units: number },
): VectorInputs {
  const tensors = data.inputs.map(({ name, shape, limit }) => {
    const sizes = shape.map((dim) => (typeof dim === "string" ? samples : dim));
    const next = integerStream(`${seed}/${name}`);
    const fill = Uint8Array.from({ length: sizes.reduce((a, b) => a * b, 1) }, () => next() % limit);
    return { name, shape: sizes, data: fill };
  });
  const draws = (name: string, length: number, below: number): Int32Array => {
    const next = integerStream(`${seed}/${name}`);
    return Int32Array.from({ length }, () => next() % below);
  };
  const places = samples - data.window + 1;
  const unit = (_: unknown, u: number): VectorUnit => ({
    setting: u % optimizer.settings.length,
    batch: draws(`unit/${u}`, steps * batch, places),
    noise: noise.map(({ name, count, below }) => draws(`unit/${u}/${name}`, steps * count, below)),
  });
  return {
    data: tensors,
    units: Array.from({ length: units }, unit),
    evaluated: draws("evaluation", evalBatch, places),
  };
}

/** The vectors in the text of a vectors.json; throws BAD_MODEL. */
export function parseVectors(json: string): Vectors {
  const fail = (): never => {
    throw new PouwError("BAD_MODEL", "A model's vectors file is malformed.");
  };
  let root: Partial<Vectors>;
  try {
    root = (JSON.parse(json) ?? {}) as Partial<Vectors>;
  } catch {
    return fail();
  }
  const { model, seed, samples, steps, initial, digests, predictions } = root;
  const hex = (value: unknown): boolean => typeof value === "string" && /^[0-9a-f]{64}$/.test(value);
  if (typeof model !== "string" || typeof seed !== "string" || !hex(initial)) return fail();
  if (!Array.isArray(digests) || digests.length === 0 || !digests.every(hex)) return fail();
  if (!hex(predictions)) return fail();
  if (!Number.isSafeInteger(samples) || !Number.isSafeInteger(steps)) return fail();
  const known = { initial: initial as string, predictions: predictions as string };
  return { model, seed, samples: samples as number, steps: steps as number, ...known, digests };
}
