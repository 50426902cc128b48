// How well several miners learn, real units in simulated time: `npm run quality -- [options]`. `--write` puts the tables into docs/quality.md.
// Ends with 1 where 2 to 8 miners are more than a point below one, or record less than 95 % of their work.
import { parseArgs } from "node:util";
import { architecture } from "../src/ml/models/catalog.ts";
import { DROPPING, type Kind, type Learnt, learntBy, MINERS } from "./quality/cells.ts";
import { learntTable, misses, trafficTable } from "./quality/report.ts";
import { Subject, stepsOf } from "./seasons/subject.ts";
import { writeSection } from "./support/sections.ts";

const USAGE = `Usage: npm run quality -- [options]
  --model <name>   only this model (repeatable; digits-mlp and digits-cnn)
  --units <list>   units of the whole network at which it is scored (32,64,128,256)
  --miners <list>  networks of so many miners (1,2,4,8,16)
  --season <n>     season whose first parameters and setting are trained (0)
  --steps <n>      S instead of the model's own
  --write          puts the tables into docs/quality.md
`;
/** Between two lines of progress. */
const PROGRESS_MS = 10_000;

const { values } = parseArgs({
  options: {
    model: { type: "string", multiple: true, default: ["digits-mlp", "digits-cnn"] },
    units: { type: "string", default: "32,64,128,256" },
    miners: { type: "string", default: MINERS.join() },
    season: { type: "string", default: "0" },
    steps: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const numbers = (text: string): number[] => text.split(",").map(Number);
const counts = numbers(values.units);
const miners = numbers(values.miners);
const season = Number(values.season);

function keep(section: string, text: string): void {
  if (values.write) writeSection("quality.md", `quality: ${section}`, text);
}

const conditions = (subject: Subject): string => {
  const { model, steps } = subject;
  const hyper = Object.entries(model.optimizer.settings[subject.settingOf(season)] as object);
  const setting = hyper.map(([name, value]) => `${name} ${value}`).join(", ");
  const day = new Date().toISOString().slice(0, 10);
  return `Measured ${day}: S = ${steps}, B = ${model.batchSize}, so a unit is ${steps * model.batchSize} samples; ${setting}.`;
};

async function measure(name: string): Promise<Learnt[]> {
  const steps = values.steps === undefined ? stepsOf(name) : Number(values.steps);
  const subject = await Subject.open(architecture(name), { steps });
  const kinds: Kind[] = [
    ...miners.map((count) => ({ miners: count, drops: false })),
    ...DROPPING.filter((count) => miners.includes(count)).map((count) => ({ miners: count, drops: true })),
  ];
  const learnt: Learnt[] = [];
  for (const kind of kinds) {
    const who = `${name}, ${kind.miners} miners${kind.drops ? " that drop" : ""}`;
    let said = performance.now();
    learnt.push(
      await learntBy(subject, kind, {
        ...{ counts, season },
        told: (trained) => {
          if (performance.now() < said + PROGRESS_MS) return;
          said = performance.now();
          process.stderr.write(`${who}: ${Math.round(trained)} of ${counts.at(-1)} units\n`);
        },
      }),
    );
    process.stderr.write(
      `${who}: ${learnt
        .at(-1)
        ?.scores.map((score) => score.toFixed(4))
        .join(" ")}\n`,
    );
    // A long run that is cut short leaves what it measured.
    keep(season === 0 ? name : `${name}, season ${season}`, `${conditions(subject)}\n\n${learntTable(learnt, counts)}`);
  }
  return learnt;
}

const traffic = trafficTable();
process.stdout.write(`${traffic}\n`);
keep("traffic", traffic);
for (const name of values.model) {
  const learnt = await measure(name);
  process.stdout.write(`\n${name}\n\n${learntTable(learnt, counts)}\n`);
  for (const line of misses(learnt)) {
    process.stdout.write(`${name}: ${line}\n`);
    process.exitCode = 1;
  }
}
