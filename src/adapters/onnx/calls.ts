// One call of a task's training or evaluation graph: its inputs in the shapes that the task says, its outputs by name.
import { messageOf, PouwError } from "../../base/index.ts";
import type { VectorTensor } from "../../ml/index.ts";
import type { Task } from "../../work/index.ts";
import type { Feed, Feeds, OrtSession, Outputs } from "./ort.ts";

/** A graph of a task, and the tensors of the data set that it reads. */
export interface Call {
  readonly task: Task;
  readonly graph: OrtSession;
  readonly data: Feeds;
}

export interface Trained {
  readonly end: Float32Array;
  readonly loss: number;
  /** Time inside the graph. */
  readonly ms: number;
}

/** What one call of the training graph reads: consecutive steps of a unit, row-major with a row per step. */
export interface Steps {
  readonly setting: number;
  /** [steps, task.batch]. */
  readonly batch: Int32Array;
  /** In the task's order, [steps, count] each. */
  readonly noise: readonly Int32Array[];
}

/** The training graph. Throws BAD_MODEL for a start of a wrong length. */
export async function train(
  { task, graph, data }: Call,
  start: Float32Array,
  { setting, batch, noise }: Steps,
): Promise<Trained> {
  const steps = batch.length / task.batch;
  const rows = (values: Int32Array, count: number): Feed => ({ type: "int32", data: values, dims: [steps, count] });
  const { outputs, ms } = await run(task, graph, {
    steps: integer(steps),
    setting: integer(setting),
    batch: rows(batch, task.batch),
    ...Object.fromEntries(task.noise.map(({ name, count }, i) => [name, rows(noise[i] as Int32Array, count)])),
    ...data,
    ...parameterFeeds(task, start),
  });
  const end = new Float32Array(start.length);
  let at = 0;
  for (const { name } of task.parameters) {
    const part = output(outputs, `next.${name}`);
    end.set(part, at);
    at += part.length;
  }
  return { end, loss: output(outputs, "loss")[0] as number, ms };
}

const integer = (value: number): Feed => ({ type: "int64", data: BigInt64Array.of(BigInt(value)), dims: [] });

/** The evaluation graph on one batch of samples. Throws BAD_MODEL for parameters of a wrong length. */
export async function evaluate(
  { task, graph, data }: Call,
  parameters: Float32Array,
  batch: Int32Array,
): Promise<{ readonly predictions: Int32Array; readonly correct: number; readonly loss: number }> {
  const { outputs } = await run(task, graph, {
    batch: { type: "int32", data: batch, dims: [batch.length] },
    ...data,
    ...parameterFeeds(task, parameters),
  });
  return {
    predictions: output(outputs, "predictions") as Int32Array,
    correct: output(outputs, "correct")[0] as number,
    loss: output(outputs, "loss")[0] as number,
  };
}

/** Tensors as a graph takes them. Those in shared memory are copied, once: the native runtime reads only plain buffers. */
export function dataFeeds(tensors: readonly VectorTensor[]): Feeds {
  const feeds: { [name: string]: Feed } = {};
  for (const { name, shape, data } of tensors) {
    const plain = data.buffer instanceof SharedArrayBuffer ? Uint8Array.from(data) : data;
    feeds[name] = { type: "uint8", data: plain, dims: shape };
  }
  return feeds;
}

/** Views on a flat parameter vector, one feed per tensor. */
function parameterFeeds(task: Task, flat: Float32Array): Feeds {
  if (flat.length !== task.parameterCount)
    throw new PouwError("BAD_MODEL", `task ${task.name} has ${task.parameterCount} parameters, not ${flat.length}`);
  const feeds: { [name: string]: Feed } = {};
  let at = 0;
  for (const { name, shape } of task.parameters) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    feeds[name] = { type: "float32", data: flat.subarray(at, at + size), dims: shape };
    at += size;
  }
  return feeds;
}

/** What the provider has to say against a task's graph names the task. */
async function run(task: Task, graph: OrtSession, feeds: Feeds): ReturnType<OrtSession["run"]> {
  try {
    return await graph.run(feeds);
  } catch (error) {
    throw new PouwError("INTERNAL", `task ${task.name}: ${messageOf(error)}`, { cause: error });
  }
}

function output(outputs: Outputs, name: string): Float32Array | Int32Array {
  const found = outputs[name];
  if (found === undefined) throw new PouwError("BAD_MODEL", `the graph has no output ${name}`);
  return found;
}
