// The chain on disk: blocks, their entries and states, and the index of the best chain with its history.
// One atomic, synced batch per block: after a kill at any moment the store is the chain before it or after it.
import {
  bytesEqual,
  fromHex,
  type Hash32,
  Lru,
  PouwError,
  SerialQueue,
  storeCorrupt,
  toHex,
} from "../../base/index.ts";
import { MAIN_ROW, ROW_WEIGHT, readState, type State, stateRows, workOf } from "../../chain/index.ts";
import { Block, type Decoded, Header } from "../../codec/index.ts";
import type { Store, StoreWrite } from "../../ports/index.ts";
import { inTurns, rest } from "../turns.ts";
import { type DeltaRow, needRows, ownerOfBlock, ownerOfRound } from "./delta-rows.ts";
import { type BlockEntry, decodeEntry, encodeEntry } from "./entry.ts";
import { HISTORY, type HistorySource, historyKey } from "./history.ts";
import { KEYS, ranges } from "./keys.ts";
import { Pruning } from "./pruning.ts";
import { type Retention, standardRetention } from "./retention.ts";

/** The store's format; another one belongs to another version. */
const FORMAT = 7;
/** Rows of a state that are written together, in bytes. */
const STATE_BATCH_BYTES = 256 * 1024;
/** Decoded blocks kept for the checks that follow an import. */
const RECENT_BLOCKS = 8;

const text = new TextEncoder();
const plain = new TextDecoder();

const corrupt = (what: string): PouwError => storeCorrupt(`${what} contradicts its neighbours`);

/** The best chain moves: `dropped` leave it (highest first), `added` join it (lowest first). */
export interface Move {
  readonly head: Uint8Array;
  readonly dropped: readonly Decoded<Block>[];
  readonly added: readonly Decoded<Block>[];
}

/** What one imported block adds. */
export interface Addition {
  readonly block: Decoded<Block>;
  readonly entry: BlockEntry;
  /** Rows of others that belong to the block, such as parameters. */
  readonly writes: readonly StoreWrite[];
  /** What its records are made of, as far as this node follows their tasks. */
  readonly deltas: readonly DeltaRow[];
  /** Undefined when the best chain stays where it is. */
  readonly move: Move | undefined;
}

export class BlockStore {
  readonly retention: Retention;
  readonly #store: Store;
  readonly #history: readonly HistorySource[];
  readonly #recent = new Lru<string, Decoded<Block>>(RECENT_BLOCKS);
  /** What is read to be written, such as who needs a delta, does not change in between. */
  readonly #queue = new SerialQueue();
  readonly #pruning: Pruning;

