// Engines under attack: victims of every role, an honest miner that the test drives, and bare wires that say whatever the test wants.
// Virtual time and the toy model of sim.ts, with an easy target: nearly every unit wins a block.
import { memoryStore } from "../../src/adapters/level/index.ts";
import { createMemoryNetwork, type MemoryNetwork } from "../../src/adapters/memory-wire/index.ts";
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { finish, ignore, PouwError, toHex, type Verdict } from "../../src/base/index.ts";
import type { Genesis } from "../../src/chain/index.ts";
import {
  Attestation,
  Block,
  BlockNotice,
  type Decoded,
  Header,
  OUTCOMES,
  type Outcome,
  type PeerStatus,
  type Protocol,
  REQUESTS,
  type Topic,
} from "../../src/codec/index.ts";
import { type KeyPair, sha256 } from "../../src/crypto/index.ts";
import { PROTOCOL_VERSION } from "../../src/engine/exchange/own-status.ts";
import { type AlertKind, Engine, type TaskEngine } from "../../src/engine/index.ts";
import type { Network } from "../../src/node/index.ts";
import { memoryHistory } from "../../src/node/parts/signed-file.ts";
import type { Clock, Runtime, Store, Wire, WireHandlers } from "../../src/ports/index.ts";
import type { Task } from "../../src/work/task.ts";
import { onTask } from "./chain.ts";
import { oneWorker } from "./one-worker.ts";
import { Sim, type SimNodeOptions, toyArtifacts, toyNetwork, toyRuntime } from "./sim.ts";
import { VirtualClock } from "./virtual-clock.ts";

export const UNIT_MS = 100;
/** Blocks come this far apart, as the genesis wants them, so the target stays. */
export const BLOCK_MS = 10_000;

export interface Heard {
  readonly topic: Topic;
  readonly from: string;
  readonly verdict: Verdict;
}

/** An engine and what its wire was told. */
export interface Node {
  readonly name: string;
  readonly engine: Engine;
  readonly key: KeyPair;
  readonly wire: Wire;
  readonly store: Store;
  /** By SHA-256 of topic and message, hex: what the engine answered. */
  readonly heard: Map<string, Heard>;
  /** Peers that the engine punished, with the reasons. */
  readonly punished: { readonly peer: string; readonly reason: string }[];
  readonly alerts: AlertKind[];
  /** What the engine does for its wire, to be called without one. */
  readonly handlers: WireHandlers;
}

export interface NodeOptions extends Pick<SimNodeOptions, "forge" | "trains" | "unitMs" | "follows"> {
  /** Runs every audited unit. */
  readonly watches?: boolean;
  readonly mines?: boolean;
  /** What it kept from an earlier life. */
  readonly store?: Store;
  /** Its checks take the time of its units. */
  readonly oneWorker?: boolean;
  readonly verifies?: boolean;
  readonly trusts?: readonly string[];
  readonly clock?: Clock;
  readonly minFee?: bigint;
  /** Whose key it has; its own unless told. */
  readonly account?: string;
  /** Index of the first unit of every place. */
  readonly firstIndex?: number;
}

/** Kinds of the offences that a node holds evidence of and no block has punished. */
export const kindsPending = ({ engine }: Pick<Node, "engine">): number[] =>
  finish(engine.evidence.pending(onTask(engine.ledger.state, engine.ledger.rules))).map(({ kind }) => kind);

/** The engine of a node's only task. */
export const only = (node: Pick<Node, "engine">): TaskEngine => node.engine.tasks[0] as TaskEngine;

/** The blocks of a node's best chain, from block 1 on. */
export async function bestChainOf({ engine: { blocks, ledger } }: Pick<Node, "engine">): Promise<Block[]> {
  const chain: Block[] = [];
  for (const id of await blocks.canonicalRange(1, ledger.head.height + 1))
    chain.push(((await blocks.block(id)) as Decoded<Block>).value);
  return chain;
}

export type Answer = (protocol: Protocol, data: Uint8Array, from: string) => Promise<Uint8Array>;

/** A peer without a node: publishes what it is told, answers as `answer` says, notes what it was asked and told. */
export interface Evil {
  readonly name: string;
  readonly wire: Wire;
  readonly key: KeyPair;
  readonly asked: Protocol[];
  readonly told: { readonly topic: Topic; readonly data: Uint8Array }[];
  /** False once the victim closed the connection. */
  linked(node: Node): boolean;
}

