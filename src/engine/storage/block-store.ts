// The chain on disk: blocks, states, parameters and deltas of every branch, and the index of the best one.
// One atomic, synced batch per block: after a kill at any moment the store is the chain before it or after it.
import { bytesEqual, fromHex, type Hash32, PouwError, toHex } from "../../base/index.ts";
import { decodeState, encodeState, type State } from "../../chain/index.ts";
import { Block, Header, RoundRecord, Transaction } from "../../codec/index.ts";
import type { Store, StoreWrite } from "../../ports/index.ts";
import type { Deltas } from "../training/deltas.ts";
import { KEEP_RECENT, KEYS, ranges, SNAPSHOT_EVERY } from "./keys.ts";

export type Checked = "pending" | "executed" | "verdicts" | "invalid";

/** What the tree knows of a block beyond its bytes. */
export interface BlockEntry {
  readonly id: Hash32;
  readonly parent: Hash32;
  readonly height: number;
  readonly work: bigint;
  readonly draw: Uint8Array;
  /** digest(P(t)) that the winning unit started from. */
  readonly startDigest: Uint8Array;
  readonly checked: Checked;
}

const text = new TextEncoder();
const plain = new TextDecoder();

const bytesOf = (hex: unknown): Uint8Array => (typeof hex === "string" ? fromHex(hex) : undefined) ?? new Uint8Array(0);

function encodeNode(node: BlockEntry): Uint8Array {
  const { id, parent, height, work, draw, startDigest: start, checked } = node;
  return text.encode(
    JSON.stringify({
      id: toHex(id),
      parent: toHex(parent),
      height,
      work: `${work}`,
      draw: toHex(draw),
      start: toHex(start),
      checked,
    }),
  );
}

function decodeNode(bytes: Uint8Array): BlockEntry {
  const raw = JSON.parse(plain.decode(bytes)) as { readonly [K in keyof BlockEntry]?: unknown };
  return {
    id: bytesOf(raw.id) as Hash32,
    parent: bytesOf(raw.parent) as Hash32,
    height: Number(raw.height),
    work: BigInt(String(raw.work)),
    draw: bytesOf(raw.draw),
    startDigest: bytesOf(raw.startDigest),
    checked: raw.checked as Checked,
  };
}

const corrupt = (what: string): PouwError =>
  new PouwError("STORE_CORRUPT", `${what} contradicts its neighbours`, {
    remedy: "move the data directory away and sync again, or restore it from a copy",
  });