  constructor(
    store: Store,
    options: { readonly retention?: Retention; readonly history?: readonly HistorySource[] } = {},
  ) {
    this.#store = store;
    this.retention = options.retention ?? standardRetention;
    this.#history = options.history ?? HISTORY;
    this.#pruning = new Pruning({
      store,
      retention: this.retention,
      entries: (from, to) => this.entries(from, to),
      entry: (id) => this.entry(id),
      body: async (id) => (await this.block(id))?.value,
    });
  }

  /** Checks that the directory belongs to `identity`, or marks a new one. Throws WRONG_NETWORK. */
  async claim(identity: { readonly network: string; readonly genesis: string }): Promise<void> {
    const own = JSON.stringify({ format: FORMAT, ...identity });
    const found = await this.#store.get(KEYS.identity);
    if (found === undefined) return this.#store.batch([{ key: KEYS.identity, value: text.encode(own) }]);
    if (plain.decode(found) === own) return;
    const other = JSON.parse(plain.decode(found)) as { format?: number; network?: string; genesis?: string };
    const whose = `network ${other.network}, genesis ${other.genesis?.slice(0, 16)}, format ${other.format}`;
    throw new PouwError("WRONG_NETWORK", `The data directory belongs to another chain (${whose}).`, {
      remedy: "choose another --data-dir, or start with the network it was made for",
    });
  }

  async head(): Promise<Uint8Array | undefined> {
    return this.#store.get(KEYS.head);
  }

  async entry(id: Uint8Array): Promise<BlockEntry | undefined> {
    const bytes = await this.#store.get(KEYS.entry(id));
    return bytes === undefined ? undefined : decodeEntry(bytes);
  }

  /** A block as it came. */
  async bytes(id: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#recent.get(toHex(id))?.bytes ?? this.#store.get(KEYS.block(id));
  }

  /**
   * Headers of the best chain that follow the first of these ids that is on it, `count` at most; from block 1 on where none is, since all
   * chains of a network begin with one genesis.
   */
  async headersAfter(ids: readonly Uint8Array[], count: number): Promise<Uint8Array[]> {
    const from = (await this.#lastShared(ids)) + 1;
    const following = await this.canonicalRange(from, from + count);
    const headers = await Promise.all(following.map((id) => this.#store.get(KEYS.header(id))));
    const end = headers.indexOf(undefined);
    return (end < 0 ? headers : headers.slice(0, end)) as Uint8Array[];
  }

  async #lastShared(ids: readonly Uint8Array[]): Promise<number> {
    for (const id of ids) {
      const height = (await this.entry(id))?.height;
      const best = height === undefined ? undefined : await this.canonical(height);
      if (height !== undefined && best !== undefined && bytesEqual(best, id)) return height;
    }
    return 0;
  }

  /** Throws STORE_CORRUPT when the stored block is not the one its key names. */
  async block(id: Uint8Array): Promise<Decoded<Block> | undefined> {
    const recent = this.#recent.get(toHex(id));
    if (recent !== undefined) return recent;
    const bytes = await this.#store.get(KEYS.block(id));
    if (bytes === undefined) return undefined;
    const block = Block.read(bytes);
    if (!bytesEqual(block.id, id)) throw corrupt(`block ${toHex(id)}`);
    return block;
  }

  /** The stored state after a block; undefined where the retention keeps none. */
  async state(id: Uint8Array): Promise<State | undefined> {
    const main = await this.#store.get(KEYS.state(id));
    if (main === undefined) return undefined;
    const rows = new Map([[MAIN_ROW, main]]);
    for await (const [key, bytes] of this.#store.entries(ranges.stateRows(id)))
      rows.set(key.slice(key.lastIndexOf("/") + 1), bytes);
    const state = await inTurns(readState(rows));
    if (!bytesEqual(state.tipId, id)) throw corrupt(`the state of block ${toHex(id)}`);
    return state;
  }

  /** Id of the best chain's block at a height. */
  async canonical(height: number): Promise<Hash32 | undefined> {
    return (await this.#store.get(KEYS.canonical(height))) as Hash32 | undefined;
  }

  async canonicalRange(from: number, to: number): Promise<Hash32[]> {
    const ids: Hash32[] = [];
    for await (const [, id] of this.#store.entries(ranges.canonical(from, to))) ids.push(id as Hash32);
    return ids;
  }

  /** Blocks of the best chain from a height down in doubling strides: where another chain parts from it lies between two of them. */
  async strides(from: number): Promise<Hash32[]> {
    const ids: Hash32[] = [];
    for (let height = from, stride = 1; height > 0; height -= stride, stride *= ids.length > 1 ? 2 : 1) {
      const id = await this.canonical(height);
      if (id !== undefined) ids.push(id);
    }
    return ids;
  }

  /** Entries of every branch at heights [from, to), lowest first. */
  async entries(from: number, to: number): Promise<BlockEntry[]> {
    const entries: BlockEntry[] = [];
    for await (const key of this.#store.keys(ranges.siblings(from, to))) {
      const entry = await this.entry(fromHex(key.slice(key.lastIndexOf("/") + 1)) as Uint8Array);
      if (entry === undefined) throw corrupt(key);
      entries.push(entry);
    }
    return entries;
  }

  /** The bytes of the entry of a block's parent, as the blocks themselves tell it; undefined near the tip, where a check may be owed. */
  async entryTold(above: BlockEntry): Promise<Uint8Array | undefined> {
    const [block, own] = [await this.block(above.parent), await this.block(above.id)];
    if (block === undefined || own === undefined || above.checked === "pending") return undefined;
    const { parent, height, miner, task, startDigest } = block.value.header;
    const place = { id: block.id, parent, height, miner, task, startDigest } as Omit<BlockEntry, "work" | "heard">;
    const work = above.work - workOf(own.value.header.target);
    const { heard } = above;
    return encodeEntry({ ...place, work, heard: heard - 1, startKnown: true, parameters: [], checked: above.checked });
  }

  /** A row of the best chain's history. */
  async history(source: HistorySource, key: string): Promise<Uint8Array | undefined> {
    return this.#store.get(historyKey(source, key));
  }

  /** Lowest height whose deltas are all kept: units below it cannot be run again here. */
  oldest(): Promise<number> {
    return this.#pruning.oldest();
  }

  /** Everything that one imported block adds, and the move of the best chain if it makes one. One batch; the block's bytes are those that came. */
  commit({ block, entry, writes, deltas, move }: Addition): Promise<void> {
    return this.#queue.run(async () => {
      await this.#store.batch([
        { key: KEYS.block(entry.id), value: block.bytes },
        { key: KEYS.header(entry.id), value: Header.codec.encode(block.value.header) },
        { key: KEYS.entry(entry.id), value: encodeEntry(entry) },
        { key: KEYS.sibling(entry.height, entry.id), value: new Uint8Array(0) },
        ...writes,
        ...(await needRows(this.#store, deltas, { ownerOf: () => ownerOfBlock(entry.id) })),
        ...(move === undefined ? [] : this.#moveWrites(move)),
        ...(await this.#pruning.beside(entry.height, { head: move !== undefined, keeps: deltas })),
      ]);
      this.#recent.set(toHex(entry.id), block);
    });
  }

  /** Deltas that no block carries yet, together with `writes`: for the block that brings them, or for the rounds that they are of. */
  keepDeltas(deltas: readonly DeltaRow[], block?: Uint8Array, writes: readonly StoreWrite[] = []): Promise<void> {
    return this.#queue.run(async () => {
      const ownerOf = ({ height }: DeltaRow): string =>
        block === undefined ? ownerOfRound(height) : ownerOfBlock(block);
      const all = [...writes, ...(await needRows(this.#store, deltas, { ownerOf, loose: true }))];
      if (all.length > 0) await this.#store.batch(all);
    });
  }

  /** The whole state after a block whose batch is written: its size grows with the accounts, so it never delays the block itself. */
  async keepState(id: Uint8Array, state: State): Promise<void> {
    let writes: StoreWrite[] = [];
    let size = 0;
    // The main row comes last, so a state of which not all is here is none.
    for (const { name, bytes } of stateRows(state)) {
      writes.push({ key: name === MAIN_ROW ? KEYS.state(id) : KEYS.stateRow(id, name), value: bytes });
      size += bytes.length;
      if (size < STATE_BATCH_BYTES && name !== MAIN_ROW) continue;
      await this.#store.batch(writes);
      await rest(ROW_WEIGHT);
      [writes, size] = [[], 0];
    }
  }

  /** The outcome of a check, and the move of the best chain that it makes, if any. */
  mark(entries: readonly BlockEntry[], move: Move | undefined): Promise<void> {
    return this.#queue.run(async () => {
      const writes: StoreWrite[] = entries.map((entry) => ({ key: KEYS.entry(entry.id), value: encodeEntry(entry) }));
      if (move !== undefined) writes.push(...this.#moveWrites(move));
      writes.push(...(await this.#pruning.forged(entries.filter(({ checked }) => checked === "invalid"))));
      await this.#store.batch(writes);
    });
  }

  #moveWrites({ head, dropped, added }: Move): StoreWrite[] {
    const writes: StoreWrite[] = [{ key: KEYS.head, value: head }];
    for (const block of dropped) {
      writes.push({ key: KEYS.canonical(block.value.header.height), value: undefined });
      for (const { key } of this.#rowsOf(block)) writes.push({ key, value: undefined });
    }
    for (const block of added) {
      writes.push({ key: KEYS.canonical(block.value.header.height), value: block.id });
      writes.push(...this.#rowsOf(block));
    }
    return writes;
  }

  #rowsOf(block: Decoded<Block>): { readonly key: string; readonly value: Uint8Array }[] {
    return this.#history.flatMap((source) =>
      source.rows(block).map(({ key, value }) => ({ key: historyKey(source, key), value })),
    );
  }
}