const nameOf = (topic: Topic, data: Uint8Array): string => toHex(sha256(new TextEncoder().encode(topic), data));
const failed = (): never => {
  throw new PouwError("NOT_FOUND", "nothing is served here");
};

/** Each kind of node that can train, as a victim. */
export const VICTIMS: readonly (readonly [string, NodeOptions])[] = [
  ["miner", { mines: true }],
  ["verifier", { verifies: true }],
  ["peer", {}],
];

/** What a forger needs of a lab. */
export type Workshop = Pick<Lab, "network" | "clock" | "task" | "wins">;

export class Lab {
  readonly clock = new VirtualClock();
  readonly network: Network;
  /** The network's first task; in most tests its only one. */
  readonly task: Task;
  /** Deltas of the units that won the blocks that a test made, by hash in hex: who publishes a block serves them. */
  readonly wins = new Map<string, Uint8Array>();
  readonly air: MemoryNetwork;
  readonly #engines: Engine[] = [];
  #wires = 0;
  #chance = 1;

  constructor(genesis: Partial<Genesis> = {}) {
    this.network = toyNetwork({ target: `07${"ff".repeat(31)}`, ...genesis });
    this.task = this.network.rules.tasks[0] as Task;
    this.air = createMemoryNetwork({ clock: this.clock, random: () => this.random(), latencyMs: 5 });
  }

  random(): number {
    this.#chance = (Math.imul(this.#chance, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#chance / 2 ** 32;
  }

  /** Starts an engine whose account is `Sim.key(name)`, connected to `peers`. */
  async node(name: string, options: NodeOptions = {}, peers: readonly (Node | Evil)[] = []): Promise<Node> {
    const { network } = this;
    const { clock = this.clock } = options;
    const heard = new Map<string, Heard>();
    const punished: { peer: string; reason: string }[] = [];
    const alerts: AlertKind[] = [];
    let handlers: WireHandlers | undefined;
    const started = (its: WireHandlers): void => {
      handlers = its;
    };
    const wire = watched(this.air.wire(name), heard, punished, started);
    const { store = memoryStore() } = options;
    const { forge, unitMs = UNIT_MS, account = name, firstIndex = 0 } = options;
    const toy = (ms: number): Runtime => toyRuntime({ clock, unitMs: ms, ...(forge === undefined ? {} : { forge }) });
    const runtime =
      options.trains === false
        ? undefined
        : options.oneWorker === true
          ? oneWorker(toy(0), { clock, unitMs })
          : toy(unitMs);
    const engine = await Engine.open(
      {
        ...network,
        tasks: network.rules.tasks.filter(({ name: task }) => options.follows?.includes(task) ?? true),
        roleBits: 0,
        checksBeforeRelay: options.verifies === true,
        samples: options.verifies !== true,
        watchesAudits: options.watches === true,
        leads: options.mines === true,
        minFee: options.minFee ?? 0n,
        trustedVerifiers: (options.trusts ?? []).map((trusted) => Sim.key(trusted).address),
        firstIndex,
      },
      {
        store,
        wire,
        artifacts: toyArtifacts,
        runtime,
        key: Sim.key(account),
        history: memoryHistory(),
        clock,
        log: silentLog(),
      },
    );
    this.#engines.push(engine);
    engine.events.on("alert", ({ kind }) => alerts.push(kind));
    if (options.verifies === true)
      engine.events.on("checked", ({ block, outcome, by, digest }) => {
        if (by === "executed") engine.attest(block, outcome, digest);
      });
    await engine.start();
    if (handlers === undefined) throw new Error("the engine did not start its wire");
    const node = { name, engine, key: Sim.key(account), wire, store, heard, punished, alerts, handlers };
    for (const peer of peers) await this.connect(node, peer);
    return node;
  }

  /** A bare wire, connected to `victims`. Unless `answer` says otherwise it is of the network, at genesis, and serves nothing. */
  async evil(
    victims: readonly Node[],
    answer: Answer = this.nothing(),
    name = `evil-${++this.#wires}`,
    group = name,
  ): Promise<Evil> {
    const wire = this.air.wire(name, group);
    const asked: Protocol[] = [];
    const told: { topic: Topic; data: Uint8Array }[] = [];
    await wire.start({
      gossip: async (topic, data) => {
        told.push({ topic, data });
        return ignore("known", "an evil peer relays nothing");
      },
      request: (protocol, data, from) => {
        asked.push(protocol);
        return answer(protocol, data, from);
      },
      connected: () => undefined,
      disconnected: () => undefined,
    });
    const linked = (node: Node): boolean => wire.peers().some(({ id }) => id === node.wire.peerId);
    const evil = { name, wire, key: Sim.key(name), asked, told, linked };
    for (const victim of victims) await this.connect(evil, victim);
    return evil;
  }

