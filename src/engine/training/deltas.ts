// Deltas by hash: kept in memory while fresh, read from the store when recorded, pulled from peers when missing.
import { bytesEqual, Lru, Shares, toHex } from "../../base/index.ts";
import type { Contribution } from "../../codec/index.ts";
import { sha256 } from "../../crypto/index.ts";
import type { Store, StoreWrite } from "../../ports/index.ts";
import type { Move } from "../../work/index.ts";
import { type BlobDeps, fetchBlob } from "../exchange/index.ts";
import { KEYS } from "../storage/index.ts";

/** Fresh deltas held in memory at most, in bytes. */
const MEMORY_BYTES = 12 << 20;
/** Pulls under way, on the word of one peer, of one IP group, and in all; beyond it a caller waits for its turn. */
const PULLS = { perPeer: 8, perGroup: 16, inAll: 32 };
/** Whose word this node's own wants are. */
const OWN = "";

interface Options {
  readonly signal: AbortSignal;
}

export interface DeltasDeps {
  readonly store: Store;
  /** Undefined when there is no network to ask. */
  readonly network: (BlobDeps & { readonly peers: { ranked(): readonly string[] } }) | undefined;
}

export class Deltas {
  readonly #deps: DeltasDeps;
  readonly #maxBytes: number;
  /** Deltas that memory holds at least. */
  readonly #capacity: number;
  readonly #fresh: Lru<string, Uint8Array>;
  /** Hashes known to be on disk, so that a delta is written once. */
  readonly #stored = new Lru<string, true>(8192);
  /** By hash and by the peer that named it: who names another's delta and does not serve it must not delay the other's. */
  readonly #pulls = new Map<string, Promise<Uint8Array | undefined>>();
  readonly #places: Shares;

  /** `maxBytes`: an encoded delta of the task at most. */
  constructor({ maxBytes }: { readonly maxBytes: number }, deps: DeltasDeps) {
    this.#maxBytes = maxBytes;
    this.#deps = deps;
    this.#capacity = Math.max(8, Math.floor(MEMORY_BYTES / Math.max(1, maxBytes / 4)));
    this.#fresh = new Lru(this.#capacity);
    this.#places = new Shares(PULLS, (peer) => deps.network?.wire.groupOf(peer) ?? peer);
  }

  /** Keeps bytes whose hash the caller knows to be `hash`. */
  put(hash: Uint8Array, bytes: Uint8Array): void {
    this.#fresh.set(toHex(hash), bytes);
  }

  /** The bytes if they are here already. */
  async local(hash: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#fresh.get(toHex(hash)) ?? (await this.#deps.store.get(KEYS.delta(hash)));
  }

  /** Writes for the deltas of `contributions` that are here and not on disk yet; call `written` once they are. */
  toStore(contributions: readonly Contribution[]): StoreWrite[] {
    const writes: StoreWrite[] = [];
    for (const { deltaHash } of contributions) {
      const bytes = this.#stored.has(toHex(deltaHash)) ? undefined : this.#fresh.get(toHex(deltaHash));
      if (bytes !== undefined) writes.push({ key: KEYS.delta(deltaHash), value: bytes });
    }
    return writes;
  }

  written(contributions: readonly Contribution[]): void {
    // Not those that memory had let go of: they were not written.
    for (const { deltaHash } of contributions)
      if (this.#fresh.has(toHex(deltaHash))) this.#stored.set(toHex(deltaHash), true);
  }

  /** The contribution's delta, pulled from `hints` and then from any peer if it is not here; undefined when nobody serves it. */
  async get(contribution: Contribution, hints: readonly string[], options: Options): Promise<Uint8Array | undefined> {
    const local = await this.local(contribution.deltaHash);
    if (local !== undefined) return local;
    const name = `${toHex(contribution.deltaHash)}/${hints[0] ?? OWN}`;
    const running = this.#pulls.get(name);
    if (running !== undefined) return running;
    const pull = this.#pull(contribution, hints, options).finally(() => this.#pulls.delete(name));
    this.#pulls.set(name, pull);
    return pull;
  }

  /** Whether the deltas of all are here or could be brought here; a few at a time, and no more after one that could not: a block names thousands. */
  async all(contributions: readonly Contribution[], hints: readonly string[], options: Options): Promise<boolean> {
    for (let at = 0; at < contributions.length; at += PULLS.perPeer) {
      const some = contributions.slice(at, at + PULLS.perPeer);
      const got = await Promise.all(some.map((contribution) => this.get(contribution, hints, options)));
      if (got.includes(undefined)) return false;
    }
    return true;
  }

  /** The same for a block's moves. More than memory holds go to disk move by move, or the last would push out the first. */
  async ofMoves(
    moves: readonly Pick<Move, "contributions">[],
    hints: readonly string[],
    options: Options,
  ): Promise<boolean> {
    const contributions = moves.flatMap((move) => move.contributions);
    if (contributions.length < this.#capacity) return this.all(contributions, hints, options);
    for (const move of moves) {
      if (!(await this.all(move.contributions, hints, options))) return false;
      await this.keep(move.contributions);
    }
    return true;
  }

  /** Puts deltas that are here on disk, where blocks will find them, together with `writes`. */
  async keep(contributions: readonly Contribution[], writes: readonly StoreWrite[] = []): Promise<void> {
    const all = [...writes, ...this.toStore(contributions)];
    if (all.length > 0) await this.#deps.store.batch(all);
    this.written(contributions);
  }

  /** Pulls once it is the turn of whoever named the delta. */
  async #pull(contribution: Contribution, hints: readonly string[], options: Options): Promise<Uint8Array | undefined> {
    const { network } = this.#deps;
    if (network === undefined) return undefined;
    const leave = await this.#places.turn(hints[0] ?? OWN, options).catch(() => undefined);
    try {
      const came = await this.local(contribution.deltaHash);
      if (leave === undefined || came !== undefined) return came;
      const wanted = {
        kind: "delta",
        id: contribution.deltaHash,
        // Not the contribution's own word: whoever serves the right bytes must not suffer for an author's lie about their number.
        maxBytes: this.#maxBytes,
        check: (got: Uint8Array) => bytesEqual(sha256(got), contribution.deltaHash),
      } as const;
      const bytes = await fetchBlob(wanted, [...new Set([...hints, ...network.peers.ranked()])], network, options);
      if (bytes !== undefined) this.put(contribution.deltaHash, bytes);
      return bytes;
    } finally {
      leave?.();
    }
  }
}
