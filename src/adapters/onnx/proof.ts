// A task's own vectors, which a provider must reproduce bit for bit: stretch after stretch of training, and predictions.
import { median, PouwError, toHex } from "../../base/index.ts";
import { parametersDigest, predictionsDigest, type VectorUnit, vectorInputs } from "../../ml/index.ts";
import { dataFeeds, evaluate, train } from "./calls.ts";
import type { Proof } from "./messages.ts";
import type { OrtSession } from "./ort.ts";

/** Both graphs of a task. */
export interface Graphs {
  readonly train: OrtSession;
  readonly eval: OrtSession;
}

/** Runs the vectors; returns the median ms of a step over their stretches. Throws CAPABILITY_ABSENT when a digest differs. */
export async function proveVectors({ task, vectors, start }: Proof, graphs: Graphs): Promise<number> {
  const { digests } = vectors;
  const inputs = vectorInputs(task, { ...vectors, units: digests.length });
  const data = dataFeeds(inputs.data);
  const stepMs: number[] = [];
  let state = start;
  const differs = (where: string): PouwError =>
    new PouwError("CAPABILITY_ABSENT", `it does not reproduce the vectors of task ${task.name}: other bits ${where}`);
  if (toHex(parametersDigest(task, state)) !== vectors.initial) throw differs("at the start");
  for (const [unit, expected] of digests.entries()) {
    const call = { task, graph: graphs.train, data };
    const { end, ms } = await train(call, state, inputs.units[unit] as VectorUnit);
    if (toHex(parametersDigest(task, end)) !== expected) throw differs(`after stretch ${unit}`);
    stepMs.push(ms / vectors.steps);
    state = end;
  }
  const { predictions } = await evaluate({ task, graph: graphs.eval, data }, state, inputs.evaluated);
  if (toHex(predictionsDigest(predictions)) !== vectors.predictions) throw differs("in predictions");
  return median(stepMs) ?? 0;
}

/** Ms of a step, in one call of `steps` steps on the vectors' data. */
export async function timeSteps({ task, vectors, start }: Proof, graph: OrtSession, steps: number): Promise<number> {
  const { data, units } = vectorInputs(task, { ...vectors, steps, units: 1 });
  const { ms } = await train({ task, graph, data: dataFeeds(data) }, start, units[0] as VectorUnit);
  return ms / steps;
}
