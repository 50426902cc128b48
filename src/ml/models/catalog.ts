// The built-in models, and how their files are made.
import { PouwError, toHex } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import { checkExact, effortOf, type Lowering, toOnnx } from "../graph/index.ts";
import { charsTransformer } from "./chars-transformer.ts";
import { digitsCnn } from "./digits-cnn.ts";
import { digitsMlp } from "./digits-mlp.ts";
import type { Effort, ModelManifest } from "./manifest.ts";
import type { Architecture } from "./types.ts";
import { evalGraph, trainGraph } from "./unit.ts";

const ARCHITECTURES: readonly Architecture[] = [digitsMlp, digitsCnn, charsTransformer];

/** Names of the built-in models. */
export const MODELS: readonly string[] = ARCHITECTURES.map(({ name }) => name);

/** The architecture of a built-in model; throws NOT_FOUND. */
export function architecture(name: string): Architecture {
  const found = ARCHITECTURES.find((item) => item.name === name);
  if (found === undefined) throw new PouwError("NOT_FOUND", `There is no built-in model ${name}.`);
  return found;
}

export interface BuiltModel {
  readonly manifest: ModelManifest;
  /** ONNX bytes. */
  readonly train: Uint8Array;
  readonly eval: Uint8Array;
}

/** A built-in model at any batch size, exact or in plain float32 operators. Throws NOT_FOUND, BAD_GRAPH. */
export function buildModel(
  name: string,
  { batch, lowering = "exact" }: { readonly batch?: number; readonly lowering?: Lowering } = {},
): BuiltModel {
  const model = architecture(name);
  const batchSize = batch ?? model.batchSize;
  const trained = trainGraph(model, { batch: batchSize, lowering });
  const evaluated = evalGraph(model, { batch: model.evalBatch, lowering });
  if (lowering === "exact") for (const graph of [trained, evaluated]) checkExact(graph);
  const [train, evaluation] = [toOnnx(trained), toOnnx(evaluated)];
  return { manifest: manifestOf(model, batchSize, { train, evaluation }), train, eval: evaluation };
}

/** Both graphs as ONNX bytes. */
interface Made {
  readonly train: Uint8Array;
  readonly evaluation: Uint8Array;
}

function manifestOf(model: Architecture, batchSize: number, { train, evaluation }: Made): ModelManifest {
  const entry = (bytes: Uint8Array): { sha256: string; bytes: number } => ({
    sha256: toHex(sha256(bytes)),
    bytes: bytes.length,
  });
  const count = ({ shape }: { readonly shape: readonly number[] }): number => shape.reduce((a, b) => a * b, 1);
  return {
    name: model.name,
    version: model.version,
    architecture: model.architecture,
    task: model.task,
    data: model.data,
    batchSize,
    evalBatch: model.evalBatch,
    predictionsPerSample: model.predictionsPerSample,
    defaultSteps: model.defaultSteps,
    noise: model.noise(batchSize),
    optimizer: model.optimizer,
    parameters: model.parameters,
    parameterCount: model.parameters.reduce((sum, spec) => sum + count(spec), 0),
    effort: effortPerStep(model, batchSize),
    initSeed: `${model.name}/${model.version}`,
    files: { train: entry(train), eval: entry(evaluation) },
  };
}

/** What a second batch adds grows with the batch, the rest does not. Counted on the exact graph in any lowering. */
function effortPerStep(model: Architecture, batch: number): Effort {
  const at = (rows: number): number => effortOf(trainGraph(model, { batch: rows, lowering: "exact" }));
  const [once, twice] = [at(batch), at(2 * batch)];
  return { batch: twice - once, rest: Math.max(0, 2 * once - twice) };
}