  /** The status of a peer at genesis, with fields changed. */
  status(change: Partial<PeerStatus> = {}): PeerStatus {
    const { genesis, network } = this.network.rules;
    return {
      version: PROTOCOL_VERSION,
      network: new TextEncoder().encode(network),
      genesis,
      head: genesis,
      height: 0,
      work: new Uint8Array(32),
      oldest: 0,
      roles: 0,
      trains: 0,
      time: BigInt(this.clock.wallTime()),
      ...change,
    };
  }

  /** Answers the handshake, serves the deltas of won blocks, and says of everything else that it is not there. */
  nothing(change: Partial<PeerStatus> = {}): Answer {
    return async (protocol, data) => {
      if (protocol === "status") return REQUESTS.status.request.encode(this.status(change));
      if (protocol === "blob") {
        const bytes = this.wins.get(toHex(REQUESTS.blob.request.decode(data).id)) ?? new Uint8Array(0);
        return REQUESTS.blob.reply.encode({ total: bytes.length, bytes });
      }
      if (protocol === "round") return REQUESTS.round.reply.encode({ records: [], contributions: [] });
      if (protocol === "headers") return REQUESTS.headers.reply.encode({ headers: [] });
      return protocol === "blocks" ? REQUESTS.blocks.reply.encode({ blocks: [] }) : failed();
    };
  }

  /** As `nothing`, and serves headers and blocks as a node whose best chain these are, from block 1 on; says so unless changed. */
  chain(blocks: readonly Block[], change: Partial<PeerStatus> = {}): Answer {
    const ids = blocks.map(({ header }) => toHex(Header.id(header)));
    const tip = blocks.at(-1)?.header;
    const head = tip === undefined ? {} : { head: Header.id(tip), height: tip.height };
    const none = this.nothing({ ...head, ...change });
    return async (protocol, data, from) => {
      if (protocol === "headers") {
        const { known, count } = REQUESTS.headers.request.decode(data);
        const shared = known.map((id) => ids.indexOf(toHex(id))).find((at) => at >= 0) ?? -1;
        const headers = blocks.slice(shared + 1, shared + 1 + count).map(({ header }) => header);
        return REQUESTS.headers.reply.encode({ headers });
      }
      if (protocol !== "blocks") return none(protocol, data, from);
      const wanted = REQUESTS.blocks.request.decode(data).ids.map((id) => blocks[ids.indexOf(toHex(id))]);
      const missing = wanted.indexOf(undefined);
      const found = (missing < 0 ? wanted : wanted.slice(0, missing)) as Block[];
      return REQUESTS.blocks.reply.encode({ blocks: found.map((block) => Block.codec.encode(block)) });
    };
  }

  /** As `nothing`, and serves these deltas. */
  serving(...deltas: readonly Uint8Array[]): Answer {
    const none = this.nothing();
    return async (protocol, data, from) => {
      const found =
        protocol === "blob" ? deltas.find((delta) => toHex(data).includes(toHex(sha256(delta)))) : undefined;
      return found === undefined
        ? none(protocol, data, from)
        : REQUESTS.blob.reply.encode({ total: found.length, bytes: found });
    };
  }

  async connect(from: Node | Evil, to: Node | Evil): Promise<void> {
    const { signal } = new AbortController();
    const done = from.wire.connect(to.wire.addresses()[0] as string, { signal }).catch(() => undefined);
    await this.clock.run(50);
    await done;
  }

  /** Publishes a message and resolves with what `victim` answers to it; throws when it does not within a minute. */
  async tell(sender: Evil, victim: Node, topic: Topic, data: Uint8Array): Promise<Verdict> {
    const name = nameOf(topic, data);
    victim.heard.delete(name);
    await sender.wire.publish(topic, data);
    await this.clock.run(60_000, () => victim.heard.has(name));
    const heard = victim.heard.get(name);
    if (heard === undefined) throw new Error(`${victim.name} did not judge a ${topic}`);
    return heard.verdict;
  }

