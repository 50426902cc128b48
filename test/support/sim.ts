// Whole nodes in one process, over a memory wire and a virtual clock, with a made-up model that trains in virtual time.
// A made-up unit is a function of its start and seed, as a real one is: a verifier that runs it again finds the same bits.

import { memoryStore } from "../../src/adapters/level/index.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../../src/adapters/memory-wire/index.ts";
import { createLog, noMetrics, silentLog } from "../../src/adapters/telemetry/index.ts";
import { toHex, utf8 } from "../../src/base/index.ts";
import { type Genesis, type GenesisTask, parseGenesis, rulesOf, taskOf } from "../../src/chain/index.ts";
import { keyPairFromSecret, sha256 } from "../../src/crypto/index.ts";
import { encodeDelta, initialParameters, parametersDigest } from "../../src/ml/index.ts";
import { type Network, type NodeOptionsInput, type NodeParts, PoUWNode } from "../../src/node/index.ts";
import { memoryHistory } from "../../src/node/parts/signed-file.ts";
import type {
  ArtifactKind,
  Artifacts,
  ArtifactValues,
  Clock,
  Runtime,
  SigningHistory,
  Store,
  UnitRequest,
  UnitResult,
} from "../../src/ports/index.ts";
import type { Task } from "../../src/work/index.ts";
import { aRegistration, SMALL_MONEY } from "./chain.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The first parameters of a toy task: 48 in two tensors. */
const PARAMETERS = [
  { name: "a", shape: [8, 4], exponent: -22, init: { kind: "normal", std: 0.125 } },
  { name: "b", shape: [16], exponent: -21, init: { kind: "zeros" } },
] as const;
const initialOf = (name: string): Float32Array => initialParameters({ parameters: PARAMETERS, initSeed: name }, 0);

/** Every fact of a toy task; tasks of different names start from different parameters. */
export const toyRegistration = (name = "toy", change: Partial<GenesisTask> = {}): GenesisTask => ({
  ...aRegistration(name),
  initialDigest: toHex(parametersDigest({ name, parameterCount: 48 }, initialOf(name))),
  steps: 1,
  batch: 1,
  parameters: PARAMETERS.map(({ name: label, shape, exponent, init }) => ({
    name: label,
    shape: [...shape],
    exponent,
    init: init.kind === "normal" ? { kind: init.kind, std: `${init.std}` } : { kind: init.kind },
  })),
  parameterCount: 48,
  effort: { batch: 1_000_000_000, rest: 0 },
  ...change,
});

/** The task of most tests. */
export const toyTask: Task = taskOf(toyRegistration());

/** The artifacts of toy tasks: their first parameters, and nothing else. */
export const toyArtifacts: Artifacts = {
  get: async <K extends ArtifactKind>(kind: K, digest: Uint8Array) => {
    if (kind !== "parameters") return undefined;
    const found = ["toy", "toy-two", "toy-three"].find((name) => toyRegistration(name).initialDigest === toHex(digest));
    return found === undefined ? undefined : (initialOf(found) as ArtifactValues[K]);
  },
};

/** Names whose keys have collateral from genesis on: without it nobody's contributions are recorded. */
export const STAKED: readonly string[] = [
  ...Array.from("abcdefghijklmnopqrstuvwxyz"),
  ...[
    "leader",
    "slowest",
    "winner",
    "worker",
    "miner",
    "honest worker",
    "other",
    "author",
    "stranger",
    "slow",
    "slower",
    "self",
    "third",
    "one",
  ],
  ...Array.from({ length: 8 }, (_, k) => `runner ${k}`),
  ...[
    "cheat",
    "another cheat",
    "thief",
    "made up",
    "friend",
    "framer",
    "first",
    "other runner",
    "maker",
    "rich",
    "shop",
  ],
];

/** Blocks of 10 s, units of 1 s: some ten rounds a block for one miner. */
export function toyNetwork(change: Partial<Genesis> = {}): Network {
  const genesis = parseGenesis({
    network: "sim",
    version: 2,
    time: 1_700_000_000_000,
    blockTimeMs: 10_000,
    target: `00${"66".repeat(31)}`,
    retargetWindow: 20,
    ...SMALL_MONEY,
    maturity: 8,
    unbonding: 20,
    evidenceBlocks: 8,
    omegaB: 64,
    omegaM: 0,
    seasonBlocks: 1000,
    banBlocks: 50,
    maxFutureMs: 20_000,
    allocations: STAKED.map((name) => ({ address: toHex(Sim.key(name).address), amount: "0", stake: "1000000" })),
    tasks: [toyRegistration()],
    ...change,
  });
  return { genesis, rules: rulesOf(genesis) };
}

