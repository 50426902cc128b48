// What the node costs, as ratios measured in one run: `npm run bench -- [--quick] [--only name]... [--json] [--baseline file]`.
// Ends with 1 when the control was not seen, so that nothing measured in this run can be believed.
import { readFile } from "node:fs/promises";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { messageOf } from "../src/base/index.ts";
import { chainRows } from "./bench/chain.ts";
import { control } from "./bench/control.ts";
import { gossipRows } from "./bench/gossip-rows.ts";
import { type Bench, meets, type Row, regressed, tableLines } from "./bench/rows.ts";
import { stepRows } from "./bench/steps.ts";

const USAGE = `Usage: npm run bench -- [options]
  --quick            coarse, about a minute
  --only <name>      only rows whose name starts so: steps, torch, chain, gossip, steps/digits-cnn/128 (repeatable)
  --json             print JSON: keep it as a baseline
  --baseline <file>  mark rows that are slower than in an earlier --json
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
  readonly baseline: string | undefined;
}

/** Undefined when the words make no sense, or ask for help. */
function readOptions(): Options | undefined {
  try {
    async function main({ quick, only, json, baseline }: Options): Promise<void> {
  const earlier = baseline === undefined ? [] : (JSON.parse(await readFile(baseline, "utf8")) as Report).rows;
  const report = await run({
    quick,
    wants: (name) => only.length === 0 || only.some((wish) => startsWith(name, wish)),
    progress: (text) => void process.stderr.write(`${text}\n`),
  });
  if (json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  else print(report, earlier);
  process.exitCode = report.blind === null ? 0 : 1;
}

const options = readOptions();
if (options === undefined) process.stderr.write(USAGE);
else await main(options);
