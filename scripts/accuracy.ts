// Trains a model and its plain float32 twin on the same batches and compares them: accuracy or bits per character, and time per step.
// Usage: tsx scripts/accuracy.ts [model] [steps] [batches for timing, e.g. 32,128]

import type { Lowering } from "../src/ml/graph/index.ts";
import { evaluationSamples } from "../src/ml/index.ts";
import { architecture } from "../src/ml/models/catalog.ts";
import {
  drawBatch,
  evalBytes,
  integerStream,
  modelBytes,
  open,
  openData,
  runUnit,
  score,
  start,
  timeSteps,
} from "./ml-lab.ts";

const [name = "digits-mlp", steps = "5000", batches = ""] = process.argv.slice(2);
const model = architecture(name);
const { feeds, set } = await openData(model.data.name);
const unit = model.defaultSteps;

async function train(lowering: Lowering): Promise<string> {
  const session = await open(modelBytes(model, model.batchSize, lowering));
  const next = integerStream(`${name}/accuracy`);
  let parameters = start(model);
  for (let done = 0; done < Number(steps); done += unit) {
    const rows = drawBatch(next, unit * model.batchSize, set.splits.train);
    ({ parameters } = await runUnit(session, parameters, feeds, rows, unit));
  }
  const scorer = await open(evalBytes(model, lowering));
  const parts = ["validation", "test"] as const;
  const found = await Promise.all(
    parts.map(async (part) => {
      const samples = evaluationSamples(set, part);
      const result = await score(scorer, parameters, feeds, samples, model.evalBatch, model.predictionsPerSample);
      return `${part} accuracy ${result.accuracy.toFixed(4)} bits ${(result.loss / Math.LN2).toFixed(4)}`;
    }),
  );
  return `${name} ${lowering} ${steps} steps: ${found.join(", ")}`;
}

for (const lowering of ["exact", "float32"] as const) process.stdout.write(`${await train(lowering)}\n`);
for (const batch of batches
  .split(",")
  .filter((text) => text !== "")
  .map(Number)) {
  const { exact, float32 } = await timeSteps(model, { batch, steps: unit, rounds: 15 });
  const ratio = (a: number, b: number): string => (a / b).toFixed(3);
  const wall = `wall ${exact.wallUs.toFixed(0)} / ${float32.wallUs.toFixed(0)} us = ${ratio(exact.wallUs, float32.wallUs)}`;
  const cpu = `processor ${exact.cpuUs.toFixed(0)} / ${float32.cpuUs.toFixed(0)} us = ${ratio(exact.cpuUs, float32.cpuUs)}`;
  process.stdout.write(`${name} batch ${batch}, exact / float32 per step: ${cpu}; ${wall}\n`);
}