/** What a toy unit makes of `start`: a few grid steps in every coordinate, as the seed says. */
export function toyUnit(start: Float32Array, seed: Uint8Array): Float32Array {
  const end = Float32Array.from(start);
  const noise = [sha256(seed, Uint8Array.of(0)), sha256(seed, Uint8Array.of(1))];
  let at = 0;
  for (const { shape, exponent } of PARAMETERS) {
    const size = (shape as readonly number[]).reduce((a, b) => a * b, 1);
    for (let i = 0; i < size; i++, at++) {
      const step = ((noise[at >> 5] as Uint8Array)[at & 31] as number) - 128;
      end[at] = (end[at] as number) + step * 2 ** exponent;
    }
  }
  return end;
}

export interface ToyRuntimeOptions {
  readonly clock: Clock;
  /** Virtual ms of a unit. */
  readonly unitMs: number;
  /** A cheat: changes the result of the units that this node trains (not those it checks). */
  readonly forge?: (request: UnitRequest, honest: Float32Array) => Float32Array;
  /** A lazy attester: changes the traces of units that it checks (not those that it trains). */
  readonly trace?: (honest: Uint8Array) => Uint8Array;
}

/** One worker whose units take virtual time. */
export function toyRuntime({ clock, unitMs, forge, trace = (honest) => honest }: ToyRuntimeOptions): Runtime {
  const run = (request: UnitRequest): UnitResult => {
    const honest = toyUnit(request.start, request.seed);
    const end = request.priority === "train" && forge !== undefined ? forge(request, honest) : honest;
    const delta = encodeDelta(request.task, request.start, end);
    const digest = parametersDigest(request.task, end);
    return {
      end,
      digest,
      delta,
      deltaHash: sha256(delta),
      trace: request.priority === "check" ? trace(sha256(request.seed, digest)) : sha256(request.seed, digest),
      loss: 1,
      graphMs: unitMs,
      totalMs: unitMs,
    };
  };
  return {
    provider: "toy",
    workers: 1,
    providers: [],
    run: (request, { signal }) =>
      new Promise((resolve, reject) => {
        const stop = (): void => {
          cancel();
          reject(signal.reason);
        };
        const cancel = clock.after(request.priority === "check" ? unitMs / 4 : unitMs, () => {
          signal.removeEventListener("abort", stop);
          resolve(run(request));
        });
        signal.addEventListener("abort", stop, { once: true });
      }),
    evaluate: async ({ parameters }) => ({
      samples: 1000,
      correct: Math.abs(Math.round((parameters[0] as number) * 2 ** 22)) % 1000,
      loss: 1,
    }),
    close: async () => undefined,
  };
}

export interface SimNodeOptions {
  readonly roles?: readonly string[];
  readonly unitMs?: number;
  readonly forge?: ToyRuntimeOptions["forge"];
  readonly trace?: ToyRuntimeOptions["trace"];
  /** False: as if no provider could train. */
  readonly trains?: boolean;
  readonly trusts?: readonly string[];
  /** Tasks that it follows, by name; all by default. */
  readonly follows?: readonly string[];
  /** Tasks that its miner trains, by name; all that it follows by default. */
  readonly mines?: readonly string[];
  /** Where its chain lies; in memory by default. */
  readonly store?: Store;
  /** Its own, where it differs from the others'. */
  readonly clock?: Clock;
  /** Whose key it has; its own by default. */
  readonly account?: string;
  /** Blocks under the tip whose deltas it keeps, or all; as settings have it by default. */
  readonly keeps?: number | "all";
  /** It was told of others, and hears them before it mines. */
  readonly joins?: boolean;
  /** What it knows that its key signed; nothing by default. */
  readonly history?: SigningHistory;
}

interface Machine {
  readonly name: string;
  options: SimNodeOptions;
  readonly store: Store;
  readonly history: SigningHistory;
  incarnation: number;
  node: PoUWNode | undefined;
}

/** N nodes of one network. Same seed, same calls: same run. */
export class Sim {
  readonly clock = new VirtualClock();
  readonly network: Network;
  readonly air: MemoryNetwork;
  readonly #machines = new Map<string, Machine>();
  #chance: number;

