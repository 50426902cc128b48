// Deltas by hash: kept in memory while fresh, read from the store when recorded, pulled from peers when missing.
import { bytesEqual, Lru, toHex } from "../../base/index.ts";
import type { Contribution } from "../../codec/index.ts";
import { sha256 } from "../../crypto/index.ts";
import type { Store, StoreWrite } from "../../ports/index.ts";
import type { Move } from "../../work/index.ts";
import { type BlobDeps, fetchBlob } from "../exchange/index.ts";
import { KEYS } from "../storage/index.ts";

/** Fresh deltas held in memory at most, in bytes. */
const MEMORY_BYTES = 12 << 20;
/** Pulls under way at most, and at most on the word of one peer; beyond it a caller waits. */
const MAX_PULLS = 32;
const MAX_PULLS_PER_PEER = 8;
/** Callers for one peer's deltas at once; more are told that there is none. So a peer that serves nothing of what it announces holds up itself only. */
const MAX_CALLERS_PER_PEER = 64;

interface Options {
  readonly signal: AbortSignal;
}

interface Pull {
  readonly source: string;
  readonly bytes: Promise<Uint8Array | undefined>;
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
  readonly #pulls = new Map<string, Pull>();
  readonly #callers = new Map<string, number>();

  /** `maxBytes`: an encoded delta of the task at most. */
  constructor({ maxBytes }: { readonly maxBytes: number }, deps: DeltasDeps) {
    this.#maxBytes = maxBytes;
    this.#deps = deps;
    this.#capacity = Math.max(8, Math.floor(MEMORY_BYTES / Math.max(1, maxBytes / 4)));
    this.#fresh = new Lru(this.#capacity);
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
    const source = hints[0] ?? "";
    const callers = this.#callers.get(source) ?? 0;
    if (callers >= MAX_CALLERS_PER_PEER) return undefined;
    this.#callers.set(source, callers + 1);
    try {
      return await this.#turn(contribution, source, hints, options);
    } finally {
      const left = (this.#callers.get(source) as number) - 1;
      if (left === 0) this.#callers.delete(source);
      else this.#callers.set(source, left);
    }
  }

  /** Whether the deltas of all are here or could be brought here; a few at a time, and no more after one that could not: a block names thousands. */
  async all(contributions: readonly Contribution[], hints: readonly string[], options: Options): Promise<boolean> {
    for (let at = 0; at < contributions.length; at += MAX_PULLS_PER_PEER) {
      const some = contributions.slice(at, at + MAX_PULLS_PER_PEER);
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

  /** Joins the pull for the same delta from the same peer, or starts one when it is its turn. */
  async #turn(
    contribution: Contribution,
    source: string,
    hints: readonly string[],
    options: Options,
  ): Promise<Uint8Array | undefined> {
    const key = `${toHex(contribution.deltaHash)}/${source}`;
    for (;;) {
      const running = this.#pulls.get(key);
      if (running !== undefined) return running.bytes;
      const ofPeer = [...this.#pulls.values()].filter((pull) => pull.source === source);
      const busy = ofPeer.length >= MAX_PULLS_PER_PEER ? ofPeer : [...this.#pulls.values()];
      if (busy === ofPeer || busy.length >= MAX_PULLS) await Promise.race(busy.map(({ bytes }) => bytes));
      else break;
    }
    const bytes = this.#pull(contribution, hints, options).finally(() => this.#pulls.delete(key));
    this.#pulls.set(key, { source, bytes });
    return bytes;
  }

  async #pull(contribution: Contribution, hints: readonly string[], options: Options): Promise<Uint8Array | undefined> {
    const { network } = this.#deps;
    if (network === undefined) return undefined;
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
  }
}
