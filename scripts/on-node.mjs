// The node on another version of Node: fetches that version from the npm registry, then mines and runs tests with it.
//   node scripts/on-node.mjs 22 [--quick] [--seconds 20]
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { figures, finish, mine, must, plainEnv } from "./support/mine.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, seconds: { type: "string", default: "20" } },
});
const wanted = positionals[0];
if (wanted === undefined || !/^\d+(\.\d+){0,2}$/.test(wanted))
  throw new Error("Say which Node, for example: on-node.mjs 22");
const seconds = Number(values.seconds);
const dir = mkdtempSync(join(tmpdir(), "pouw-node-"));

/** The binary of that version: the package of this platform, which needs no install script. */
async function fetchNode() {
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  writeFileSync(join(dir, "package.json"), '{ "private": true }\n');
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund"];
  await must("npm", ["install", ...quiet, `${name}@${wanted}`], {
    cwd: dir,
    env: plainEnv(),
    shell: process.platform === "win32",
  });
  return join(dir, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
}

/** Vitest run by that Node; the e2e tests start their nodes with the Node that runs them. */
async function tests(node, args) {
  const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
  const { code, out, err } = await finish(node, [vitest, "run", ...args], {
    cwd: root,
    env: plainEnv({ NO_COLOR: "1" }),
  });
  const summary = /^\s*Tests\s+(.*)$/m.exec(out)?.[1] ?? "no summary";
  console.log(`${args.join(" ")}: ${summary}`);
  if (code !== 0) throw new Error(`${out}\n${err}`);
}

try {
  const node = await fetchNode();
  const version = (await must(node, ["--version"])).out.trim();
  console.log(`Node ${version}`);
  await must(process.execPath, [join(root, "scripts", "build.mjs")], { cwd: root });
  const run = await mine([node, join(root, "dist", "cli", "main.js")], join(dir, "data"), seconds, {
    cwd: dir,
    env: plainEnv(),
  });
  console.log(`mined for ${seconds} s: ${figures(run)}`);
  if (run.status.stats.units === 0) throw new Error("no unit was finished");
  await tests(node, ["--project", "e2e", "test/e2e/joining.test.ts"]);
  await tests(node, ["--project", "unit"]);
  if (!values.quick) for (const kind of ["contract", "vectors", "e2e"]) await tests(node, ["--project", kind]);
  console.log(`All of it works on Node ${version}.`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
