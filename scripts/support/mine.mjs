// Runs an installed or built node as a miner for some seconds and says how it went. Used by the checks of package and Node versions.
import { spawn } from "node:child_process";

const START_MS = 120_000;
const STOP_MS = 60_000;

/** The environment without npm's and our own settings: those of the caller's project must not reach a consumer's. */
export function plainEnv(more = {}) {
  const own = Object.entries(process.env).filter(([name]) => !/^(npm_|pouw_)/i.test(name));
  return { ...Object.fromEntries(own), ...more };
}

/** Runs a command to its end: `{ code, out, err }`. */
export function finish(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let out = "";
    let err = "";
    child.stdout.on("data", (data) => {
      out += data;
    });
    child.stderr.on("data", (data) => {
      err += data;
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out, err }));
  });
}

/** As `finish`; throws with the command's own words when it fails. */
export async function must(program, args, options = {}) {
  const result = await finish(program, args, options);
  if (result.code === 0) return result;
  throw new Error(`${[program, ...args].join(" ")} ended with ${result.code}:\n${result.out}${result.err}`);
}

function after(ms, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms);
  });
  return { late, clear: () => clearTimeout(timer) };
}

/**
 * Mines for `seconds` from the moment the node runs, then ends it with SIGINT. `base` is what starts the command, for example
 * [node, "dist/cli/main.js"]. Throws when it does not start, does not stop, or ends with another code than 0.
 */
export async function mine(base, dataDir, seconds, options) {
  const [program, ...first] = base;
  const place = ["--data-dir", dataDir, "--listen", "/ip4/127.0.0.1/tcp/0", "--api-port", "0"];
  const args = [...first, "start", "--role", "miner", ...place, "--json"];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const exit = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
  let text = "";
  let err = "";
  child.stderr.on("data", (data) => {
    err += data;
  });
  const began = Date.now();
  const started = new Promise((resolve) => {
    child.stdout.on("data", (data) => {
      text += data;
      const line = text.split("\n").find((one) => one.startsWith('{"event":"started"'));
      if (line !== undefined && text.includes(`${line}\n`)) resolve(JSON.parse(line));
    });
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  try {
    const limit = after(START_MS, "the start");
    const first = await Promise.race([started, exit, limit.late]).finally(limit.clear);
    if (first.apiUrl === undefined) throw new Error(`the node ended with ${first.code ?? first.signal}:\n${err}`);
    const startSeconds = (Date.now() - began) / 1000;
    const early = await Promise.race([exit, new Promise((resolve) => setTimeout(resolve, seconds * 1000))]);
    if (early !== undefined) throw new Error(`the node ended by itself:\n${err}`);
    const status = await (await fetch(new URL("/v1/status", first.apiUrl))).json();
    child.kill("SIGINT");
    const stop = after(STOP_MS, "the stop");
    const { code } = await Promise.race([exit, stop.late]).finally(stop.clear);
    if (code !== 0) throw new Error(`the node ended with ${code}:\n${err}`);
    return { startSeconds, status };
  } finally {
    kill();
    process.off("exit", kill);
  }
}

/** One line of figures of a run. */
export function figures({ startSeconds, status }) {
  const { stats, tasks, height, provider } = status;
  const accuracy = tasks[0]?.accuracy;
  return [
    `provider ${provider}`,
    `height ${height}`,
    `${stats.unitsPerSecond.toFixed(2)} units/s (${stats.units} units)`,
    `training share ${(100 * stats.trainingShare).toFixed(0)} %`,
    `accuracy ${accuracy === undefined ? "not yet" : accuracy.toFixed(3)}`,
    `started in ${startSeconds.toFixed(1)} s`,
    `${(status.residentBytes / 1e6).toFixed(0)} MB resident`,
  ].join(", ");
}
