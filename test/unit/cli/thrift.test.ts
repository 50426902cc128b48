// When the command starts itself anew so that freed memory goes back, and when it must not; when V8 is to collect less often.
import { setFlagsFromString } from "node:v8";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { beThrifty, collectRarely, THRIFT } from "../../../src/cli/thrift.ts";

vi.mock("node:v8", () => ({ setFlagsFromString: vi.fn() }));

type Execve = (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => void;

const mine = process as unknown as { execve?: Execve; connected?: boolean };
const before = { execve: mine.execve, connected: mine.connected, argv: process.argv };
let started: Parameters<Execve>[];
beforeEach(() => {
  started = [];
  mine.execve = (...given) => void started.push(given);
  mine.connected = false;
  for (const name of Object.keys(THRIFT)) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  process.argv = before.argv;
  mine.connected = before.connected as boolean;
  if (before.execve === undefined) delete mine.execve;
  else mine.execve = before.execve;
});

const call = (...words: readonly string[]): number => {
  process.argv = ["node", "main.js", ...words];
  beThrifty();
  return started.length;
};

it.runIf(process.platform === "linux")("starts a node anew in its place, with all that it was given", () => {
  vi.stubEnv("POUW_NETWORK", "devnet");
  expect(call("start", "--role", "miner")).toBe(1);
  const [file, args, env] = started[0] as Parameters<Execve>;
  expect(file).toBe(process.execPath);
  expect(args).toEqual([process.execPath, ...process.execArgv, "main.js", "start", "--role", "miner"]);
  expect(env).toMatchObject({ ...THRIFT, POUW_NETWORK: "devnet" });
  expect([call(), call("--role", "miner")]).toEqual([2, 3]);
});

it("does not for what is no node, for a parent's child, where it was set, or where Node cannot", () => {
  expect(call("status")).toBe(0);
  mine.connected = true;
  expect(call("start")).toBe(0);
  mine.connected = false;
  vi.stubEnv("MALLOC_ARENA_MAX", "8");
  expect(call("start")).toBe(0);
  vi.stubEnv("MALLOC_ARENA_MAX", undefined);
  delete mine.execve;
  expect(call("start")).toBe(0);
});

it("has V8 collect less often while a node catches up, and as it will afterwards", () => {
  const told = vi.mocked(setFlagsFromString);
  collectRarely(true);
  collectRarely(false);
  expect(told.mock.calls).toEqual([["--heap-growing-percent=150"], ["--heap-growing-percent=0"]]);
});
