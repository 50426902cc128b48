// The chain on disk: one batch a block whose size is the block's own, history rows that come and go with it, and parameter sets pruned over branches and tasks.
import { beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../../../src/adapters/level/index.ts";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { ACCEPT, Emitter, type Hash32, toHex } from "../../../../src/base/index.ts";
import { genesisState, rulesOf, type State } from "../../../../src/chain/index.ts";
import { Block, Header, Transaction } from "../../../../src/codec/index.ts";
import { sha256 } from "../../../../src/crypto/index.ts";
import { type KeyBans, Ledger } from "../../../../src/engine/chain/index.ts";
import { OWN } from "../../../../src/engine/origin.ts";
import {
  BlockStore,
  type HistorySource,
  KEYS,
  type Move,
  type Retention,
  transactionRows,
} from "../../../../src/engine/storage/index.ts";
import type { Store, StoreWrite } from "../../../../src/ports/index.ts";
import { aGenesis, alice, aTransfer, aWorld, bob, carol, mineBlock, type World } from "../../../support/chain.ts";
import { entryOf, keysOf, type Link, signal } from "../../../support/desk.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const world = aWorld();
let store: Store;
/** Every batch, as it was written. */
let batches: (readonly StoreWrite[])[];
let blocks: BlockStore;

function noting(inner: Store): Store {
  batches = [];
  return {
    get: (key) => inner.get(key),
    entries: (range) => inner.entries(range),
    keys: (range) => inner.keys(range),
    recover: () => inner.recover(),
    close: () => inner.close(),
    batch: (writes) => {
      batches.push(writes);
      return inner.batch(writes);
    },
  };
}

beforeEach(() => {
  store = noting(memoryStore());
  blocks = new BlockStore(store);
});

function mine(on: State, key = alice, transactions: readonly Transaction[] = []): Link {
  const mined = mineBlock(on, key, world.rules, { transactions });
  return { block: Block.wrap(mined.block), state: mined.state };
}

interface Kept {
  readonly move?: Move;
  readonly parameters?: readonly Hash32[];
  readonly writes?: readonly StoreWrite[];
}
const commit = (link: Link, { move, parameters, writes = [] }: Kept = {}): Promise<void> =>
  blocks.commit({
    block: link.block,
    entry: entryOf(link, { parameters: parameters ?? [] }),
    writes,
    deltas: [],
    move,
  });
const to = (head: Link, added: readonly Link[], dropped: readonly Link[] = []): Move => ({
  head: head.block.id,
  added: added.map(({ block }) => block),
  dropped: dropped.map(({ block }) => block),
});
const bytesOf = (writes: readonly StoreWrite[]): number =>
  writes.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0);

