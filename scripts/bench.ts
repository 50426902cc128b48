// What the node costs, as ratios measured in one run: `npm run bench -- [--quick] [--only name]... [--json] [--baseline file]`,
// or of this checkout beside another one: `npm run bench -- --against <dir>`.
// Ends with 1 when the control was not seen, so that nothing measured in this run can be believed.
import { readFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { messageOf } from "../src/base/index.ts";
import { benchAgainst } from "./bench/against.ts";
import { chainRows } from "./bench/chain.ts";
import { checkRows } from "./bench/check-wait.ts";
import { control } from "./bench/control.ts";
import { gossipRows } from "./bench/gossip-rows.ts";
import { type Bench, meets, type Row, regressed, tableLines } from "./bench/rows.ts";
import { stepRows } from "./bench/steps.ts";
import { storeRows } from "./bench/store-rows.ts";
import { stepLibraries, stepTable } from "./bench/table.ts";
import { writeSection } from "./support/sections.ts";

const USAGE = `Usage: npm run bench -- [options]
  --quick            coarse, a minute or two
  --only <name>      only rows whose name starts so: steps, torch, lowering, wasm, checks, chain, gossip, steps/digits-cnn/128 (repeatable)
  --write            bring the README's table of steps up to date
  --json             print JSON: keep it as a baseline
  --baseline <file>  mark rows that are slower than in an earlier --json
  --against <dir>    this checkout beside another one, piece of work by piece of work; ends with 1 when one is worse
  --tolerance <n>    per cent that a row may be worse with --against (3)
`;

interface Report {
  readonly at: string;
  readonly node: string;
  readonly processor: string;
  readonly seconds: number;
  /** Load averages of the machine at the end, over 1, 5 and 15 minutes. */
  readonly load: readonly number[];
  /** Why no row can be believed, or null. */
  readonly blind: string | null;
  readonly rows: readonly Row[];
}

interface Options {
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly json: boolean;
  readonly write: boolean;
  readonly baseline: string | undefined;
  readonly against: string | undefined;
  /** A share. */
  readonly tolerance: number;
}

/** Undefined when the words make no sense, or ask for help. */
function readOptions(): Options | undefined {
  try {
    const { help, tolerance, ...given } = parseArgs({
      options: {
        quick: { type: "boolean", default: false },
        only: { type: "string", multiple: true, default: [] },
        json: { type: "boolean", default: false },
        write: { type: "boolean", default: false },
        baseline: { type: "string" },
        against: { type: "string" },
        tolerance: { type: "string", default: "3" },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
    const share = Number(tolerance) / 100;
    if (!(share > 0)) throw new Error("--tolerance must be a number of per cent above 0");
    return help ? undefined : { ...given, baseline: given.baseline, against: given.against, tolerance: share };
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

/** Whole words of a name: `steps/digits-cnn/32` starts with `steps`, not with `st`. */
const startsWith = (name: string, wish: string): boolean => name === wish || name.startsWith(`${wish}/`);

async function run(bench: Bench): Promise<Report> {
  const begin = performance.now();
  bench.progress("control");
  const { rows, blind } = await control(bench);
  const groups = [stepRows, checkRows, chainRows, storeRows, gossipRows];
  const measured: Row[] = [];
  for (const group of groups) measured.push(...(await group(bench)));
  return {
    at: new Date().toISOString(),
    node: process.version,
    processor: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
    seconds: Math.round((performance.now() - begin) / 1000),
    load: loadavg().map((load) => Number(load.toFixed(2))),
    blind: blind ?? null,
    rows: [...rows, ...measured],
  };
}

function print(report: Report, earlier: readonly Row[]): void {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  for (const line of tableLines(report.rows, earlier)) say(line);
  const goals = report.rows.flatMap((row) => (row.kind === "figure" ? (meets(row) ?? []) : []));
  const slower = report.rows.filter((row) => regressed(row, earlier) === true).length;
  say("");
  say(`${goals.filter((met) => met).length} of ${goals.length} goals met; ratios are of processor time, one thread.`);
  if (earlier.length > 0) say(`${slower} rows slower than the baseline.`);
  say(`${report.seconds} s on ${report.processor}, node ${report.node}, load ${report.load.join(" ")}.`);
  if (report.blind !== null) say(`Not to be believed: ${report.blind}.`);
  const table = stepTable(report.rows);
  if (table !== undefined) say(`\n${table}`);
}

/** The README's part about steps. */
function writeTable({ rows, node, processor }: Report): void {
  const table = stepTable(rows);
  if (table === undefined) throw new Error("no step was measured");
  const libraries = stepLibraries(rows).join("; ");
  writeSection("../README.md", "bench", `${table}\n\nOn ${processor}, Node ${node}; beside ${libraries}.`);
}

async function main({ quick, only, json, write, baseline, against, tolerance }: Options): Promise<void> {
  const bench: Bench = {
    quick,
    wants: (name) => only.length === 0 || only.some((wish) => startsWith(name, wish)),
    progress: (text) => void process.stderr.write(`${text}\n`),
  };
  if (against !== undefined) {
    process.exitCode = await benchAgainst(against, { bench, tolerance });
    return;
  }
  const earlier = baseline === undefined ? [] : (JSON.parse(await readFile(baseline, "utf8")) as Report).rows;
  const report = await run(bench);
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else print(report, earlier);
  if (write && report.blind === null) writeTable(report);
  process.exitCode = report.blind === null ? 0 : 1;
}

const options = readOptions();
if (options === undefined) process.stderr.write(USAGE);
else await main(options);
