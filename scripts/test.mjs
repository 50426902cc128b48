// `npm test`: builds dist, runs every kind of test, counts by kind, and ends with one line for all. Arguments go to vitest.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

let interrupted = false;

/** Runs a script of Node to its end; its exit code. A terminal's Ctrl-C reaches it without us, SIGTERM through us. */
function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
    const stop = (signal) => {
      interrupted = true;
      if (signal === "SIGTERM") child.kill(signal);
    };
    for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, stop);
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      for (const one of ["SIGINT", "SIGTERM"]) process.off(one, stop);
      resolve(signal === null ? code : 1);
    });
  });
}

const counts = {};
const of = (kind) => {
  counts[kind] ??= { passed: 0, failed: 0, skipped: 0 };
  return counts[kind];
};
const allFailed = () => Object.values(counts).reduce((sum, { failed }) => sum + failed, 0);

/** Adds the results of one run to the counts by kind; a file that did not load counts as one failure. */
function count(report, code) {
  const before = allFailed();
  for (const file of report?.testResults ?? []) {
    const kind = of(relative(join(root, "test"), file.name).split(sep)[0]);
    for (const { status } of file.assertionResults)
      kind[status === "passed" || status === "failed" ? status : "skipped"]++;
    if (file.status === "failed" && file.assertionResults.every(({ status }) => status !== "failed")) kind.failed++;
  }
  // An error outside all tests, or no report at all.
  if (code !== 0 && allFailed() === before) of("run").failed++;
}

const sentence = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;

/** The end-to-end tests have the machine to themselves, unless the caller chose the projects. */
function phases(args) {
  if (args.some((arg) => arg === "--project" || arg.startsWith("--project="))) return [args];
  return [
    ["--project", "!e2e", ...args],
    ["--project", "e2e", ...args],
  ];
}

const dir = mkdtempSync(join(tmpdir(), "pouw-test-"));
const began = Date.now();
try {
  if ((await run([join(root, "scripts", "build.mjs")])) !== 0) of("build").failed++;
  else
    for (const [index, args] of phases(process.argv.slice(2)).entries()) {
      const file = join(dir, `${index}.json`);
      const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
      const code = await run([vitest, "run", "--passWithNoTests", ...reporters, ...args]);
      let report;
      try {
        report = JSON.parse(readFileSync(file, "utf8"));
      } catch {
        report = undefined;
      }
      count(report, interrupted ? 1 : code);
      if (interrupted) break;
    }
} finally {
  rmSync(dir, { recursive: true, force: true });
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const [kind, result] of Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))) {
  console.log(`${kind.padEnd(10)} ${sentence(result)}`);
  for (const key of Object.keys(total)) total[key] += result[key];
}
console.log(`${"time".padEnd(10)} ${Math.round((Date.now() - began) / 1000)} s`);
if (total.passed + total.failed === 0) total.failed = 1;
console.log(sentence(total));
process.exitCode = total.failed === 0 ? 0 : 1;
