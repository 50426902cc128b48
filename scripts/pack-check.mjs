// What the published package does on somebody else's machine: packs it, installs it twice into an empty project, and mines with it.
//   npm run pack-check -- [--seconds 60] [--keep]
// Once with install scripts and the vendor of onnxruntime-node out of reach (the package then drops out: WebAssembly), once with
// --ignore-scripts (native). Neither sees this repository's .npmrc.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { figures, finish, mine, must, plainEnv } from "./support/mine.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, keep: { type: "boolean", default: false } },
});
const seconds = Number(values.seconds);
if (!(seconds >= 5)) throw new Error("--seconds must be a number of at least 5");
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
const dir = mkdtempSync(join(tmpdir(), "pouw-pack-"));
const shell = process.platform === "win32";

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const treeBytes = (path) =>
  readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

/** The one setting of the caller's npm that an install may need, and its cache, so that nothing is downloaded twice. */
async function npmSettings() {
  const get = async (key) =>
    (await must("npm", ["config", "get", key], { cwd: dir, env: plainEnv(), shell })).out.trim();
  return { npm_config_registry: await get("registry"), npm_config_cache: await get("cache") };
}

async function pack() {
  await must(process.execPath, [join(root, "scripts", "build.mjs")], { cwd: root });
  const { out } = await must("npm", ["pack", "--json", "--pack-destination", dir], { cwd: root, shell });
  const report = JSON.parse(out);
  const [{ filename, size, unpackedSize, files }] = Array.isArray(report) ? report : Object.values(report);
  console.log(`packed     ${megabytes(size)}, ${megabytes(unpackedSize)} unpacked, ${files.length} files`);
  const strange = files.filter(
    ({ path }) => /^(src|test|scripts|node_modules)\/|\.(ts|map)$/.test(path) && !path.endsWith(".d.ts"),
  );
  if (strange.length > 0) throw new Error(`the package holds what is not for it: ${strange[0].path}`);
  return join(dir, filename);
}

/** A consumer's TypeScript sees the types of the scripting API. */
async function checkTypes(project) {
  const code = `import { type NodeStatus, PoUWNode } from "pouw-node";
export const status = async (): Promise<NodeStatus> => (await PoUWNode.create({ role: "miner" })).getStatus();
// @ts-expect-error a wrong option is an error
export const wrong = () => PoUWNode.create({ role: 5 });
`;
  writeFileSync(join(project, "use.ts"), code);
  const strict = [
    "--strict",
    "--noEmit",
    "--module",
    "nodenext",
    "--target",
    "es2023",
    "--skipLibCheck",
    "--types",
    "",
  ];
  await must(process.execPath, [tsc, ...strict, "use.ts"], { cwd: project });
}

/** An empty project with the package in it, and how to run its programs. */
async function install({ name, tarball, flags, settings }) {
  const project = join(dir, name);
  const home = join(dir, `${name}-home`);
  mkdirSync(project);
  mkdirSync(home);
  writeFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  // The install script's own proxy, at a port where nobody is: its vendor is out of reach everywhere, the registry is not.
  const blocked = { GLOBAL_AGENT_HTTP_PROXY: "http://127.0.0.1:9", GLOBAL_AGENT_HTTPS_PROXY: "http://127.0.0.1:9" };
  const more = { HOME: home, npm_config_userconfig: join(home, ".npmrc"), ...settings, ...blocked };
  const options = { cwd: project, env: plainEnv(more), shell };
  const began = Date.now();
  await must("npm", ["install", ...flags, tarball], options);
  const took = ((Date.now() - began) / 1000).toFixed(1);
  console.log(
    `${name}: ${["npm install", ...flags].join(" ")} in ${took} s, ${megabytes(treeBytes(join(project, "node_modules")))}`,
  );
  return { project, options };
}

/** The command line answers, the scripting API is there, its types hold. */
async function checkDoors({ project, options }) {
  const said = (await must("npx", ["--no-install", "pouw-node", "--version"], options)).out.trim();
  if (said !== version) throw new Error(`pouw-node --version says ${said}, not ${version}`);
  const help = await finish("npx", ["--no-install", "pouw-node", "strat"], options);
  if (help.code !== 2 || !help.err.includes('did you mean "start"'))
    throw new Error(`a slip is not helped: ${help.err}`);
  const exported = `console.log(typeof (await import("pouw-node")).PoUWNode.create)`;
  const api = await must(process.execPath, ["--input-type=module", "-e", exported], { ...options, shell: false });
  if (api.out.trim() !== "function") throw new Error("the scripting API is not exported");
  await checkTypes(project);
}

async function checkDoctor(name, data, options) {
  const asked = ["--no-install", "pouw-node", "doctor", "--json", "--role", "miner", "--data-dir", data];
  const doctor = JSON.parse((await must("npx", asked, options)).out);
  const runtime = doctor.capabilities.find((one) => one.name === "runtime");
  console.log(
    `${name}: doctor: self-test ${doctor.selfTest.ok ? "ok" : "FAILED"}; runtime ${runtime.state}: ${runtime.reason}`,
  );
  if (!doctor.selfTest.ok) throw new Error("the self-test failed");
}

async function check(wish) {
  const { name, expected } = wish;
  const installed = await install(wish);
  await checkDoors(installed);
  const { project, options } = installed;
  const data = join(project, "data");
  await checkDoctor(name, data, options);
  const bin = join(project, "node_modules", "pouw-node", "dist", "cli", "main.js");
  const run = await mine([process.execPath, bin], data, seconds, { ...options, shell: false });
  console.log(`${name}: mined for ${seconds} s: ${figures(run)}`);
  if (!expected.test(run.status.provider)) throw new Error(`expected ${expected}, got ${run.status.provider}`);
  if (run.status.stats.units === 0) throw new Error("no unit was finished");
}

try {
  const settings = await npmSettings();
  const tarball = await pack();
  await check({ name: "plain", tarball, flags: [], settings, expected: /wasm|cpu|cuda/ });
  await check({ name: "without-scripts", tarball, flags: ["--ignore-scripts"], settings, expected: /cpu|cuda/ });
  console.log("The package installs and mines both ways.");
} finally {
  if (values.keep) console.log(`kept ${dir}`);
  else rmSync(dir, { recursive: true, force: true });
}
