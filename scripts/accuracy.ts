// Trains a model and its plain float32 twin on the same batches and compares them: accuracy or bits per character, and time per step.
// Usage: tsx scripts/accuracy.ts [model] [steps] [batches for timing, e.g. 32,128] [runs, each with its own batches]

import type { Lowering } from "../src/ml/graph/index.ts";
import { evaluationSamples } from "../src/ml/index.ts";
import { architecture } from "../src/ml/models/catalog.ts";
import {
  drawSteps,
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

const [name = "digits-mlp", steps = "5000", batches = "", runs = "1"] = process.argv.slice(2);
const model = architecture(name);
const { feeds, set } = await openData(model.data.name);
const unit = model.defaultSteps;

/** Accuracy and bits per prediction over what was not trained on: validation and test samples. */
async function train(lowering: Lowering, run: number): Promise<{ accuracy: number; bits: number }> {
  const session = await open(modelBytes(model, model.batchSize, lowering));
  const next = integerStream(`${name}/accuracy/${run}`);
  let parameters = start(model);
  for (let done = 0; done < Number(steps); done += unit) {
    const rows = drawSteps(model, next, { steps: unit, batch: model.batchSize, train: set.splits.train });
    ({ parameters } = await runUnit(session, { parameters, data: feeds }, rows));
  }
  const scorer = await open(evalBytes(model, lowering));
  const samples = (["validation", "test"] as const).flatMap((part) => [...evaluationSamples(set, part)]);
  const held = Int32Array.from(samples);
  const found = await score(scorer, { parameters, data: feeds }, held, model);
  return { accuracy: found.accuracy, bits: found.loss / Math.LN2 };
}

for (let run = 0; run < Number(runs); run++) {
  for (const lowering of ["int8", "float32"] as const) {
    const { accuracy, bits } = await train(lowering, run);
    const line = `${name} run ${run} ${lowering} ${steps} steps: accuracy ${accuracy.toFixed(4)}, bits ${bits.toFixed(4)}`;
    process.stdout.write(`${line}\n`);
  }
}
for (const batch of batches
  .split(",")
  .filter((text) => text !== "")
  .map(Number)) {
  const { int8, float, float32 } = await timeSteps(model, { batch, steps: unit, rounds: 15 });
  const row = (what: "cpuUs" | "wallUs"): string =>
    [int8, float, float32]
      .map((time) => time[what].toFixed(0))
      .join(" / ")
      .concat(` us = ${(int8[what] / float32[what]).toFixed(3)}`);
  process.stdout.write(
    `${name} batch ${batch}, int8 / float / float32 per step: processor ${row("cpuUs")}; wall ${row("wallUs")}\n`,
  );
}
