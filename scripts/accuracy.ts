// Trains a model and its plain float32 twin on the same batches from the same first parameters, and compares what they predict of samples that
// neither was trained on: the validation samples, by which anything may be chosen, and the test samples, by which nothing is.
import { parseArgs } from "node:util";
import type { Lowering } from "../src/ml/graph/index.ts";
import { evaluationSamples } from "../src/ml/index.ts";
import { architecture } from "../src/ml/models/catalog.ts";
import { drawSteps, evalBytes, integerStream, modelBytes, open, openData, runUnit, score, start } from "./ml-lab.ts";

const LOWERINGS = ["int8", "float", "float32"] as const satisfies readonly Lowering[];
const USAGE = `Usage: tsx scripts/accuracy.ts <model> [options]
  --steps <n>           batches to train on (5000)
  --first <n>           number of the first run: each has its own batches (0)
  --runs <n>            runs (5)
  --lowering <name>     ${LOWERINGS.join(", ")} (repeatable; int8 and float32)
`;
const PARTS = ["validation", "test"] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    steps: { type: "string", default: "5000" },
    first: { type: "string", default: "0" },
    runs: { type: "string", default: "5" },
    lowering: { type: "string", multiple: true, default: ["int8", "float32"] },
    help: { type: "boolean", short: "h", default: false },
  },
});
const [name] = positionals;
const lowerings = LOWERINGS.filter((lowering) => values.lowering.includes(lowering));
const [steps, first, runs] = [values.steps, values.first, values.runs].map(Number) as [number, number, number];
if (values.help || name === undefined || lowerings.length === 0 || !(steps > 0 && runs > 0 && first >= 0)) {
  process.stdout.write(USAGE);
  process.exit(values.help ? 0 : 2);
}
const model = architecture(name);
const { feeds, set } = await openData(model.data.name);

type Found = { readonly [part in (typeof PARTS)[number]]: { readonly accuracy: number; readonly loss: number } };

async function train(lowering: Lowering, run: number): Promise<Found> {
  const session = await open(modelBytes(model, model.batchSize, lowering));
  const next = integerStream(`${name}/accuracy/${run}`);
  let parameters = start(model);
  for (let done = 0; done < steps; done += model.defaultSteps) {
    const unit = { steps: Math.min(model.defaultSteps, steps - done), batch: model.batchSize, train: set.splits.train };
    ({ parameters } = await runUnit(session, { parameters, data: feeds }, drawSteps(model, next, unit)));
  }
  const scorer = await open(evalBytes(model, lowering));
  const on = (part: (typeof PARTS)[number]): ReturnType<typeof score> =>
    score(scorer, { parameters, data: feeds }, Int32Array.from(evaluationSamples(set, part)), model);
  return { validation: await on("validation"), test: await on("test") };
}

const all = new Map<Lowering, Found[]>(lowerings.map((lowering) => [lowering, []]));
const line = (found: Found): string =>
  PARTS.map((part) => `${part} ${found[part].accuracy.toFixed(4)}, loss ${found[part].loss.toFixed(4)}`).join("; ");
for (let run = first; run < first + runs; run++)
  for (const lowering of lowerings) {
    const found = await train(lowering, run);
    all.get(lowering)?.push(found);
    process.stdout.write(`${name}, ${steps} steps, run ${run}, ${lowering}: ${line(found)}\n`);
  }
for (const [lowering, found] of all) {
  const of = (part: (typeof PARTS)[number], what: "accuracy" | "loss"): number => {
    const each = found.map((one) => one[part][what]);
    return each.reduce((sum, value) => sum + value, 0) / each.length;
  };
  const mean = (part: (typeof PARTS)[number]) => ({ accuracy: of(part, "accuracy"), loss: of(part, "loss") });
  process.stdout.write(`${name}, mean, ${lowering}: ${line({ validation: mean("validation"), test: mean("test") })}\n`);
}
