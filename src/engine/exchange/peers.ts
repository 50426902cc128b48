// What each connected peer said of itself in the status handshake, and whom to ask first (protocol section 9).
import { bytesEqual, isMalformed, messageOf, toBigInt } from "../../base/index.ts";
import { REQUESTS, type PeerStatus } from "../../codec/index.ts";
import type { Clock, Log, Wire } from "../../ports/index.ts";
import { within } from "./within.ts";

export const PROTOCOL_VERSION = 1;
/** A handshake must be answered within this, ms. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

export interface PeersDeps {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly log: Log;
  /** This node's own status at this moment. */
  readonly own: () => PeerStatus;
  /** A peer of our chain told its head. */
  readonly onStatus: (peer: string, status: PeerStatus) => void;
}

/** Table of peers of the same chain. Peers of another network, genesis or version never enter it. */
export class Peers {
  readonly #deps: PeersDeps;
  readonly #known = new Map<string, PeerStatus>();
  readonly #listeners: ((peer: string, connected: boolean) => void)[] = [];

  constructor(deps: PeersDeps) {
    this.#deps = deps;
  }

  get(peer: string): PeerStatus | undefined {
    return this.#known.get(peer);
  }

  get size(): number {
    return this.#known.size;
  }

  /** Calls `listener` when a peer of our chain comes or goes. */
  onChange(listener: (peer: string, connected: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** Peers of our chain, most work first. */
  ranked(): string[] {
    const work = (peer: string): bigint => toBigInt((this.#known.get(peer) as PeerStatus).work);
    return [...this.#known.keys()].sort((a, b) => (work(b) > work(a) ? 1 : work(b) < work(a) ? -1 : a < b ? -1 : 1));
  }

  /** Asks a peer for its status (a new connection, or a look whether we fell behind). */
  async greet(peer: string, options: { readonly signal: AbortSignal }): Promise<void> {
    const { wire, clock, own } = this.#deps;
    try {
      const reply = await within(clock, HANDSHAKE_TIMEOUT_MS, options.signal, (signal) =>
        wire.request(peer, "status", REQUESTS.status.request.encode(own()), { signal }),
      );
      this.hear(peer, REQUESTS.status.request.decode(reply));
    } catch (error) {
      if (isMalformed(error)) wire.punish(peer, error.message);
      this.#deps.log.debug({ peer, reason: messageOf(error) }, "status handshake failed");
    }
  }

  /** Takes a peer's status, from either side of the handshake; false when it is not of our chain. */
  hear(peer: string, status: PeerStatus): boolean {
    const own = this.#deps.own();
    const same =
      status.version === own.version &&
      bytesEqual(status.network, own.network) &&
      bytesEqual(status.genesis, own.genesis);
    if (!same) {
      this.#known.delete(peer);
      this.#deps.wire.punish(peer, "speaks for another network, genesis or protocol version");
      return false;
    }
    const fresh = !this.#known.has(peer);
    this.#known.set(peer, status);
    this.#deps.onStatus(peer, status);
    if (fresh) for (const listener of this.#listeners) listener(peer, true);
    return true;
  }

  forget(peer: string): void {
    if (!this.#known.delete(peer)) return;
    for (const listener of this.#listeners) listener(peer, false);
  }
}
