// States between the stored ones are replayed: after a restart, on every branch, and whatever rows are gone as long as one below is left.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { memoryStore } from "../../../../src/adapters/level/index.ts";
import { fromHex, toHex } from "../../../../src/base/index.ts";
import type { State } from "../../../../src/chain/index.ts";
import { Block } from "../../../../src/codec/index.ts";
import { BlockStore, KEYS, type Retention, States } from "../../../../src/engine/storage/index.ts";
import type { Store } from "../../../../src/ports/index.ts";
import { alice, aTransfer, aWorld, bob, carol, mineBlock } from "../../../support/chain.ts";
import { entryOf, keysOf, type Link, wipe } from "../../../support/desk.ts";
import { crowded } from "../../../support/state-bytes.ts";

const world = aWorld();
/** A state every fourth block. */
const retention: Retention = {
  keepsState: (height) => height % 4 === 0,
  lastKept: (height) => height - (height % 4),
  recent: 8,
  window: undefined,
};

function chain(from: State, key: typeof alice, count: number): Link[] {
  const links: Link[] = [];
  for (let i = 0; i < count; i++) {
    const state = links.at(-1)?.state ?? from;
    const transactions = [aTransfer(state, alice, bob.address, 1n)];
    const mined = mineBlock(state, key, world.rules, { transactions });
    links.push({ block: Block.wrap(mined.block), state: mined.state });
  }
  return links;
}
const trunk = chain(world.state, alice, 10);
/** Parts from the trunk after its third block. */
const fork = chain((trunk[2] as Link).state, carol, 6);

let store: Store;
beforeEach(async () => {
  store = memoryStore();
  const blocks = new BlockStore(store, { retention });
  for (const { block, state } of [...trunk, ...fork]) {
    const entry = entryOf({ block, state }, { checked: "executed" });
    await blocks.commit({ block, entry, writes: [], deltas: [], move: undefined });
    if (retention.keepsState(entry.height)) await blocks.keepState(entry.id, state);
  }
});

/** As after a restart: nothing in memory. */
const fresh = (): { states: States; blocks: BlockStore } => {
  const blocks = new BlockStore(store, { retention });
  return { blocks, states: new States(world.state, { blocks, rules: world.rules }) };
};
const rootOf = async (states: States, link: Link): Promise<string> => toHex((await states.of(link.block.id)).root);
/** Blocks whose state is stored: each main row is under the block's id. */
const rows = async (): Promise<string[]> => (await keysOf(store, "state")).filter((name) => !name.includes("/"));

describe("a state", () => {
  it("is stored every so many blocks on every branch, and replayed in between", async () => {
    const kept = [...trunk, ...fork].filter(({ state }) => state.height % 4 === 0).map(({ block }) => toHex(block.id));
    expect(await rows()).toEqual(kept.sort());
    const { states } = fresh();
    for (const link of [...trunk, ...fork].reverse()) expect(await rootOf(states, link)).toBe(toHex(link.state.root));
    expect((await states.of(world.rules.genesis)).root).toEqual(world.state.root);
  });

  it("is replayed from the nearest stored one and no further back", async () => {
    const { states, blocks } = fresh();
    const read = vi.spyOn(blocks, "block");
    await rootOf(states, trunk[9] as Link);
    expect(read.mock.calls.map(([id]) => toHex(id))).toEqual([9, 8].map((i) => toHex((trunk[i] as Link).block.id)));
    // What was replayed stays in memory.
    read.mockClear();
    await rootOf(states, trunk[8] as Link);
    await rootOf(states, trunk[9] as Link);
    expect(read).not.toHaveBeenCalled();
  });

  it.each([
    [
      "the nearest row is gone",
      async () => store.batch([{ key: KEYS.state((trunk[7] as Link).block.id), value: undefined }]),
    ],
    ["every row is gone", () => wipe(store, "state")],
  ])("is the same when %s", async (_, lose) => {
    await lose();
    const { states } = fresh();
    for (const link of [trunk[9], fork[5], trunk[3]] as Link[])
      expect(await rootOf(states, link)).toBe(toHex(link.state.root));
  });

  it("of a branch is not mixed up with that of another at the same height", async () => {
    const { states } = fresh();
    const [one, two] = [trunk[6], fork[3]] as [Link, Link];
    expect(one.state.height).toBe(two.state.height);
    expect(await rootOf(states, two)).toBe(toHex(two.state.root));
    expect(await rootOf(states, one)).toBe(toHex(one.state.root));
    // A row under the wrong block's key is seen.
    const value = (await store.get(KEYS.state((trunk[7] as Link).block.id))) as Uint8Array;
    await store.batch([{ key: KEYS.state((fork[4] as Link).block.id), value }]);
    await expect(fresh().states.of((fork[4] as Link).block.id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("of which only some rows were written is none", async () => {
    const { block, state } = trunk[7] as Link;
    await wipe(store, "state");
    let batches = 0;
    const full = new Error("no room");
    const failing: Store = {
      get: (key) => store.get(key),
      entries: (range) => store.entries(range),
      keys: (range) => store.keys(range),
      recover: () => store.recover(),
      close: () => store.close(),
      batch: (writes) => (++batches === 2 ? Promise.reject(full) : store.batch(writes)),
    };
    const large = crowded(state, 5000, 0);
    await expect(new BlockStore(failing, { retention }).keepState(block.id, large)).rejects.toBe(full);
    expect((await keysOf(store, "state")).length).toBeGreaterThan(0);
    expect(await fresh().blocks.state(block.id)).toBeUndefined();
    expect(await rootOf(fresh().states, trunk[7] as Link)).toBe(toHex(state.root));
    // The control: with room it is all there.
    await fresh().blocks.keepState(large.tipId, large);
    expect((await fresh().blocks.state(large.tipId))?.root).toEqual(large.root);
  });

  it("of a block that is not here is NOT_FOUND, over a gap in the chain too", async () => {
    const { states } = fresh();
    await expect(states.of(new Uint8Array(32))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await store.batch([{ key: KEYS.block((trunk[8] as Link).block.id), value: undefined }]);
    await expect(fresh().states.of((trunk[9] as Link).block.id)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("over a stored block that breaks a rule is STORE_CORRUPT", async () => {
    await wipe(store, "state");
    const second = (trunk[1] as Link).block;
    const spoilt = { ...second.value, body: { ...second.value.body, transactions: [] } };
    await store.batch([{ key: KEYS.block(second.id), value: Block.codec.encode(spoilt) }]);
    await expect(fresh().states.of((trunk[3] as Link).block.id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    expect(fromHex(toHex(second.id))).toEqual(second.id);
  });

  it("that was put needs no replay, and old ones make room for new ones", async () => {
    const { states, blocks } = fresh();
    const read = vi.spyOn(blocks, "block");
    for (const { block, state } of trunk) states.put(block.id, state);
    for (const link of trunk) await rootOf(states, link);
    expect(read).not.toHaveBeenCalled();
    for (let i = 0; i < 64; i++)
      states.put(
        Uint8Array.from({ length: 32 }, () => i),
        world.state,
      );
    await rootOf(states, trunk[9] as Link);
    expect(read).toHaveBeenCalled();
  });
});