  /** A whole block on the block topic. */
  tellBlock(sender: Evil, victim: Node, block: Block): Promise<Verdict> {
    return this.tell(sender, victim, "block", blockMessage(block));
  }

  /** Has keys of these names, which need no nodes, speak of a block to a victim; settles what follows. */
  async vouch(victim: Node, block: Block, outcome: Outcome, ...names: readonly string[]): Promise<void> {
    const speaker = await this.evil([victim]);
    for (const name of names)
      await this.tell(
        speaker,
        victim,
        "attestation",
        wordOf(block, Sim.key(name), outcome, this.network.rules.genesis),
      );
    await this.clock.run(100);
  }

  /** Lets the node train until it has won `count` blocks, one block time apart, with `records` rounds between them if it leads. */
  async mine(node: Node, count: number, records = 1): Promise<void> {
    const { engine } = node;
    for (let won = 0; won < count; ) {
      await this.clock.run(BLOCK_MS - (records + 1) * UNIT_MS);
      const height = engine.ledger.head.height;
      for (let i = 0; i < 50 && engine.ledger.head.height === height; i++) await this.train(node, i);
      if (engine.ledger.head.height === height) throw new Error("no unit wins");
      won++;
    }
    await this.clock.run(1000);
  }

  /** One unit of the node, in virtual time. */
  async train(node: Node, index = 0): Promise<void> {
    let done = false;
    const unit = Promise.resolve(only(node).trainer?.run(0, index)).finally(() => {
      done = true;
    });
    await this.clock.run(60_000, () => done);
    await unit;
  }

  /** What fork choice, re-execution and verdicts made of a block at a node. */
  async fate(node: Node, block: Block): Promise<string> {
    const { ledger, blocks } = node.engine;
    const id = Header.id(block.header);
    const known = await ledger.entry(id);
    if (known === undefined) return "unknown";
    const best = await blocks.canonical(known.height);
    const stands = best !== undefined && toHex(best) === toHex(id) && known.height <= ledger.head.height;
    return `${known.checked}, ${stands ? "stands" : "dropped"}`;
  }

  /** The lab as forgers of another of its tasks see it. */
  of(name: string): Workshop {
    const { network, clock, wins } = this;
    return { network, clock, wins, task: network.rules.tasks.find((task) => task.name === name) as Task };
  }

  async close(): Promise<void> {
    for (const engine of this.#engines) await engine.stop();
  }
}

/** An attestation of `verifier`, signed by whom it says or by another; an outcome that the protocol does not know is given by its number. */
export function wordOf(
  block: Block,
  verifier: KeyPair,
  outcome: Outcome | number,
  genesis: Uint8Array,
  signer: KeyPair = verifier,
): Uint8Array {
  const fields = {
    block: Header.id(block.header),
    height: block.header.height,
    outcome: typeof outcome === "number" ? outcome : OUTCOMES.indexOf(outcome),
    digest: block.header.digest,
    verifier: verifier.address,
  };
  return Attestation.codec.encode(Attestation.sign(fields, signer, genesis));
}

export const blockMessage = (block: Block): Uint8Array => BlockNotice.of(Block.wrap(block));

/** The wire, with a note of everything that was judged and punished. */
function watched(
  wire: Wire,
  heard: Map<string, Heard>,
  punished: { peer: string; reason: string }[],
  started: (handlers: WireHandlers) => void,
): Wire {
  return {
    peerId: wire.peerId,
    start: (handlers) => {
      started(handlers);
      return wire.start({
        ...handlers,
        gossip: async (topic, data, source) => {
          const verdict = await handlers.gossip(topic, data, source);
          heard.set(nameOf(topic, data), { topic, from: source.from, verdict });
          return verdict;
        },
      });
    },
    stop: () => wire.stop(),
    addresses: () => wire.addresses(),
    peers: () => wire.peers(),
    groupOf: (peer) => wire.groupOf(peer),
    publish: (topic, data) => wire.publish(topic, data),
    request: (peer, protocol, data, options) => wire.request(peer, protocol, data, options),
    connect: (address, options) => wire.connect(address, options),
    punish: (peer, reason) => {
      punished.push({ peer, reason });
      wire.punish(peer, reason);
    },
    stats: () => wire.stats(),
  };
}
