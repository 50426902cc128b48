// The built-in models, and how their files are made.
import { PouwError, toHex } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import { checkExact, effortOf, type Lowering, toOnnx } from "../graph/index.ts";
import { charsTransformer } from "./chars-transformer.ts";
import { digitsCnn } from "./digits-cnn.ts";
import { digitsMlp } from "./digits-mlp.ts";
import type { Effort, FileEntry, GraphFiles, ModelManifest } from "./manifest.ts";
import { textTransformer } from "./text-transformer.ts";
import type { Architecture } from "./types.ts";
import { evalGraph, trainGraph } from "./unit.ts";

const ARCHITECTURES: readonly Architecture[] = [digitsMlp, digitsCnn, charsTransformer, textTransformer];

/** Names of the built-in models. */
export const MODELS: readonly string[] = ARCHITECTURES.map(({ name }) => name);

/** The architecture of a built-in model; throws NOT_FOUND. */
export function architecture(name: string): Architecture {
  const found = ARCHITECTURES.find((item) => item.name === name);
  if (found === undefined) throw new PouwError("NOT_FOUND", `There is no built-in model ${name}.`);
  return found;
}

/** Both graphs of a model as ONNX bytes. */
export interface BuiltGraphs {
  readonly train: Uint8Array;
  readonly eval: Uint8Array;
}

/** The graphs are of the `float` lowering: theirs are the digests that tasks name. */
export interface BuiltModel extends BuiltGraphs {
  readonly manifest: ModelManifest;
  readonly int8: BuiltGraphs;
}

export interface BuildModelOptions {
  /** Instead of the model's own. */
  readonly batch?: number;
}

/** A built-in model in both exact lowerings, each proven. Throws NOT_FOUND, BAD_GRAPH. */
export function buildModel(name: string, { batch }: BuildModelOptions = {}): BuiltModel {
  const model = architecture(name);
  const batchSize = batch ?? model.batchSize;
  const float = graphsOf(model, batchSize, "float");
  const int8 = graphsOf(model, batchSize, "int8");
  return { manifest: manifestOf(model, batchSize, { ...float, int8 }), ...float, int8 };
}

/** The same model in plain float32 operators, which no node runs. Throws NOT_FOUND. */
export function buildTwin(name: string, { batch }: BuildModelOptions = {}): BuiltGraphs {
  const model = architecture(name);
  return graphsOf(model, batch ?? model.batchSize, "float32");
}

function graphsOf(model: Architecture, batch: number, lowering: Lowering): BuiltGraphs {
  const train = trainGraph(model, { batch, lowering });
  const evaluation = evalGraph(model, { batch: model.evalBatch, lowering });
  if (lowering !== "float32") for (const graph of [train, evaluation]) checkExact(graph);
  return { train: toOnnx(train), eval: toOnnx(evaluation) };
}

function manifestOf(
  model: Architecture,
  batchSize: number,
  { int8, ...float }: BuiltGraphs & { readonly int8: BuiltGraphs },
): ModelManifest {
  const entry = (bytes: Uint8Array): FileEntry => ({ sha256: toHex(sha256(bytes)), bytes: bytes.length });
  const entries = (graphs: BuiltGraphs): GraphFiles => ({ train: entry(graphs.train), eval: entry(graphs.eval) });
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
    files: { ...entries(float), int8: entries(int8) },
  };
}

/** What a second batch adds grows with the batch, the rest does not. Counted on the graph of the float lowering, whichever runs. */
function effortPerStep(model: Architecture, batch: number): Effort {
  const at = (rows: number): number => effortOf(trainGraph(model, { batch: rows, lowering: "float" }));
  const [once, twice] = [at(batch), at(2 * batch)];
  return { batch: twice - once, rest: Math.max(0, 2 * once - twice) };
}
