// A place for e2e tests: a temporary directory, nodes of the built command in it, and waits with a limit. Closing it ends what it started.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ApiClient, apiClient } from "../../src/api/index.ts";
import { coins, messageOf } from "../../src/base/index.ts";
import { type GenesisProfile, PROFILES } from "../../src/chain/index.ts";
import { type AccountView, genesisFor, type NodeStatus, type TaskChoice } from "../../src/node/index.ts";
import { CliProcess, type CliSurroundings } from "./cli-process.ts";

/** Time between two looks of `eventually`, ms. */
const LOOK_MS = 150;

/** What `look` finds; looks again, also after an error, until the limit. `seen` adds to the error how things stood. */
export async function eventually<T>(
  look: () => Promise<T | undefined> | T | undefined,
  what: string,
  limitMs = 60_000,
  seen = (): string => "",
): Promise<T> {
  const limit = AbortSignal.timeout(limitMs);
  let why = "";
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      why = `; last: ${messageOf(error)}`;
    }
    if (limit.aborted) throw new Error(`${what} did not come within ${limitMs} ms${why} ${seen()}`);
    await delay(LOOK_MS);
  }
}

/** Waits until a node told of `more` blocks than it has now. */
export const moreBlocks = (node: LabNode, more: number, limitMs: number): Promise<boolean> => {
  const height = node.told() + more;
  return eventually(() => (node.told() >= height ? true : undefined), `${more} more blocks`, limitMs);
};

/** What a node says of one of the things that it watches; undefined where that is well. */
export async function sentenceOn(node: LabNode, watched: string): Promise<string | undefined> {
  return (await node.api.status()).health.find(({ check }) => check === watched)?.sentence;
}

interface Line {
  readonly event: string;
  readonly height?: number;
  readonly loss?: number;
  readonly status?: NodeStatus;
}

/** One run of a node. */
export interface LabNode {
  readonly process: CliProcess;
  readonly api: ApiClient;
  /** Its status when it started. */
  readonly first: NodeStatus;
  /** Height of the newest block that it has told of. */
  told(): number;
  /** Losses of its own units so far, nats. */
  losses(): number[];
  /** Ends it as Ctrl-C would; its exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface ChainReport {
  readonly ok: boolean;
  readonly height: number;
  readonly unitsExecuted: number;
  readonly supply: string;
  readonly stateRoot: string;
  readonly problem?: { readonly height: number; readonly reason: string };
}

/** Short units and blocks of a second, so that a test sees many of both. */
export const FAST: GenesisProfile = {
  ...PROFILES.devnet,
  network: "fast",
  blockTimeMs: 1_000,
  target: `001${"f".repeat(61)}`,
  maturity: 5,
  auditBlocks: 1,
  evidenceBlocks: 5,
};

/** What that many blocks make at least, the winners' part; what they make beyond it goes by the work recorded. */
export const leastMinted = (height: number): bigint =>
  (BigInt(height) * BigInt(FAST.subsidy) * BigInt(FAST.split.winner)) / 1000n;

/** All that an account has, in the smallest units. */
export const moneyIn = (money: Pick<AccountView, "balance" | "stake" | "unbonding" | "immature">): bigint =>
  [money.balance, money.stake, money.unbonding, money.immature].reduce((sum, text) => sum + coins(text), 0n);

/** Units of 50 steps. */
export const SHORT_TASK: TaskChoice = { model: "digits-mlp", steps: 50 };

/** Writes a genesis file into `dir`; its path. */
export function writeNetwork(
  dir: string,
  change: Partial<GenesisProfile> = {},
  tasks: readonly TaskChoice[] = [SHORT_TASK],
): string {
  const path = join(dir, "genesis.json");
  writeFileSync(path, JSON.stringify(genesisFor({ ...FAST, ...change }, tasks)));
  return path;
}

export class Lab {
  readonly dir: string = mkdtempSync(join(tmpdir(), "pouw-e2e-"));
  readonly #running: CliProcess[] = [];

  /** Writes the genesis file; its path. */
  network(change: Partial<GenesisProfile> = {}, tasks?: readonly TaskChoice[]): string {
    return writeNetwork(this.dir, change, tasks);
  }

