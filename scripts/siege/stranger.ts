// A peer without a node: a wire of its own identity that follows a victim's chain by what it is told, checks nothing and says what it likes.

import { systemClock } from "../../src/adapters/clock/index.ts";
import { createLibp2pWire, networkPrefix } from "../../src/adapters/libp2p/index.ts";
import { noMetrics, silentLog } from "../../src/adapters/telemetry/index.ts";
import { ACCEPT, bytesEqual, PouwError, utf8 } from "../../src/base/index.ts";
import { apply, genesisState, type State } from "../../src/chain/index.ts";
import {
  Block,
  type Codec,
  Header,
  MAX_KNOWN,
  type PeerStatus,
  type Protocol,
  REQUESTS,
  type ReplyOf,
  type RequestOf,
} from "../../src/codec/index.ts";
import { PROTOCOL_VERSION } from "../../src/engine/exchange/own-status.ts";
import type { Network } from "../../src/node/index.ts";
import type { Wire, WireHandlers } from "../../src/ports/index.ts";

const within = (ms: number): { readonly signal: AbortSignal } => ({ signal: AbortSignal.timeout(ms) });
/** Blocks that a branch may go back behind what is followed. */
const KEPT = MAX_KNOWN;
/** Blocks asked for at once, and questions of one catching up. */
const CHUNK = 16;
const MAX_ASKED = 200;

export interface Target {
  readonly network: Network;
  /** Multiaddr of the victim. */
  readonly address: string;
}

/** Answers a request of the victim; throwing closes the stream. */
export type Answer = (protocol: Protocol, data: Uint8Array) => Promise<Uint8Array>;

/** What a stranger says of itself, with `claim` in place of the truth. */
export function statusOf({ rules }: Network, claim: Partial<PeerStatus> = {}): PeerStatus {
  const nothing = { head: rules.genesis, height: 0, work: new Uint8Array(32), oldest: 0, roles: 0, trains: 0 };
  const time = BigInt(Date.now());
  return {
    version: PROTOCOL_VERSION,
    network: utf8(rules.network),
    genesis: rules.genesis,
    ...nothing,
    time,
    ...claim,
  };
}

const nothingServed = (): Promise<never> => Promise.reject(new PouwError("NOT_FOUND", "nothing is served here"));

export interface StrangerOptions {
  /** What it claims to have. */
  readonly claim?: Partial<PeerStatus>;
  readonly answer?: Answer;
  /** Where others can reach it; nowhere. */
  readonly listen?: readonly string[];
}

/** A new identity, not yet connected. */
export async function openStranger({ network }: Target, options: StrangerOptions = {}): Promise<Wire> {
  const { genesis, rules } = network;
  const wire = await createLibp2pWire(
    {
      network: networkPrefix(genesis.network, rules.genesis),
      listen: options.listen ?? [],
      ...{
        bootstrap: [],
        dataDir: undefined,
        mdns: false,
        maxConnections: 50,
        exemptLocal: true,
        lan: true,
        minPeers: 0,
      },
      agent: "stranger/1",
    },
    { log: silentLog(), clock: systemClock(), metrics: noMetrics() },
  );
  const answer = options.answer ?? nothingServed;
  const handlers: WireHandlers = {
    gossip: async () => ACCEPT,
    request: async (protocol, data) =>
      protocol === "status" ? REQUESTS.status.reply.encode(statusOf(network, options.claim)) : answer(protocol, data),
    connected: () => undefined,
    disconnected: () => undefined,
  };
  await wire.start(handlers);
  return wire;
}

/** Connects and shakes hands; the victim's id. Throws when the victim does not want it. */
export async function meet(wire: Wire, { network, address }: Target): Promise<string> {
  const peer = await wire.connect(address, within(5_000));
  await wire.request(peer, "status", REQUESTS.status.request.encode(statusOf(network)), within(5_000));
  return peer;
}

/** The victim's chain, as a stranger that trusts every block sees it. */
export class Follower {
  readonly #target: Target;
  readonly #wire: Wire;
  /** The last states, oldest first. */
  #states: State[];

  private constructor(target: Target, wire: Wire) {
    this.#target = target;
    this.#wire = wire;
    this.#states = [genesisState(target.network.genesis)];
  }

  static async open(target: Target): Promise<Follower> {
    return new Follower(target, await openStranger(target));
  }

  get tip(): State {
    return this.#states.at(-1) as State;
  }

  /** Asks for what came since; goes back, block by block, where the victim went over to another branch. */
  async catchUp(): Promise<State> {
    const peer = this.#wire.peers()[0]?.id ?? (await meet(this.#wire, this.#target));
    for (let asked = 0; asked < MAX_ASKED; asked++) {
      const known = this.#states.map(({ tipId }) => tipId).reverse();
      const { headers } = await this.#ask(peer, "headers", { known, count: CHUNK });
      const [first] = headers;
      if (first === undefined) break;
      // The victim's chain goes on from one of the states that are kept.
      const on = this.#states.findIndex(({ tipId }) => bytesEqual(tipId, first.parent));
      if (on < 0)
        throw new PouwError("NOT_FOUND", "the victim went over to another chain, further back than is followed");
      this.#states = this.#states.slice(0, on + 1);
      const { blocks } = await this.#ask(peer, "blocks", { ids: headers.map((header) => Header.id(header)) });
      for (const bytes of blocks) this.#follow(Block.codec.decode(bytes));
      if (headers.length < CHUNK) break;
    }
    return this.tip;
  }

  async #ask<P extends Protocol>(peer: string, protocol: P, question: RequestOf<P>): Promise<ReplyOf<P>> {
    const { request, reply } = REQUESTS[protocol] as { request: Codec<RequestOf<P>>; reply: Codec<ReplyOf<P>> };
    return reply.decode(await this.#wire.request(peer, protocol, request.encode(question), within(5_000)));
  }

  #follow(block: Block): void {
    const applied = apply(this.tip, block, this.#target.network.rules);
    if (applied.kind === "state") this.#states = [...this.#states.slice(1 - KEPT), applied.state];
  }

  stop(): Promise<void> {
    return this.#wire.stop();
  }
}