export class BlockStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Checks that the directory belongs to `identity`, or marks a new one. Throws WRONG_NETWORK. */
  async claim(identity: { readonly network: string; readonly genesis: string }): Promise<void> {
    const own = JSON.stringify({ format: 1, ...identity });
    const found = await this.#store.get(KEYS.identity);
    if (found === undefined) return this.#store.batch([{ key: KEYS.identity, value: text.encode(own) }]);
    if (plain.decode(found) === own) return;
    const other = JSON.parse(plain.decode(found)) as { network?: string; genesis?: string };
    const whose = `network ${other.network}, genesis ${other.genesis?.slice(0, 16)}`;
    throw new PouwError("WRONG_NETWORK", `The data directory belongs to another chain (${whose}).`, {
      remedy: "choose another --data-dir, or start with the network it was made for",
    });
  }

  async head(): Promise<Uint8Array | undefined> {
    return this.#store.get(KEYS.head);
  }

  async node(id: Uint8Array): Promise<BlockEntry | undefined> {
    const bytes = await this.#store.get(KEYS.node(id));
    return bytes === undefined ? undefined : decodeNode(bytes);
  }

  /** Throws STORE_CORRUPT when the stored block is not the one its key names. */
  async block(id: Uint8Array): Promise<Block | undefined> {
    const bytes = await this.#store.get(KEYS.block(id));
    if (bytes === undefined) return undefined;
    const block = Block.codec.decode(bytes);
    if (!bytesEqual(Header.id(block.header), id)) throw corrupt(`block ${toHex(id)}`);
    return block;
  }

  /** The stored post-state; undefined when it was pruned. */
  async state(id: Uint8Array): Promise<State | undefined> {
    const bytes = await this.#store.get(KEYS.state(id));
    if (bytes === undefined) return undefined;
    const state = decodeState(bytes);
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

  /** Nodes of every branch from `from` up, lowest first. */
  async nodesFrom(from: number, to: number): Promise<BlockEntry[]> {
    const nodes: BlockEntry[] = [];
    for await (const key of this.#store.keys({ gte: ranges.siblings(from).gte, lt: ranges.siblings(to).lt })) {
      const node = await this.node(fromHex(key.slice(key.lastIndexOf("/") + 1)) as Uint8Array);
      if (node === undefined) throw corrupt(key);
      nodes.push(node);
    }
    return nodes;
  }

  async transfer(id: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#store.get(KEYS.transfer(id));
  }

  /** Everything that one imported block adds, and the move of the best chain if it makes one. One batch. */
  async commit(change: {
    readonly block: Block;
    readonly node: BlockEntry;
    readonly state: State;
    readonly deltas: Deltas;
    readonly parameters: Uint8Array | undefined;
    readonly move: Move | undefined;
  }): Promise<void> {
    const { block, node, state, parameters } = change;
    const contributions = block.body.records.flatMap((record) => record.contributions);
    const writes: StoreWrite[] = [
      { key: KEYS.block(node.id), value: Block.codec.encode(block) },
      { key: KEYS.node(node.id), value: encodeNode(node) },
      { key: KEYS.sibling(node.height, node.id), value: new Uint8Array(0) },
      { key: KEYS.state(node.id), value: encodeState(state) },
      ...change.deltas.toStore(contributions),
    ];
    if (parameters !== undefined) writes.push({ key: KEYS.parameters(node.startDigest), value: parameters });
    if (change.move !== undefined) writes.push(...moveWrites(change.move));
    writes.push(...(await this.#prunable(node.height - KEEP_RECENT)));
    await this.#store.batch(writes);
    change.deltas.written(contributions);
  }

  /** The record that this node signed for a round on a block, if it did before a restart. */
  async signedRecord(block: Uint8Array, round: number): Promise<RoundRecord | undefined> {
    const bytes = await this.#store.get(KEYS.signed(block, round));
    return bytes === undefined ? undefined : RoundRecord.codec.decode(bytes);
  }

  /**
   * A record's deltas on disk, where blocks will find them; an own record with them, before anyone sees it: a restart must not
   * sign another for its round.
   */
  async keepRecord(record: RoundRecord, own: boolean, deltas: Deltas): Promise<void> {
    const signed = { key: KEYS.signed(record.block, record.round), value: RoundRecord.codec.encode(record) };
    const writes: StoreWrite[] = [...(own ? [signed] : []), ...deltas.toStore(record.contributions)];
    if (writes.length === 0) return;
    await this.#store.batch(writes);
    deltas.written(record.contributions);
  }

  /** The outcome of a check, and the move of the best chain that it makes, if any. */
  async mark(nodes: readonly BlockEntry[], move: Move | undefined): Promise<void> {
    const writes: StoreWrite[] = nodes.map((node) => ({ key: KEYS.node(node.id), value: encodeNode(node) }));
    if (move !== undefined) writes.push(...moveWrites(move));
    await this.#store.batch(writes);
  }

  /** States and parameters at a height that is no longer recent and not a snapshot. */
  async #prunable(height: number): Promise<StoreWrite[]> {
    if (height < 1 || height % SNAPSHOT_EVERY === 0) return [];
    const kept = new Set<string>();
    for (const near of await this.nodesFrom(height + 1, height + 2)) kept.add(toHex(near.startDigest));
    for (const near of await this.nodesFrom(height - 1, height - 1)) kept.add(toHex(near.startDigest));
    const writes: StoreWrite[] = [];
    for (const node of await this.nodesFrom(height, height)) {
      writes.push({ key: KEYS.state(node.id), value: undefined });
      if (!kept.has(toHex(node.startDigest))) writes.push({ key: KEYS.parameters(node.startDigest), value: undefined });
    }
    return writes;
  }
}

/** The best chain moves: `dropped` leave it (highest first), `added` join it (lowest first). */
export interface Move {
  readonly head: Uint8Array;
  readonly dropped: readonly Block[];
  readonly added: readonly { readonly id: Uint8Array; readonly block: Block }[];
}

function moveWrites(move: Move): StoreWrite[] {
  const writes: StoreWrite[] = [{ key: KEYS.head, value: move.head }];
  for (const block of move.dropped) {
    writes.push({ key: KEYS.canonical(block.header.height), value: undefined });
    for (const transfer of block.body.transfers)
      writes.push({ key: KEYS.transfer(Transaction.id(transfer)), value: undefined });
  }
  for (const { id, block } of move.added) {
    writes.push({ key: KEYS.canonical(block.header.height), value: id });
    for (const transfer of block.body.transfers) writes.push({ key: KEYS.transfer(Transaction.id(transfer)), value: id });
  }
  return writes;
}
