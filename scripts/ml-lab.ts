// What the measuring scripts share: the digits, a session, and running units. Not part of the package.
import { createHash } from "node:crypto";
import * as ort from "onnxruntime-node";
import { type Lowering, toOnnx } from "../src/ml/graph/index.ts";
import type { DataSet, DataSetName, NoiseSpec, VectorUnit } from "../src/ml/index.ts";
import { drawParameters, integerStream } from "../src/ml/models/init.ts";
import type { Architecture } from "../src/ml/models/types.ts";
import { evalGraph, trainGraph } from "../src/ml/models/unit.ts";
import { openDataSet } from "./support/data.ts";

export type Feeds = Record<string, ort.Tensor>;
export type Level = "disabled" | "basic" | "extended" | "all";
export interface SessionOptions {
  readonly threads?: number;
  readonly level?: Level;
  readonly profile?: string;
}

export const open = (bytes: Uint8Array, { threads = 1, level = "basic", profile }: SessionOptions = {}) =>
  ort.InferenceSession.create(bytes, {
    executionProviders: ["cpu"],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: level,
    logSeverityLevel: 3,
    ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
  });

export interface Data {
  readonly feeds: Feeds;
  readonly set: DataSet;
}

/** A built-in data set, as the node itself opens it, and its tensors as inputs of a graph. */
export async function openData(name: DataSetName): Promise<Data> {
  const set = await openDataSet(name);
  const feeds = set.tensors.map(({ name: tensor, shape, data }) => [
    tensor,
    new ort.Tensor("uint8", data.slice(), [...shape]),
  ]);
  return { feeds: Object.fromEntries(feeds) as Feeds, set };
}

export function parameterFeeds(model: Architecture, flat: Float32Array): Feeds {
  let at = 0;
  return Object.fromEntries(
    model.parameters.map(({ name, shape }) => {
      const count = shape.reduce((a, b) => a * b, 1);
      at += count;
      return [name, new ort.Tensor("float32", flat.slice(at - count, at), [...shape])];
    }),
  );
}

export interface Unit {
  readonly parameters: Feeds;
  readonly loss: number;
  readonly ms: number;
}

/** What a call of the training graph reads besides data and parameters, as inputs. */
export function stepFeeds(
  noise: readonly NoiseSpec[],
  steps: number,
  { setting, batch, noise: drawn }: Pick<VectorUnit, "setting" | "batch" | "noise">,
): Feeds {
  const rows = (values: Int32Array): ort.Tensor => new ort.Tensor("int32", values, [steps, values.length / steps]);
  return {
    steps: new ort.Tensor("int64", [BigInt(steps)], []),
    setting: new ort.Tensor("int64", [BigInt(setting)], []),
    batch: rows(batch),
    ...Object.fromEntries(noise.map(({ name }, i) => [name, rows(drawn[i] as Int32Array)])),
  };
}

/** Runs one call of `steps`, as `stepFeeds` made them. */
export async function runUnit(
  session: ort.InferenceSession,
  { parameters, data }: { readonly parameters: Feeds; readonly data: Feeds },
  steps: Feeds,
): Promise<Unit> {
  const started = performance.now();
  const out = await session.run({ ...parameters, ...data, ...steps });
  const ms = performance.now() - started;
  const next = Object.fromEntries(Object.keys(parameters).map((name) => [name, out[`next.${name}`] as ort.Tensor]));
  return { parameters: next, loss: numberOf(out, "loss"), ms };
}

const numberOf = (out: ort.InferenceSession.OnnxValueMapType, name: string): number =>
  Number((out[name] as ort.Tensor).data[0]);

export function digestOf(parameters: Feeds): string {
  const hash = createHash("sha256");
  for (const tensor of Object.values(parameters))
    hash.update(Float32Array.from(tensor.data as Float32Array, (x) => x + 0));
  return hash.digest("hex").slice(0, 16);
}

/** Random steps of a model under its first setting. */
export function drawSteps(
  model: Architecture,
  next: () => number,
  { steps, batch, train: [from, to] }: { steps: number; batch: number; train: readonly [number, number] },
): Feeds {
  const draw = (count: number, below: number): Int32Array => Int32Array.from({ length: count }, () => next() % below);
  const rows = draw(steps * batch, to - from).map((row) => from + row);
  const specs = model.noise(batch);
  const noise = specs.map(({ count, below }) => draw(steps * count, below));
  return stepFeeds(specs, steps, { setting: 0, batch: rows, noise });
}

/** Accuracy and mean loss over `samples` consecutive indices. */
export async function score(
  session: ort.InferenceSession,
  { parameters, data }: { readonly parameters: Feeds; readonly data: Feeds },
  indices: Int32Array,
  { evalBatch: batch, predictionsPerSample: perSample }: Pick<Architecture, "evalBatch" | "predictionsPerSample">,
): Promise<{ accuracy: number; loss: number }> {
  let correct = 0;
  let loss = 0;
  const runs = Math.floor(indices.length / batch);
  for (let at = 0; at < runs; at++) {
    const rows = new ort.Tensor("int32", indices.slice(at * batch, (at + 1) * batch), [batch]);
    const out = await session.run({ ...parameters, ...data, batch: rows });
    correct += numberOf(out, "correct");
    loss += numberOf(out, "loss");
  }
  return { accuracy: correct / (runs * batch * perSample), loss: loss / runs };
}

export const modelBytes = (model: Architecture, batch: number, lowering: Lowering) =>
  toOnnx(trainGraph(model, { batch, lowering }));
export const evalBytes = (model: Architecture, lowering: Lowering) =>
  toOnnx(evalGraph(model, { batch: model.evalBatch, lowering }));
export const start = (model: Architecture): Feeds =>
  parameterFeeds(model, drawParameters(model.parameters, model.name));
export { integerStream, ort };

/** Flat parameters in manifest order. */
export function flatten(parameters: Feeds): Float32Array {
  return Float32Array.from(Object.values(parameters).flatMap((tensor) => [...(tensor.data as Float32Array)]));
}
