// The conformance gate: a provider must reproduce a task's vectors bit for bit, and is timed on them.
import { PouwError, toHex } from "../../base/index.ts";
import { parametersDigest, predictionsDigest, type VectorUnit, vectorInputs } from "../../ml/index.ts";
import { dataFeeds, evaluate, train } from "./calls.ts";
import type { Proof } from "./messages.ts";
import type { OrtSession } from "./ort.ts";

/** Both graphs of a task. */
export interface Graphs {
  readonly train: OrtSession;
  readonly eval: OrtSession;
}

/** Runs the vectors. Throws CAPABILITY_ABSENT when a digest differs. */
export async function proveVectors({ task, vectors, start }: Proof, graphs: Graphs): Promise<void> {
  const { digests } = vectors;
  const inputs = vectorInputs(task, { ...vectors, units: digests.length });
  const data = dataFeeds(inputs.data);
  let state = start;
  const differs = (where: string): PouwError =>
    new PouwError("CAPABILITY_ABSENT", `it does not reproduce the vectors of task ${task.name}: other bits ${where}`);
  if (toHex(parametersDigest(task, state)) !== vectors.initial) throw differs("at the start");
  for (const [unit, expected] of digests.entries()) {
    const call = { task, graph: graphs.train, data };
    const { end } = await train(call, state, inputs.units[unit] as VectorUnit);
    if (toHex(parametersDigest(task, end)) !== expected) throw differs(`after unit ${unit}`);
    state = end;
  }
  const { predictions } = await evaluate({ task, graph: graphs.eval, data }, state, inputs.evaluated);
  if (toHex(predictionsDigest(predictions)) !== vectors.predictions) throw differs("in predictions");
}

/** Median ms of `rounds` units of `steps` steps on the vectors' data. */
export async function timeUnits(
  { task, vectors, start }: Proof,
  graph: OrtSession,
  { rounds, steps }: { readonly rounds: number; readonly steps: number },
): Promise<number> {
  const inputs = vectorInputs(task, { seed: vectors.seed, samples: vectors.samples, steps, units: 1 });
  const call = { task, graph, data: dataFeeds(inputs.data) };
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push((await train(call, start, inputs.units[0] as VectorUnit)).ms);
  return times.sort((a, b) => a - b)[times.length >> 1] as number;
}
