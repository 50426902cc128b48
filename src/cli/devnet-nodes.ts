// The nodes of `devnet`: real child processes of this command, each with its own directory, log and API port.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiClient, readAnnouncement } from "../api/index.ts";
import { messageOf, PouwError } from "../base/index.ts";
import { CONFIG_FILE, type NodeStatus } from "../node/index.ts";
import { pause } from "./interrupt.ts";
import type { Io } from "./io.ts";
import { THRIFT } from "./thrift.ts";
import type { DevnetRow } from "./views/devnet.ts";

const START_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 20_000;

/** The last words of a child's log, to say why it ended. */
function lastLine(path: string): string {
  const lines = readFileSync(path, "utf8").trimEnd().split("\n").slice(-3);
  return lines
    .map((line) => line.trim())
    .join(" ")
    .slice(-300);
}

export interface DevnetNodeOptions {
  readonly name: string;
  readonly role: string;
  readonly dir: string;
  /** The one task that it trains, by name; all that it follows when undefined. */
  readonly trains: string | undefined;
  /** Becomes its configuration file, so that it can be started again by hand. */
  readonly settings: object;
}

export class DevnetNode {
  readonly name: string;
  readonly role: string;
  readonly dir: string;
  readonly trains: string | undefined;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #status: NodeStatus | undefined;
  #ended: string | undefined;
  #stopping = false;
  #died = false;

  /** Starts the process. */
  constructor({ name, role, dir, trains, settings }: DevnetNodeOptions, io: Io) {
    this.name = name;
    this.role = role;
    this.dir = dir;
    this.trains = trains;
    mkdirSync(dir, { recursive: true });
    const config = join(dir, CONFIG_FILE);
    const own = { dataDir: dir, roles: [role], ...(trains === undefined ? {} : { miner: { tasks: [trains] } }) };
    writeFileSync(config, `${JSON.stringify({ ...settings, ...own }, undefined, 2)}\n`);
    // Settings meant for this command must not reach the nodes.
    const env = Object.fromEntries(Object.entries(io.env).filter(([key]) => !key.startsWith("POUW_")));
    const log = openSync(this.logFile, "a");
    // The IPC channel is the leash: a node whose parent is gone stops by itself.
    this.#child = spawn(io.self.program, [...io.self.args, "start", "--config", config], {
      env: { ...THRIFT, ...env },
      // Its own process group: a Ctrl-C on the terminal is for this command alone, which then asks its nodes to stop.
      detached: process.platform !== "win32",
      stdio: ["ignore", log, log, "ipc"],
    });
    closeSync(log);
    this.#exited = new Promise((resolve) => {
      this.#child.once("error", (error) => this.#end(messageOf(error), resolve));
      this.#child.once("exit", (code, signal) => this.#end(signal ?? `exit ${code}`, resolve));
    });
  }

  get logFile(): string {
    return join(this.dir, "node.log");
  }

  get row(): DevnetRow {
    return { name: this.name, role: this.role, trains: this.trains, status: this.#status, ended: this.#ended };
  }

  /** Whether it ended without being told to. */
  get died(): boolean {
    return this.#died;
  }

  /** Asks for its status; keeps the last one when it does not answer. */
  async poll(): Promise<void> {
    const found = readAnnouncement(this.dir);
    if (this.#ended !== undefined || found?.pid !== this.#child.pid || found === undefined) return;
    const status = await apiClient(found.url)
      .status()
      .catch(() => undefined);
    if (status !== undefined) this.#status = status;
  }

  /** Resolves with its address once it listens; throws NOT_RUNNING when it ends before, or never does. */
  async address({ signal }: { readonly signal: AbortSignal }): Promise<string> {
    const limit = performance.now() + START_LIMIT_MS;
    while (!signal.aborted && this.#ended === undefined && performance.now() < limit) {
      await this.poll();
      const address = this.#status?.addresses.find((text) => text.includes("/127.0.0.1/"));
      if (address !== undefined) return address;
      await pause(200, { signal });
    }
    signal.throwIfAborted();
    throw new PouwError(
      "NOT_RUNNING",
      `The first node did not start: ${this.#ended ?? "no answer"}; ${lastLine(this.logFile)}`,
      {
        remedy: `Its log is ${this.logFile}.`,
      },
    );
  }

  /** Ends the process: asks first, and after the limit no longer. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#ended === undefined) this.#child.kill("SIGTERM");
    const late = setTimeout(() => this.#child.kill("SIGKILL"), STOP_LIMIT_MS);
    await this.#exited;
    clearTimeout(late);
  }

  /** Takes the keys of its directory away. */
  dropKeys(): void {
    for (const file of ["wallet.key", "identity.key"]) rmSync(join(this.dir, file), { force: true });
  }

  /** At once, without waiting: for a second Ctrl-C. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #end(why: string, resolve: () => void): void {
    if (this.#ended === undefined) {
      this.#ended = this.#stopping ? "stopped" : why;
      this.#died = !this.#stopping;
    }
    resolve();
  }
}
