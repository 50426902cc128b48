// Shows that a model's units give the same bits everywhere this machine can try: `tsx scripts/conformance.ts [--no-emulation] [model ...]`.
// Prints one line per case; ends with 1 when any digest differs from vectors.json.
// `--random N` runs N random models of each kind instead, each in both lowerings and nine settings; `--random N M` begins with the M-th.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageOf } from "../src/base/index.ts";
import { parseManifest, parseVectors } from "../src/ml/index.ts";
import { CASES, type Case, EMULATED, type Job, obstacle, runCase, writeJob } from "./conformance/cases.ts";
import { KINDS, randomModel } from "./conformance/random.ts";
import { runEverywhere } from "./conformance/random-runs.ts";

const MODELS_DIR = fileURLToPath(new URL("../models", import.meta.url));
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Runs all cases of one model; the number of those that differ or fail. */
async function check(name: string, cases: readonly Case[], folder: string): Promise<number> {
  const read = async (file: string): Promise<Buffer> => readFile(join(MODELS_DIR, name, file));
  const manifest = parseManifest((await read("model.json")).toString());
  const vectors = parseVectors((await read("vectors.json")).toString());
  const expected = [vectors.initial, ...vectors.digests].join();
  const { seed, samples, steps } = vectors;
  const units = { seed, samples, steps, units: vectors.digests.length };
  let wrong = 0;
  for (const file of ["train.onnx", "train.int8.onnx"]) {
    const job = await writeJob(join(folder, name, file), manifest, await read(file), units);
    say(`${name}, ${file}: ${units.units} units of ${steps} steps, expecting ${vectors.digests.at(-1)}`);
    wrong += await checkJob(job, cases, expected);
  }
  return wrong;
}

/** Runs all cases of one graph; the number of those that differ or fail. */
async function checkJob(job: Job, cases: readonly Case[], expected: string): Promise<number> {
  let wrong = 0;
  for (const item of cases) {
    const line = (verdict: string, more: string): void =>
      say(`  ${verdict.padEnd(8)} ${item.label.padEnd(32)} ${more}`);
    const reason = await obstacle(item);
    if (reason !== undefined) {
      line("skipped", reason);
      continue;
    }
    try {
      const begin = performance.now();
      const runs = await runCase(job, item);
      const same = runs.every((digests) => digests.join() === expected);
      if (!same) wrong++;
      const seconds = ((performance.now() - begin) / 1000).toFixed(1);
      line(same ? "same" : "DIFFERS", `${runs.map((digests) => digests.at(-1)?.slice(0, 16)).join(" ")}  ${seconds} s`);
    } catch (error) {
      wrong++;
      line("FAILED", messageOf(error));
    }
  }
  return wrong;
}

/** Runs random models `from` to `to` of each kind; the number of those whose digests are not all one. */
async function checkRandom(from: number, to: number): Promise<number> {
  let wrong = 0;
  for (const kind of KINDS) {
    let runs = 0;
    for (let index = from; index < to; index++) {
      const digests = await runEverywhere(randomModel(kind, index));
      runs += digests.size;
      const first = [...digests.values()][0];
      const other = [...digests].filter(([, digest]) => digest !== first).map(([label]) => label);
      if (other.length > 0) say(`  DIFFERS  ${kind} ${index}: ${other.join("; ")}`);
      wrong += other.length > 0 ? 1 : 0;
    }
    say(`${kind}: ${to - from} random models, ${runs} runs, ${wrong} models that differ`);
  }
  return wrong;
}

const words = process.argv.slice(2);
const drawn = words.indexOf("--random");
if (drawn >= 0) {
  const [count, first = "0"] = words.slice(drawn + 1);
  process.exit((await checkRandom(Number(first), Number(first) + Number(count))) === 0 ? 0 : 1);
}
const cases = words.includes("--no-emulation") ? CASES : [...CASES, ...EMULATED];
const named = words.filter((word) => !word.startsWith("--"));
const models = named.length > 0 ? named : (await readdir(MODELS_DIR)).sort();
const folder = await mkdtemp(join(tmpdir(), "pouw-conformance-"));
try {
  let wrong = 0;
  for (const name of models) wrong += await check(name, cases, folder);
  say(wrong === 0 ? "All the same." : `${wrong} cases differ or failed.`);
  process.exitCode = wrong === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
