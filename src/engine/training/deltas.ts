// Deltas by hash: kept in memory while fresh, read from the store when recorded, pulled from peers when missing.
import { bytesEqual, Lru, Shares, toHex } from "../../base/index.ts";
import type { Contribution } from "../../codec/index.ts";
import { sha256 } from "../../crypto/index.ts";
import type { Store, StoreWrite } from "../../ports/index.ts";
import type { Move } from "../../work/index.ts";
import { type BlobDeps, fetchBlob } from "../exchange/index.ts";
import { type BlockStore, type DeltaRow, KEYS, readDelta } from "../storage/index.ts";

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
  readonly blocks: Pick<BlockStore, "keepDeltas">;
  /** Undefined when there is no network to ask. */
  readonly network: (BlobDeps & { readonly peers: { ranked(): readonly string[] } }) | undefined;
}

export class Deltas {
  readonly #deps: DeltasDeps;
  readonly #maxBytes: number;
  /** Deltas that memory holds at least. */
  readonly #capacity: number;
  readonly #fresh: Lru<string, Uint8Array>;
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
    return this.#fresh.get(toHex(hash)) ?? readDelta(this.#deps.store, hash);
  }

  /** The same where it is likely to lie, which is one look: a copy of another's delta may lie elsewhere. */
  async #near({ deltaHash: hash, height }: Contribution): Promise<Uint8Array | undefined> {
    return this.#fresh.get(toHex(hash)) ?? (await this.#deps.store.get(KEYS.delta(height, hash)));
  }

  /** The deltas of `contributions`, to be stored with the block that carries them. */
  rowsOf(contributions: readonly Contribution[]): DeltaRow[] {
    return contributions.map(({ deltaHash: hash, height }) => ({ hash, height, bytes: this.#fresh.get(toHex(hash)) }));
  }

  /** The contribution's delta, pulled from `hints` and then from any peer if it is not here; undefined when nobody serves it. */
  async get(contribution: Contribution, hints: readonly string[], options: Options): Promise<Uint8Array | undefined> {
    const near = await this.#near(contribution);
    if (near !== undefined) return near;
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

  /** The same for the moves of block `id`. More than memory holds go to disk move by move, or the last would push out the first. */
  async ofMoves(
    { id, moves }: { readonly id: Uint8Array; readonly moves: readonly Pick<Move, "contributions">[] },
    hints: readonly string[],
    options: Options,
  ): Promise<boolean> {
    const contributions = moves.flatMap((move) => move.contributions);
    if (contributions.length < this.#capacity) return this.all(contributions, hints, options);
    for (const move of moves) {
      if (!(await this.all(move.contributions, hints, options))) return false;
      await this.keep(move.contributions, { block: id });
    }
    return true;
  }

  /** Puts deltas that are here on disk, where a block will find them, together with `writes`; with `block`, for that one only. */
  keep(
    contributions: readonly Contribution[],
    { block, writes }: { readonly block?: Uint8Array; readonly writes?: readonly StoreWrite[] } = {},
  ): Promise<void> {
    return this.#deps.blocks.keepDeltas(this.rowsOf(contributions), block, writes);
  }

  /** Pulls once it is the turn of whoever named the delta. */
  async #pull(contribution: Contribution, hints: readonly string[], options: Options): Promise<Uint8Array | undefined> {
    const { network } = this.#deps;
    if (network === undefined) return this.local(contribution.deltaHash);
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
