// What each connected peer said of itself in the status handshake, and whom to ask first (protocol section 10).
import { bytesEqual, isMalformed, Lru, messageOf, toBigInt } from "../../base/index.ts";
import type { PeerStatus } from "../../codec/index.ts";
import type { Clock, Log, Wire } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";
import type { Client } from "./client.ts";
import type { PeerClocks } from "./clocks.ts";

/** A handshake must be answered within this, ms. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Peers whose stalling is remembered, connected or not. */
const MAX_STALLERS = 1024;

export interface PeersDeps {
  readonly wire: Pick<Wire, "punish">;
  readonly client: Client;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly clocks: PeerClocks;
  readonly log: Log;
  /** This node's own status at this moment. */
  readonly own: () => PeerStatus;
}

/** Table of peers of the same chain. Peers of another network, genesis or version never enter it. */
export class Peers {
  readonly #deps: PeersDeps;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, PeerStatus>();
  /** How often in a row a peer did not serve in time what it says it has; -1 for one that served last. */
  readonly #stalls = new Lru<string, number>(MAX_STALLERS);

  constructor(deps: PeersDeps, options: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = options.signal;
    deps.events.on("stranded", ({ peer }) => void this.greet(peer));
  }

  get(peer: string): PeerStatus | undefined {
    return this.#known.get(peer);
  }

  get size(): number {
    return this.#known.size;
  }

  /** Peers of our chain: those that served last first and those that stalled most at the end, of equal ones the most work. */
  ranked(): string[] {
    const work = (peer: string): bigint => toBigInt((this.#known.get(peer) as PeerStatus).work);
    const byWork = (a: string, b: string): number =>
      work(a) === work(b) ? (a < b ? -1 : 1) : work(b) > work(a) ? 1 : -1;
    return [...this.#known.keys()].sort((a, b) => this.stallsOf(a) - this.stallsOf(b) || byWork(a, b));
  }

  stallsOf(peer: string): number {
    return this.#stalls.get(peer) ?? 0;
  }

  /** A peer was silent, or did not serve what it says it has: others are asked before it from now on. */
  noteStall(peer: string): void {
    this.#stalls.set(peer, Math.max(0, this.stallsOf(peer)) + 1);
  }

  /** It served what it was asked for. */
  noteServed(peer: string): void {
    this.#stalls.set(peer, -1);
  }

  /** Asks a peer for its status (a new connection, or a look whether we fell behind). */
  async greet(peer: string): Promise<void> {
    const { wire, client, own, clock, clocks } = this.#deps;
    try {
      const options = { ms: HANDSHAKE_TIMEOUT_MS, signal: this.#signal };
      const began = clock.now();
      const status = await client.ask(peer, "status", own(), options);
      if (this.hear(peer, status)) clocks.note(peer, status.time, clock.now() - began);
    } catch (error) {
      if (isMalformed(error)) wire.punish(peer, error.message);
      this.#deps.log.debug({ peer, reason: messageOf(error) }, "status handshake failed");
    }
  }

  /** Takes a peer's status, from either side of the handshake; false when it is not of our chain. */
  hear(peer: string, status: PeerStatus): boolean {
    const { own, wire, events } = this.#deps;
    const { version, network, genesis } = own();
    const same =
      status.version === version && bytesEqual(status.network, network) && bytesEqual(status.genesis, genesis);
    if (!same) {
      this.#known.delete(peer);
      wire.punish(peer, "speaks for another network, genesis or protocol version");
      return false;
    }
    const fresh = !this.#known.has(peer);
    this.#known.set(peer, status);
    events.emit("status", { peer, status });
    if (fresh) events.emit("peer", { peer, connected: true });
    return true;
  }

  forget(peer: string): void {
    this.#deps.clocks.forget(peer);
    if (this.#known.delete(peer)) this.#deps.events.emit("peer", { peer, connected: false });
  }
}
