// Old damage in the store of a running node: found in the background, named, and mended from its neighbours or from peers.
import { afterEach, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/level/index.ts";
import { storeCorrupt, toHex } from "../../src/base/index.ts";
import { KEYS } from "../../src/engine/storage/index.ts";
import type { NodeStatus } from "../../src/node/index.ts";
import type { Store } from "../../src/ports/index.ts";
import { keysOf } from "../support/desk.ts";
import { Sim } from "../support/sim.ts";

let sim: Sim;
afterEach(() => sim.close());
const HOUR_MS = 3_600_000;
const status = (name: string): NodeStatus => sim.node(name).getStatus();
const chain = (name: string) => status(name).health.find(({ check }) => check === "chain");

/** A store in which rows are damaged until they are written again. */
function fragile(inner: Store): { store: Store; damaged: Set<string> } {
  const damaged = new Set<string>();
  const store: Store = {
    entries: (range) => inner.entries(range),
    keys: (range) => inner.keys(range),
    recover: () => inner.recover(),
    close: () => inner.close(),
    get: async (key) => {
      if (damaged.has(key)) throw storeCorrupt(`the record "${key}" fails its checksum`);
      return inner.get(key);
    },
    batch: async (writes) => {
      await inner.batch(writes);
      for (const { key } of writes) damaged.delete(key);
    },
  };
  return { store, damaged };
}

/** A miner with a chain, whose rows are damaged at a height below; stopped. */
async function damage(): Promise<{ damaged: Set<string>; keys: string[]; block: Uint8Array }> {
  sim = new Sim({ seed: 4 });
  const { store, damaged } = fragile(memoryStore());
  await sim.add("miner", { roles: ["miner"], store });
  await sim.add("peer", {}, ["miner"]);
  await sim.clock.run(4 * HOUR_MS, () => status("miner").height >= 76 && status("peer").height >= 76);
  await sim.stop("miner");
  const id = (await store.get(KEYS.canonical(9))) as Uint8Array;
  const [delta] = await keysOf(store, "delta");
  const keys = [
    ...[KEYS.block(id), KEYS.entry(id), KEYS.canonical(9), `delta/${delta}`],
    `state/${toHex((await store.get(KEYS.canonical(32))) as Uint8Array)}`,
  ];
  const block = (await store.get(KEYS.block(id))) as Uint8Array;
  for (const key of keys) damaged.add(key);
  return { damaged, keys, block };
}

it("is named while no peer has it, and mended from the neighbours where they tell it", async () => {
  const { damaged, keys } = await damage();
  await sim.restart("miner");
  await sim.clock.run(60_000);
  const [block, , , delta] = keys as [string, string, string, string];
  // What is known of a block, and the index, follow from the blocks; this one is gone, so its entry waits for it.
  expect(damaged.has(block)).toBe(true);
  expect(chain("miner")).toMatchObject({ ok: false });
  expect(chain("miner")?.sentence).toMatch(/^Damaged in the store: .*block 9/);
  expect(damaged.has(delta)).toBe(true);
});

it("is brought from a peer, checked, and the node is well again", async () => {
  const { damaged, keys, block } = await damage();
  await sim.restart("miner", ["peer"]);
  await sim.clock.run(10 * 60_000, () => chain("miner")?.ok === true && damaged.size === 0);
  expect([...damaged]).toEqual([]);
  expect(chain("miner")).toMatchObject({ ok: true });
  expect(await sim.store("miner").get(keys[0] as string)).toEqual(block);
  await sim.clock.run(HOUR_MS, () => status("miner").height >= 80);
  expect(status("miner").height).toBeGreaterThanOrEqual(80);
});

it("in a store that is sound finds nothing", async () => {
  sim = new Sim({ seed: 4 });
  await sim.add("miner", { roles: ["miner"] });
  await sim.clock.run(HOUR_MS, () => status("miner").height >= 40);
  await sim.stop("miner");
  await sim.restart("miner");
  await sim.clock.run(60_000);
  expect(chain("miner")).toMatchObject({ ok: true });
});