describe("a block", () => {
  it("is one batch, in the bytes that came, and is read back the same", async () => {
    const link = mine(world.state);
    const extra = { key: KEYS.delta(0, sha256(Uint8Array.of(1))), value: Uint8Array.of(1) };
    await commit(link, { move: to(link, [link]), writes: [extra] });
    expect(batches).toHaveLength(1);
    const keys = new Set(batches[0]?.map(({ key }) => key));
    const { id, bytes } = link.block;
    for (const key of [
      KEYS.block(id),
      KEYS.header(id),
      KEYS.entry(id),
      KEYS.sibling(1, id),
      KEYS.head,
      KEYS.canonical(1),
      extra.key,
    ])
      expect(keys).toContain(key);
    expect(await store.get(KEYS.block(id))).toEqual(bytes);
    const again = new BlockStore(store);
    expect(await again.head()).toEqual(id);
    expect(await again.bytes(id)).toEqual(bytes);
    expect((await again.block(id))?.value).toEqual(link.block.value);
    expect(await again.entry(id)).toEqual(entryOf(link));
    expect(await again.canonicalRange(0, 5)).toEqual([id]);
    expect(await again.entries(1, 2)).toEqual([entryOf(link)]);
  });

  it("on another branch moves neither head nor index", async () => {
    const [best, other] = [mine(world.state), mine(world.state, bob)];
    await commit(best, { move: to(best, [best]) });
    await commit(other);
    expect(await blocks.head()).toEqual(best.block.id);
    expect(await blocks.canonical(1)).toEqual(best.block.id);
    expect(await blocks.entries(1, 2)).toHaveLength(2);
  });

  it("is found as a header after the first block that is named and on the best chain, from the first block on where none is", async () => {
    const one = mine(world.state);
    const [two, aside] = [mine(one.state), mine(one.state, bob)];
    const three = mine(two.state);
    for (const link of [one, two, three]) await commit(link, { move: to(link, [link]) });
    await commit(aside);
    const header = ({ block }: Link): Uint8Array => Header.codec.encode(block.value.header);
    const following = (count: number, ...known: Link[]): Promise<Uint8Array[]> =>
      blocks.headersAfter(
        known.map(({ block }) => block.id),
        count,
      );
    expect(await following(9)).toEqual([one, two, three].map(header));
    expect(await following(9, aside)).toEqual([one, two, three].map(header));
    expect(await following(1, aside, one)).toEqual([header(two)]);
    expect(await following(9, three, one)).toEqual([]);
  });

  it("that its key does not name is STORE_CORRUPT", async () => {
    const [one, two] = [mine(world.state), mine(world.state, bob)];
    await commit(one);
    await store.batch([{ key: KEYS.block(one.block.id), value: two.block.bytes }]);
    await expect(new BlockStore(store).block(one.block.id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    await store.batch([{ key: KEYS.entry(one.block.id), value: undefined }]);
    await expect(blocks.entries(1, 2)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("that is not here is undefined", async () => {
    const nowhere = new Uint8Array(32);
    const found = [
      blocks.block(nowhere),
      blocks.bytes(nowhere),
      blocks.entry(nowhere),
      blocks.state(nowhere),
      blocks.head(),
    ];
    expect(await Promise.all(found)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });
});

describe("a check's outcome", () => {
  it("is written for all that it changes, with the move it makes, in one batch", async () => {
    const [first, second] = [mine(world.state), mine(world.state, bob)];
    await commit(first, { move: to(first, [first]) });
    await commit(second);
    batches.length = 0;
    await blocks.mark([{ ...entryOf(first), checked: "invalid" }], to(second, [second], [first]));
    expect(batches).toHaveLength(1);
    expect((await blocks.entry(first.block.id))?.checked).toBe("invalid");
    expect(await blocks.head()).toEqual(second.block.id);
    expect(await blocks.canonical(1)).toEqual(second.block.id);
    await blocks.mark([{ ...entryOf(second), checked: "executed" }], undefined);
    expect((await blocks.entry(second.block.id))?.checked).toBe("executed");
  });
});

describe("history rows", () => {
  const rowOf = (transaction: Transaction): string => toHex(Transaction.id(transaction));

  it("are written with the block that joins the best chain and deleted with the one that leaves it", async () => {
    const [shared, own] = [
      aTransfer(world.state, alice, bob.address, 5n),
      aTransfer(world.state, alice, bob.address, 6n),
    ];
    const first = mine(world.state, alice, [own]);
    const rival = mine(world.state, bob, [shared]);
    const more = mine(rival.state, bob, [aTransfer(rival.state, alice, carol.address, 1n)]);
    await commit(first, { move: to(first, [first]) });
    await commit(rival);
    // The side branch's are not there before it is the best.
    expect(await keysOf(store, "history/transaction")).toEqual([rowOf(own)]);
    await commit(more, { move: to(more, [rival, more], [first]) });
    const rows = [shared, more.block.value.body.transactions[0] as Transaction].map(rowOf);
    expect(await keysOf(store, "history/transaction")).toEqual([...rows].sort());
    expect(await blocks.history(transactionRows, rowOf(shared))).toEqual(rival.block.id);
    expect(await blocks.history(transactionRows, rowOf(own))).toBeUndefined();
    await blocks.mark([{ ...entryOf(rival), checked: "invalid" }], to(first, [first], [more, rival]));
    expect(await keysOf(store, "history/transaction")).toEqual([rowOf(own)]);
  });

  it("of a transaction that both branches hold name the block of the one that stands", async () => {
    const shared = aTransfer(world.state, alice, bob.address, 5n);
    const [first, rival] = [mine(world.state, alice, [shared]), mine(world.state, bob, [shared])];
    await commit(first, { move: to(first, [first]) });
    await commit(rival, { move: to(rival, [rival], [first]) });
    expect(await blocks.history(transactionRows, rowOf(shared))).toEqual(rival.block.id);
  });

  it("of another kind are a source more, and of none where there is none", async () => {
    const miners: HistorySource = {
      name: "miner",
      rows: ({ value: { header }, id }) => [{ key: `${toHex(header.miner)}/${header.height}`, value: id }],
    };
    blocks = new BlockStore(store, { history: [transactionRows, miners] });
    const first = mine(world.state);
    const rival = mine(world.state, bob);
    await commit(first, { move: to(first, [first]) });
    expect(await blocks.history(miners, `${toHex(alice.address)}/1`)).toEqual(first.block.id);
    await commit(rival, { move: to(rival, [rival], [first]) });
    expect(await keysOf(store, "history/miner")).toEqual([`${toHex(bob.address)}/1`]);
    const bare = noting(memoryStore());
    await new BlockStore(bare, { history: [] }).commit({
      block: first.block,
      entry: entryOf(first),
      writes: [],
      deltas: [],
      move: to(first, [first]),
    });
    expect(await keysOf(bare, "history")).toEqual([]);
  });
});

describe("parameter sets", () => {
  const retention: Retention = {
    keepsState: () => false,
    lastKept: (height) => height - (height % 4),
    recent: 2,
    window: undefined,
  };
  const set = (name: string): Hash32 => sha256(new TextEncoder().encode(name)) as Hash32;
  const rows = async (names: readonly string[]): Promise<string[]> => {
    const found = new Set(await keysOf(store, "parameters"));
    return names.filter((name) => found.has(toHex(set(name))));
  };
  /** Commits a block after which these sets stand; those that it brings are written with it. */
  async function standing(link: Link, ...names: readonly string[]): Promise<void> {
    const writes = names.map((name) => ({ key: KEYS.parameters(set(name)), value: Uint8Array.of(1) }));
    await commit(link, { parameters: names.map(set), writes });
  }
  beforeEach(() => {
    blocks = new BlockStore(store, { retention });
  });
  function chainOf(count: number, key = alice, from = world.state): Link[] {
    const links: Link[] = [];
    for (let i = 0; i < count; i++) links.push(mine(links.at(-1)?.state ?? from, key));
    return links;
  }

  it("go once their height is no longer recent, each task's by itself", async () => {
    const links = chainOf(7);
    // The second task moves at every block, the first at the third and the fifth only.
    const one = ["x0", "x0", "x3", "x3", "x5", "x5", "x5"];
    for (const [i, link] of links.entries()) await standing(link, one[i] as string, `y${i + 1}`);
    // Recent: 6 and 7; kept: 4, after which x3 and y4 stand.
    expect(await rows(["x0", "x3", "x5"])).toEqual(["x3", "x5"]);
    expect(await rows(["y1", "y2", "y3", "y4", "y5", "y6", "y7"])).toEqual(["y4", "y6", "y7"]);
  });

  it("stay while they stand after any block of the next height, whatever its branch", async () => {
    const trunk = chainOf(2);
    const left = chainOf(3, alice, (trunk[1] as Link).state);
    const right = chainOf(3, bob, (trunk[1] as Link).state);
    await standing(trunk[0] as Link, "t1");
    await standing(trunk[1] as Link, "t2");
    // The right branch carries the trunk's parameters on, the left one moves.
    await standing(right[0] as Link, "t2");
    await standing(left[0] as Link, "l3");
    await standing(left[1] as Link, "l4");
    expect(await rows(["t1", "t2", "l3", "l4"])).toEqual(["t2", "l3", "l4"]);
    // Those of both branches go with their height: the right one had its own for a while.
    await standing(right[1] as Link, "r4");
    await standing(left[2] as Link, "l5");
    expect(await rows(["t2", "l3", "l4", "r4", "l5"])).toEqual(["l4", "r4", "l5"]);
  });

  it("of a kept height stay for good on every branch", async () => {
    const left = chainOf(8);
    const right = chainOf(5, bob, (left[2] as Link).state);
    for (const [i, link] of left.slice(0, 4).entries()) await standing(link, `l${i + 1}`);
    await standing(right[0] as Link, "r4");
    for (const [i, link] of left.slice(4).entries()) await standing(link, `l${i + 5}`);
    expect(await rows(["l1", "l2", "l3", "l4", "r4", "l5", "l6", "l7", "l8"])).toEqual(["l4", "r4", "l7", "l8"]);
  });
});

describe("the directory", () => {
  const identity = { network: "testing", genesis: "aa".repeat(32) };

  it("belongs to the chain that claimed it first", async () => {
    await blocks.claim(identity);
    await blocks.claim(identity);
    await expect(blocks.claim({ ...identity, network: "other" })).rejects.toMatchObject({ code: "WRONG_NETWORK" });
    await expect(blocks.claim({ ...identity, genesis: "bb".repeat(32) })).rejects.toMatchObject({
      code: "WRONG_NETWORK",
      message: expect.stringContaining("network testing, genesis aaaaaaaaaaaaaaaa, format 7"),
    });
  });

  it("of another format is refused, naming it", async () => {
    const old = JSON.stringify({ format: 1, ...identity });
    await store.batch([{ key: KEYS.identity, value: new TextEncoder().encode(old) }]);
    await expect(blocks.claim(identity)).rejects.toMatchObject({
      code: "WRONG_NETWORK",
      message: expect.stringContaining("format 1"),
      remedy: expect.stringContaining("--data-dir"),
    });
  });
});

describe("the size of a block's batch", () => {
  /** Batches that a node writes for the same block on a state with `count` accounts; a state is stored every block. */
  async function batchesOn(count: number): Promise<(readonly StoreWrite[])[]> {
    const others = Array.from({ length: count - 1 }, (_, i) => ({
      address: toHex(sha256(Uint8Array.of(i, i >> 8))),
      amount: "5",
    }));
    // More than a genesis file may list: as many as stand after some time.
    const genesis = { ...aGenesis(), allocations: [{ address: toHex(alice.address), amount: "1000000" }, ...others] };
    const rich: World = { genesis, rules: rulesOf(genesis), state: genesisState(genesis) };
    const inner = noting(memoryStore());
    const training = {
      holds: async () => true,
      fetch: async () => undefined,
      advance: async () => ACCEPT,
      keep: async () => ({ parameters: [new Uint8Array(32) as Hash32], writes: [], deltas: [] }),
    };
    const retention: Retention = {
      keepsState: () => true,
      lastKept: (height) => height,
      recent: 64,
      window: undefined,
    };
    const standing = { executes: () => true, bans: { has: () => false } as unknown as KeyBans };
    const deps = {
      ...standing,
      training,
      events: new Emitter<never>() as never,
      clock: new VirtualClock(),
      log: silentLog(),
    };
    const ledger = await Ledger.open(rich, { ...deps, blocks: new BlockStore(inner, { retention }) });
    const transactions = [aTransfer(rich.state, alice, bob.address, 5n)];
    const { block } = mineBlock(rich.state, alice, rich.rules, { transactions });
    batches.length = 0;
    expect(await ledger.importBlock(Block.wrap(block), OWN, { signal })).toEqual(ACCEPT);
    return batches;
  }

  it("does not grow with the accounts: the state is in rows of its own, written after it a few at a time", async () => {
    const [few, many] = [await batchesOn(10), await batchesOn(30_000)];
    expect(few.length).toBe(2);
    expect(many.length).toBeGreaterThan(5);
    for (const [block, ...state] of [few, many] as [StoreWrite[], ...StoreWrite[][]][]) {
      expect(block.some(({ key }) => key.startsWith("state/"))).toBe(false);
      expect(block.some(({ key }) => key.startsWith("block/"))).toBe(true);
      expect(state.flat().every(({ key }) => key.startsWith("state/"))).toBe(true);
      // No batch holds up the loop or the disk for long.
      for (const batch of state) expect(bytesOf(batch)).toBeLessThan(512 * 1024);
    }
    const [small, large] = [few, many].map(([block]) => block as StoreWrite[]) as [StoreWrite[], StoreWrite[]];
    // A height, a draw or a work of other digits would show here: the entry is text.
    expect(large.length).toBe(small.length);
    expect(bytesOf(large)).toBe(bytesOf(small));
    // The control: what would grow does.
    expect(bytesOf(many.slice(1).flat())).toBeGreaterThan(30_000 * 32);
    expect(bytesOf(few[1] as StoreWrite[])).toBeLessThan(10_000);
  });
});
