// What leaves the store as the chain grows: deltas and parameter sets below the window, what void rounds left, and what forged blocks brought.
import { fromHex, toHex } from "../../base/index.ts";
import type { Block, Contribution } from "../../codec/index.ts";
import type { Store, StoreWrite } from "../../ports/index.ts";
import { type DeltaRow, ownerOfBlock, Released } from "./delta-rows.ts";
import type { BlockEntry } from "./entry.ts";
import { KEYS, ranges } from "./keys.ts";
import { type Retention, SNAPSHOT_EVERY } from "./retention.ts";

/** A block this far above may still carry what a round on a height recorded: a sibling's branch may win. */
const VOID_AFTER = 24;
/** Heights, and rows of void rounds, that one block's batch takes away at most: after a change of settings there may be many. */
const HEIGHTS_AT_ONCE = 8;
const ROWS_AT_ONCE = 2_048;
/** Below the window a state stays every so many blocks. */
const OLD_STATE_EVERY = 32 * SNAPSHOT_EVERY;

export interface Shelves {
  readonly store: Store;
  readonly retention: Retention;
  /** Entries of every branch at heights [from, to). */
  entries(from: number, to: number): Promise<BlockEntry[]>;
  entry(id: Uint8Array): Promise<BlockEntry | undefined>;
  body(id: Uint8Array): Promise<Block | undefined>;
}

/** Contributions that a block records, of whatever task. */
const contributionsIn = ({ body }: Block): readonly Contribution[] => [
  ...body.records.flatMap(({ contributions }) => contributions),
  ...body.closing.contributions,
];

export class Pruning {
  readonly #shelves: Shelves;
  /** Lowest height whose deltas are all kept. */
  #oldest: number | undefined;

  constructor(shelves: Shelves) {
    this.#shelves = shelves;
  }

  async oldest(): Promise<number> {
    if (this.#oldest === undefined) {
      const bytes = await this.#shelves.store.get(KEYS.oldest);
      this.#oldest = bytes === undefined ? 1 : Number(new TextDecoder().decode(bytes));
    }
    return this.#oldest;
  }

  /** What goes with a block at `height`; `head` when it is the best chain's new tip. `keeps`: deltas of the same batch. */
  async beside(height: number, { head, keeps }: { head: boolean; keeps: readonly DeltaRow[] }): Promise<StoreWrite[]> {
    const released = new Released();
    const writes = await this.#setsAt(height - this.#shelves.retention.recent);
    if (head) writes.push(...(await this.#window(height, released)), ...(await this.#void(height, released)));
    return [...writes, ...(await released.rows(this.#shelves.store, keeps))];
  }

  /** What forged blocks brought, and those that stand on them. */
  async forged(entries: readonly BlockEntry[]): Promise<StoreWrite[]> {
    const released = new Released();
    for (const { id } of entries) await this.#releaseOf(id, released);
    return released.rows(this.#shelves.store);
  }

  async #releaseOf(id: Uint8Array, released: Released): Promise<void> {
    const block = await this.#shelves.body(id);
    for (const { deltaHash } of block === undefined ? [] : contributionsIn(block))
      released.add(deltaHash, ownerOfBlock(id));
  }

  /** Parameter sets that stood after blocks of a height that is no longer recent, but neither after the next block nor after one that is kept. */
  async #setsAt(height: number): Promise<StoreWrite[]> {
    const { retention, entries } = this.#shelves;
    const kept = retention.lastKept(height);
    if (height < 1 || kept === height) return [];
    const standing = [...(await entries(kept, kept + 1)), ...(await entries(height + 1, height + 2))];
    return setsGone(await entries(height, height + 1), standing);
  }

  /** What leaves the window under a new tip. */
  async #window(tip: number, released: Released): Promise<StoreWrite[]> {
    const { window } = this.#shelves.retention;
    if (window === undefined) return [];
    const from = await this.oldest();
    const to = Math.min(tip - window + 1, from + HEIGHTS_AT_ONCE);
    if (to <= from) return [];
    const writes: StoreWrite[] = [{ key: KEYS.oldest, value: new TextEncoder().encode(`${to}`) }];
    for (let height = from; height < to; height++) writes.push(...(await this.#below(height, released)));
    this.#oldest = to;
    return writes;
  }

  async #below(height: number, released: Released): Promise<StoreWrite[]> {
    const { store, entries } = this.#shelves;
    const old = await entries(height, height + 1);
    const writes = setsGone(old, await entries(height + 1, height + 2));
    for (const { id } of old) {
      await this.#releaseOf(id, released);
      if (height % OLD_STATE_EVERY !== 0) {
        writes.push({ key: KEYS.state(id), value: undefined });
        for await (const key of store.keys(ranges.stateRows(id))) writes.push({ key, value: undefined });
      }
      // Nobody leads on it any more.
      for await (const key of store.keys(ranges.signed(id))) writes.push({ key, value: undefined });
    }
    return writes;
  }

  /** Records that no block carried. */
  async #void(tip: number, released: Released): Promise<StoreWrite[]> {
    const { store, entry } = this.#shelves;
    const writes: StoreWrite[] = [];
    for await (const key of store.keys({ ...ranges.loose(tip - VOID_AFTER), limit: ROWS_AT_ONCE })) {
      writes.push({ key, value: undefined });
      const [hash, owner] = key.split("/").slice(-2) as [string, string];
      const block = fromHex(owner);
      const carried = block === undefined ? undefined : await entry(block);
      if (carried === undefined || carried.checked === "invalid") released.add(fromHex(hash) as Uint8Array, owner);
    }
    return writes;
  }
}

/** Deletions of the sets that stand after `old` blocks and after none of the others. */
function setsGone(old: readonly BlockEntry[], others: readonly BlockEntry[]): StoreWrite[] {
  const stays = new Set(others.flatMap(({ parameters }) => parameters.map(toHex)));
  const gone = old.flatMap(({ parameters }) => parameters).filter((digest) => !stays.has(toHex(digest)));
  return gone.map((digest) => ({ key: KEYS.parameters(digest), value: undefined }));
}