  dataDir(name: string): string {
    return join(this.dir, name);
  }

  /** Runs `pouw-node <args>` to its end, in the lab's directory. */
  async run(...args: string[]): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
    const child = this.spawn(...args);
    const { code } = await child.exit;
    return { code, out: child.out, err: child.err };
  }

  /** Any process of the command; ended with the lab at the latest. */
  spawn(...args: string[]): CliProcess {
    return this.spawnIn({}, ...args);
  }

  spawnIn(surroundings: CliSurroundings, ...args: string[]): CliProcess {
    const child = new CliProcess(args, { ...surroundings, cwd: this.dir });
    this.#running.push(child);
    return child;
  }

  /** A node on the data directory `name`, started. */
  node(name: string, network: string, ...args: string[]): Promise<LabNode> {
    return this.nodeIn({}, name, network, ...args);
  }

  async nodeIn(surroundings: CliSurroundings, name: string, network: string, ...args: string[]): Promise<LabNode> {
    const place = ["--network", network, "--data-dir", this.dataDir(name)];
    const local = args.includes("--listen") ? [] : ["--listen", "/ip4/127.0.0.1/tcp/0"];
    const child = this.spawnIn(
      surroundings,
      "start",
      ...place,
      ...local,
      "--api-port",
      "0",
      "--workers",
      "1",
      "--json",
      ...args,
    );
    const find = (event: string): Line[] => child.lines<Line>().filter((line) => line.event === event);
    const started = await child.until(
      () => find("started")[0] as (Line & { apiUrl: string }) | undefined,
      `${name}'s start`,
    );
    // A test sees only that a node does not answer any more; why, the node said last.
    void child.exit.then(({ code, signal }) => {
      if (!child.signalled) console.error(`${name} ended by itself (${code ?? signal}):\n${child.err.slice(-8000)}`);
    });
    return {
      process: child,
      api: apiClient(started.apiUrl),
      first: started.status as NodeStatus,
      told: () =>
        find("block").reduce((height, line) => Math.max(height, line.height ?? 0), started.status?.height ?? 0),
      losses: () => find("unit").map(({ loss }) => loss as number),
      stop: async () => {
        child.signal("SIGINT");
        return (await child.exit).code;
      },
      kill: async () => {
        child.signal("SIGKILL");
        await child.exit;
      },
    };
  }

  /** Replays the stopped node `name`'s chain. */
  async verify(name: string, network: string, ...args: string[]): Promise<ChainReport> {
    const place = ["--network", network, "--data-dir", this.dataDir(name)];
    const { out, err } = await this.run("chain", "verify", "--json", ...place, ...args);
    if (out === "") throw new Error(`chain verify said nothing but: ${err}`);
    return JSON.parse(out) as ChainReport;
  }

  /** Files of the stopped node `name` that a clean stop should have taken away. */
  leftovers(name: string): string[] {
    const dir = this.dataDir(name);
    return existsSync(dir) ? readdirSync(dir).filter((file) => /^api\.json|\.tmp$|\.\d+$/.test(file)) : [];
  }

  /** Kills what still runs and takes the directory away. */
  async close(): Promise<void> {
    for (const child of this.#running.splice(0)) {
      child.signal("SIGKILL");
      await child.exit;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Where a node stands, in one line. */
export function standing({ state, height, tip, settled, peers, stats }: NodeStatus): string {
  const at = `${state}, height ${height} (${tip.hash.slice(0, 8)} ${tip.checked}), settled ${settled.hash.slice(0, 8)}`;
  return `${at} at ${settled.height}, ${peers} peers, ${stats.units} units, ${stats.reorganisations} reorganisations`;
}

/** Nodes that name the same settled block: its summary, once all stand at one height of at least `height`. */
export function settledAlike(nodes: readonly LabNode[], height: number, limitMs = 120_000): Promise<NodeStatus[]> {
  return eventually(
    async () => {
      const all = await Promise.all(nodes.map(({ api }) => api.status()));
      const [one] = all as [NodeStatus];
      const level = all.every(({ settled }) => settled.height === one.settled.height);
      return level && one.settled.height >= height ? all : undefined;
    },
    `all ${nodes.length} nodes settled at one height of at least ${height}`,
    limitMs,
  );
}
