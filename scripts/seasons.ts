// Whether training runs dry: thousands of units of each model in seasons, as a lone miner runs them. `npm run seasons -- [options]`.
// Prints a table per model; ends with 1 when a unit changes fewer than half of the parameters, or too many steps could be left out.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { MODELS } from "../src/ml/index.ts";
import { architecture } from "../src/ml/models/catalog.ts";
import { tableOf, verdictLine } from "./seasons/report.ts";
import { type SeasonFigures, study, verdictOf } from "./seasons/study.ts";
import { Subject, stepsOf } from "./seasons/subject.ts";

const USAGE = `Usage: npm run seasons -- [options]
  --model <name>   only this model (repeatable; all)
  --units <n>      units of each model (1000)
  --season <n>     units of a season (900)
  --first <n>      number of the first season (0)
  --sample <n>     look at a step of every n-th unit (4)
  --score <n>      score the parameters after every n-th unit too (never)
  --steps <n>      S instead of the model's own
  --json <file>    write all figures there
`;

/** Between two lines of progress. */
const PROGRESS_MS = 10_000;
const { values } = parseArgs({
  options: {
    model: { type: "string", multiple: true, default: [...MODELS] },
    units: { type: "string", default: "1000" },
    season: { type: "string", default: "900" },
    first: { type: "string", default: "0" },
    sample: { type: "string", default: "4" },
    score: { type: "string" },
    steps: { type: "string" },
    json: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}

const plan = {
  units: Number(values.units),
  season: Number(values.season),
  first: Number(values.first),
  sample: Number(values.sample),
  ...(values.score !== undefined && { score: Number(values.score) }),
};
const found: object[] = [];
for (const name of values.model) {
  const steps = values.steps === undefined ? stepsOf(name) : Number(values.steps);
  const subject = await Subject.open(architecture(name), { steps });
  let [said, begun] = [0, performance.now()];
  const onUnit = (unit: number, changed: number): void => {
    const now = performance.now();
    if (now < said + PROGRESS_MS) return;
    said = now;
    const each = ((now - begun) / 1000 / (unit + 1)).toFixed(2);
    process.stderr.write(`${name}: unit ${unit + 1} of ${plan.units}, ${each} s each, changed ${changed.toFixed(3)}\n`);
  };
  // A long run that is cut short leaves the seasons that it ended.
  const onSeason = (ended: readonly SeasonFigures[]): void => {
    const all = [...found, { model: name, steps, seasons: ended, verdict: verdictOf(ended) }];
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(all, null, 2)}\n`);
    process.stderr.write(`${tableOf(ended).at(-1)}\n`);
  };
  const onScore = (units: number, both: number): void =>
    void process.stderr.write(`${name}: ${both.toFixed(4)} after ${units} units of the season\n`);
  const seasons = await study(subject, { ...plan, onUnit, onScore, onSeason });
  const verdict = verdictOf(seasons);
  process.stdout.write(`\n${name}, ${steps} steps a unit\n\n${tableOf(seasons).join("\n")}\n\n`);
  process.stdout.write(`${verdictLine(name, seasons, verdict)}\n`);
  found.push({ model: name, steps, seasons, verdict });
  if (!verdict.good) process.exitCode = 1;
}
