// A terminal for tests of the command line: what was written, interrupts on call, no process touched.
import { Readable } from "node:stream";
import type { CliDeps, RunningNode } from "../../src/cli/deps.ts";
import type { Io } from "../../src/cli/io.ts";
import { runCli } from "../../src/cli/program.ts";
import { SETTINGS_TABLE } from "../../src/node/index.ts";
import type { FakeView } from "./fake-view.ts";

export interface FakeIo extends Io {
  readonly out: () => string;
  readonly err: () => string;
  /** Codes given to `exit`. */
  readonly exits: number[];
  interrupt(): void;
  /** Listeners that are still there: a command must leave none. */
  readonly listeners: Set<() => void>;
}

interface FakeIoOptions extends Partial<Pick<Io, "env" | "cwd" | "home">> {
  readonly input?: string;
  /** Of a terminal; without it both streams are none. */
  readonly columns?: number;
}

export function fakeIo(changes: FakeIoOptions = {}): FakeIo {
  const terminal = changes.columns === undefined ? {} : { isTTY: true, columns: changes.columns };
  let out = "";
  let err = "";
  const exits: number[] = [];
  const listeners = new Set<() => void>();
  return {
    stdout: {
      ...terminal,
      write(text) {
        out += text;
      },
    },
    stderr: {
      ...terminal,
      write(text) {
        err += text;
      },
    },
    stdin: Readable.from(changes.input === undefined ? [] : [changes.input]),
    env: changes.env ?? {},
    cwd: changes.cwd ?? "/nowhere",
    home: changes.home ?? "/nowhere/home",
    self: { program: "node", args: ["main.js"] },
    onInterrupt(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    exit: (code) => void exits.push(code),
    out: () => out,
    err: () => err,
    exits,
    listeners,
    interrupt() {
      for (const listener of [...listeners]) listener();
    },
  };
}

const missing = (what: string) => async (): Promise<never> => {
  throw new Error(`${what} was not expected`);
};

/** Collaborators that fail unless a test brings them. */
export const fakeDeps = (parts: Partial<CliDeps> = {}): CliDeps => ({
  settings: SETTINGS_TABLE,
  createNode: missing("createNode"),
  diagnose: missing("diagnose"),
  bench: missing("bench"),
  verify: missing("verify"),
  ...parts,
});

/** Runs a command line against `io`; the exit code. */
export const run = (line: string | readonly string[], io: FakeIo, deps: CliDeps = fakeDeps()): Promise<number> =>
  runCli(typeof line === "string" ? line.split(" ").filter((word) => word !== "") : line, io, deps, "9.9.9");

/** A node over a fake view that notes its starts and stops. */
export function fakeNode(view: FakeView): RunningNode & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    start: async () => void calls.push("start"),
    stop: async () => void calls.push("stop"),
    getStatus: () => view.getStatus(),
    on: (event, listener) => view.on(event, listener),
    view: () => view,
  };
}
