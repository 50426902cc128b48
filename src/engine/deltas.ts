// Deltas by hash: kept in memory while fresh, read from the store when recorded, pulled from peers when missing.
import { bytesEqual, Lru, toHex } from "../base/index.ts";
import type { Contribution } from "../codec/index.ts";
import { sha256 } from "../crypto/index.ts";
import type { Clock, Store, StoreWrite, Wire } from "../ports/index.ts";
import { fetchBlob } from "./blobs.ts";
import { KEYS } from "./keys.ts";

/** Fresh deltas held in memory at most, in bytes. */
const MEMORY_BYTES = 12 << 20;
/** Pulls under way at most; beyond it a caller waits. */
const MAX_PULLS = 16;

export interface DeltasDeps {
  readonly store: Store;
  /** Undefined when there is no network to ask. */
  readonly wire: Wire | undefined;
  readonly clock: Clock;
  /** Peers worth asking, best first. */
  readonly candidates: () => readonly string[];
}

export class Deltas {
  readonly #deps: DeltasDeps;
  readonly #maxBytes: number;
  readonly #fresh: Lru<string, Uint8Array>;
  /** Hashes known to be on disk, so that a delta is written once. */
  readonly #stored = new Lru<string, true>(8192);
  readonly #pulls = new Map<string, Promise<Uint8Array | undefined>>();

  /** `maxBytes`: an encoded delta of the task at most. */
  constructor(maxBytes: number, deps: DeltasDeps) {
    this.#maxBytes = maxBytes;
    this.#deps = deps;
    this.#fresh = new Lru(Math.max(8, Math.floor(MEMORY_BYTES / Math.max(1, maxBytes / 4))));
  }

  /** Only what a store holds: for replays. */
  static offline(store: Store): Deltas {
    return new Deltas(MEMORY_BYTES, {
      store,
      wire: undefined,
      clock: { now: () => 0, after: () => () => undefined },
      candidates: () => [],
    });
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
    for (const { deltaHash } of contributions) this.#stored.set(toHex(deltaHash), true);
  }

  /** The contribution's delta, pulled from `hints` and then from any peer if it is not here; undefined when nobody serves it. */
  async get(
    contribution: Contribution,
    hints: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<Uint8Array | undefined> {
    const local = await this.local(contribution.deltaHash);
    if (local !== undefined) return local;
    if (contribution.deltaBytes > this.#maxBytes) return undefined;
    const key = toHex(contribution.deltaHash);
    const running = this.#pulls.get(key);
    if (running !== undefined) return running;
    while (this.#pulls.size >= MAX_PULLS) await Promise.race(this.#pulls.values());
    const pull = this.#pull(contribution, hints, options).finally(() => this.#pulls.delete(key));
    this.#pulls.set(key, pull);
    return pull;
  }

  async #pull(
    contribution: Contribution,
    hints: readonly string[],
    options: { readonly signal: AbortSignal },
  ): Promise<Uint8Array | undefined> {
    const { wire, clock } = this.#deps;
    if (wire === undefined) return undefined;
    const candidates = [...new Set([...hints, ...this.#deps.candidates()])];
    const bytes = await fetchBlob(
      {
        kind: "delta",
        id: contribution.deltaHash,
        maxBytes: contribution.deltaBytes,
        check: (got) => bytesEqual(sha256(got), contribution.deltaHash),
      },
      candidates,
      { wire, clock },
      options,
    );
    if (bytes !== undefined) this.put(contribution.deltaHash, bytes);
    return bytes;
  }
}