  constructor(options: { readonly seed?: number; readonly genesis?: Partial<Genesis>; readonly loss?: number } = {}) {
    this.network = toyNetwork(options.genesis);
    this.#chance = options.seed ?? 1;
    this.air = createMemoryNetwork({
      clock: this.clock,
      random: () => this.random(),
      latencyMs: 20,
      loss: options.loss ?? 0,
    });
  }

  /** [0, 1), from the seed. */
  random(): number {
    this.#chance = (Math.imul(this.#chance, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#chance / 2 ** 32;
  }

  static key(name: string): ReturnType<typeof keyPairFromSecret> {
    return keyPairFromSecret(sha256(utf8(`sim ${name}`)));
  }

  /** Starts a node and dials `peers`. */
  async add(name: string, options: SimNodeOptions = {}, peers: readonly string[] = []): Promise<PoUWNode> {
    const machine: Machine = {
      name,
      options,
      store: lasting(options.store ?? memoryStore()),
      history: options.history ?? memoryHistory(),
      incarnation: 0,
      node: undefined,
    };
    this.#machines.set(name, machine);
    return this.#boot(machine, peers);
  }

  node(name: string): PoUWNode {
    return this.#machines.get(name)?.node as PoUWNode;
  }

  /** As a kill: the node stops, its store stays. */
  async stop(name: string): Promise<void> {
    const machine = this.#machines.get(name) as Machine;
    await machine.node?.stop();
    machine.node = undefined;
  }

  /** Boots a stopped node again on its old store, with some options changed. */
  async restart(name: string, peers: readonly string[] = [], change: SimNodeOptions = {}): Promise<PoUWNode> {
    const machine = this.#machines.get(name) as Machine;
    machine.options = { ...machine.options, ...change };
    return this.#boot(machine, peers);
  }

  /** Dials from one node to another. */
  async dial(from: string, to: string): Promise<void> {
    const address = this.node(to).getStatus().addresses[0] as string;
    const dialled = this.node(from)
      .connectToPeer(address)
      .catch(() => undefined);
    await this.clock.run(100);
    await dialled;
  }

  async close(): Promise<void> {
    for (const name of this.#machines.keys()) await this.stop(name);
  }

  /** A node's store, whether it runs or not. */
  store(name: string): Store {
    return (this.#machines.get(name) as Machine).store;
  }

  /** Peer id of a node's wire. */
  peerId(name: string): string {
    return this.node(name).getStatus().peerId;
  }

  async #boot(machine: Machine, peers: readonly string[]): Promise<PoUWNode> {
    const { name, options } = machine;
    const { network } = this;
    const { clock = this.clock } = options;
    const runtime =
      options.trains === false
        ? null
        : toyRuntime({
            clock,
            unitMs: options.unitMs ?? 1000,
            ...(options.forge === undefined ? {} : { forge: options.forge }),
            ...(options.trace === undefined ? {} : { trace: options.trace }),
          });
    const wire = this.air.wire(`${name}-${machine.incarnation++}`);
    const log =
      (process.env as { SIM_LOG?: string }).SIM_LOG === undefined
        ? silentLog()
        : createLog({ level: "debug" }).child(name);
    const parts: NodeParts = {
      log,
      clock,
      store: machine.store,
      wire,
      runtime,
      artifacts: toyArtifacts,
      network,
      key: Sim.key(options.account ?? name),
      history: machine.history,
      metrics: noMetrics(),
    };
    const input: NodeOptionsInput = {
      roles: [...(options.roles ?? ["peer"])],
      trustedVerifiers: [...(options.trusts ?? [])],
      tasks: [...(options.follows ?? [])],
      miner: { tasks: [...(options.mines ?? [])] },
      ...(options.keeps === undefined
        ? {}
        : options.keeps === "all"
          ? { archive: true }
          : { retention: options.keeps }),
      bootstrap: options.joins === true ? ["/ip4/127.0.0.1/tcp/9"] : [],
      dataDir: "/nowhere",
      ephemeral: true,
      // Tests pay as little as the rules let them.
      limits: { minFee: 0 },
    };
    const node = await PoUWNode.create(input, parts);
    machine.node = node;
    await node.start();
    for (const peer of peers) await this.dial(name, peer);
    return node;
  }
}

/** A store that outlives the node that closes it, as a disk does. */
function lasting(store: Store): Store {
  return {
    get: (key) => store.get(key),
    batch: (writes) => store.batch(writes),
    recover: () => store.recover(),
    entries: (range) => store.entries(range),
    keys: (range) => store.keys(range),
    close: async () => undefined,
  };
}
