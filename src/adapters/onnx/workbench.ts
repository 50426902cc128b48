// One model on one provider: runs units and evaluations, and proves itself on the conformance vectors. Runs inside a worker.
import { PouwError, toHex } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import {
  batchIndexes,
  type DataSet,
  encodeDelta,
  evaluationSamples,
  initialParameters,
  type ModelManifest,
  parametersDigest,
  predictionsDigest,
  type VectorTensor,
  vectorInputs,
} from "../../ml/index.ts";
import type { Evaluation, UnitResult } from "../../ports/index.ts";
import type { Engine, Feed, Feeds, Graph, Outputs } from "./engine.ts";
import type { EvaluateTask, UnitTask } from "./messages.ts";
import type { ModelFiles } from "./model-files.ts";

export interface Workbench {
  readonly manifest: ModelManifest;
  unit(task: UnitTask): Promise<UnitResult>;
  evaluate(task: EvaluateTask): Promise<Evaluation>;
  /** Runs the vectors. Throws CAPABILITY_ABSENT when a digest differs. */
  prove(): Promise<void>;
  /** Median ms of `rounds` units of `steps` steps on the vectors' data. */
  time(rounds: number, steps: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens both graphs of a model. `data` may be undefined where only `prove` and `time` are called. */
export async function openWorkbench(engine: Engine, files: ModelFiles, data: DataSet | undefined): Promise<Workbench> {
  const { manifest } = files;
  const train = await engine.open(files.train);
  const evaluation = await engine.open(files.eval);
  if (data !== undefined) checkWindows(manifest, data);
  const feeds = data === undefined ? undefined : dataFeeds(manifest, data.tensors);
  const needData = (): { readonly set: DataSet; readonly tensors: Feeds } => {
    if (data === undefined || feeds === undefined)
      throw new PouwError(
        "BAD_DATA",
        `${manifest.name} needs the data set ${manifest.data.name}, which was not opened`,
      );
    return { set: data, tensors: feeds };
  };
  return {
    manifest,
    unit(task) {
      const { set, tensors } = needData();
      const { splits } = set;
      return runUnit(manifest, train, tensors, task, splits.train[0], splits.train[1]);
    },
    evaluate(task) {
      const { set, tensors } = needData();
      return runEvaluation(manifest, evaluation, tensors, task, evaluationSamples(set, task.split));
    },
    prove: () => proveVectors(files, train, evaluation),
    time: (rounds, steps) => timeUnits(files, train, rounds, steps),
    async close() {
      await train.close();
      await evaluation.close();
    },
  };
}

/** No sample may read past the data's end: what a graph does with such an index is not defined. */
function checkWindows(manifest: ModelManifest, { name, splits, tensors }: DataSet): void {
  const length = tensors[0]?.shape[0] ?? 0;
  const last = Math.max(...Object.values(splits).map(([, to]) => to - 1));
  if (last + manifest.data.window > length)
    throw new PouwError(
      "BAD_DATA",
      `${manifest.name} reads ${manifest.data.window} rows a sample, more than ${name} has`,
    );
}

/** Tensors of shared memory are copied once, parameters at each task: the native runtime reads only plain buffers. */
function dataFeeds(manifest: ModelManifest, tensors: readonly VectorTensor[]): Feeds {
  const feeds: { [name: string]: Feed } = {};
  for (const { name, shape } of manifest.data.inputs) {
    const tensor = tensors.find((candidate) => candidate.name === name);
    const fits = shape.every((extent, i) => typeof extent === "string" || extent === tensor?.shape[i]);
    if (tensor === undefined || tensor.shape.length !== shape.length || !fits)
      throw new PouwError("BAD_DATA", `the data set has no tensor ${name} of the shape that ${manifest.name} reads`);
    const data = tensor.data.buffer instanceof SharedArrayBuffer ? Uint8Array.from(tensor.data) : tensor.data;
    feeds[name] = { type: "uint8", data, dims: tensor.shape };
  }
  return feeds;
}

/** Views on a flat parameter vector, one feed per tensor. Throws BAD_MODEL for a wrong length. */
function parameterFeeds(manifest: ModelManifest, flat: Float32Array): Feeds {
  if (flat.length !== manifest.parameterCount)
    throw new PouwError("BAD_MODEL", `${manifest.name} has ${manifest.parameterCount} parameters, not ${flat.length}`);
  const feeds: { [name: string]: Feed } = {};
  let at = 0;
  for (const { name, shape } of manifest.parameters) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    feeds[name] = { type: "float32", data: flat.subarray(at, at + size), dims: shape };
    at += size;
  }
  return feeds;
}

interface UnitRun {
  readonly end: Float32Array;
  readonly loss: number;
  readonly ms: number;
}

/** One call of train.onnx: `batch` is [steps, batchSize] row-major. */
async function train(
  manifest: ModelManifest,
  graph: Graph,
  data: Feeds,
  start: Float32Array,
  batch: Int32Array,
): Promise<UnitRun> {
  const steps = batch.length / manifest.batchSize;
  const { outputs, ms } = await graph.run({
    steps: { type: "int64", data: BigInt64Array.of(BigInt(steps)), dims: [] },
    batch: { type: "int32", data: batch, dims: [steps, manifest.batchSize] },
    ...data,
    ...parameterFeeds(manifest, start),
  });
  const end = new Float32Array(start.length);
  let at = 0;
  for (const { name } of manifest.parameters) {
    const part = output(outputs, `next.${name}`);
    end.set(part, at);
    at += part.length;
  }
  return { end, loss: output(outputs, "loss")[0] as number, ms };
}

function output(outputs: Outputs, name: string): Float32Array | Int32Array {
  const found = outputs[name];
  if (found === undefined) throw new PouwError("BAD_MODEL", `the graph has no output ${name}`);
  return found;
}

async function runUnit(
  manifest: ModelManifest,
  graph: Graph,
  data: Feeds,
  task: UnitTask,
  trainFrom: number,
  trainTo: number,
): Promise<UnitResult> {
  const { seed, steps, delta } = task;
  const begin = performance.now();
  const start = task.start.slice();
  const batch = batchIndexes(seed, steps, manifest.batchSize, [trainFrom, trainTo]);
  const { end, loss, ms } = await train(manifest, graph, data, start, batch);
  const digest = parametersDigest(manifest, end);
  const bytes = delta === undefined ? undefined : encodeDelta(manifest, start, end);
  const deltaHash = bytes === undefined ? undefined : sha256(bytes);
  const totalMs = performance.now() - begin;
  return { end, digest, delta: bytes, deltaHash, loss, graphMs: ms, totalMs };
}

/** Whole batches only: samples at the end of the split that do not fill one are left out, the same ones everywhere. */
async function runEvaluation(
  manifest: ModelManifest,
  graph: Graph,
  data: Feeds,
  { parameters, split }: EvaluateTask,
  samples: Int32Array,
): Promise<Evaluation> {
  const batches = Math.floor(samples.length / manifest.evalBatch);
  if (batches === 0)
    throw new PouwError(
      "BAD_DATA",
      `the ${split} split has ${samples.length} samples, a batch has ${manifest.evalBatch}`,
    );
  const weights = parameterFeeds(manifest, parameters.slice());
  let correct = 0;
  let loss = 0;
  for (let i = 0; i < batches; i++) {
    const batch = samples.slice(i * manifest.evalBatch, (i + 1) * manifest.evalBatch);
    const { outputs } = await graph.run({
      batch: { type: "int32", data: batch, dims: [batch.length] },
      ...data,
      ...weights,
    });
    correct += output(outputs, "correct")[0] as number;
    loss += output(outputs, "loss")[0] as number;
  }
  return { samples: batches * manifest.evalBatch * manifest.predictionsPerSample, correct, loss: loss / batches };
}

async function proveVectors({ manifest, vectors }: ModelFiles, graph: Graph, evaluation: Graph): Promise<void> {
  const { samples, steps, digests } = vectors;
  const inputs = vectorInputs(manifest, { seed: vectors.seed, samples, steps, units: digests.length });
  const data = dataFeeds(manifest, inputs.data);
  let state = initialParameters(manifest);
  const differs = (where: string): PouwError =>
    new PouwError("CAPABILITY_ABSENT", `it does not reproduce the vectors of ${manifest.name}: other bits ${where}`);
  if (toHex(parametersDigest(manifest, state)) !== vectors.initial) throw differs("at the start");
  for (const [unit, expected] of digests.entries()) {
    const { end } = await train(manifest, graph, data, state, inputs.batches[unit] as Int32Array);
    if (toHex(parametersDigest(manifest, end)) !== expected) throw differs(`after unit ${unit}`);
    state = end;
  }
  const { evaluated } = inputs;
  const { outputs } = await evaluation.run({
    batch: { type: "int32", data: evaluated, dims: [evaluated.length] },
    ...data,
    ...parameterFeeds(manifest, state),
  });
  const predictions = output(outputs, "predictions") as Int32Array;
  if (toHex(predictionsDigest(predictions)) !== vectors.predictions) throw differs("in predictions");
}

async function timeUnits(
  { manifest, vectors }: ModelFiles,
  graph: Graph,
  rounds: number,
  steps: number,
): Promise<number> {
  const { seed, samples } = vectors;
  const inputs = vectorInputs(manifest, { seed, samples, steps, units: 1 });
  const data = dataFeeds(manifest, inputs.data);
  const state = initialParameters(manifest);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++)
    times.push((await train(manifest, graph, data, state, inputs.batches[0] as Int32Array)).ms);
  return times.sort((a, b) => a - b)[times.length >> 1] as number;
}
