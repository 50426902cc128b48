// A followed task under the chain: what a block moves is fetched, computed and kept, and a set that is gone is made again from the records of the blocks below.
import { beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../../../src/adapters/level/index.ts";
import { ACCEPT, toHex } from "../../../../src/base/index.ts";
import { genesisState } from "../../../../src/chain/index.ts";
import { REQUESTS } from "../../../../src/codec/index.ts";
import { createClient } from "../../../../src/engine/exchange/index.ts";
import { OWN } from "../../../../src/engine/origin.ts";
import { BlockStore, KEYS } from "../../../../src/engine/storage/index.ts";
import { encodeSet, FollowedTask, FollowedTasks, type Standing } from "../../../../src/engine/training/index.ts";
import type { Store, Wire } from "../../../../src/ports/index.ts";
import { contributionsOf } from "../../../../src/work/index.ts";
import {
  aDesk,
  type Built,
  blockOn,
  type Desk,
  firstPlace,
  grow,
  keysOf,
  signal,
  unitsAt,
  wipe,
} from "../../../support/desk.ts";
import type { Place } from "../../../support/forge.ts";
import { toyArtifacts, toyTask } from "../../../support/sim.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

let store: Store;
let desk: Desk;
let first: Place;
/** Four blocks on the first: of two records, none, three and one, and a closing one each. */
let chain: Built[];

beforeEach(async () => {
  store = memoryStore();
  desk = await aDesk(store);
  first = await firstPlace(desk);
  chain = [];
  for (const records of [2, 0, 3, 1]) chain.push(...(await grow(desk, chain.at(-1)?.place ?? first, 1, records)));
});

/** The task over the same store with an empty memory. */
const again = (network?: ConstructorParameters<typeof FollowedTask>[1]["network"]): Promise<FollowedTask> => {
  const deps = { store, seasonBlocks: 1000, blocks: new BlockStore(store), network, artifacts: toyArtifacts };
  return FollowedTask.open(toyTask, deps, { signal });
};
const setAt = (followed: FollowedTask, { block, place }: Built): Promise<Float32Array | undefined> =>
  followed.parametersAt({ id: block.id, digest: place.start, season: 0 }, { signal });

describe("parameters after a block", () => {
  it("are read where they were stored", async () => {
    const followed = await again();
    for (const built of chain) expect(await setAt(followed, built)).toEqual(built.place.parameters);
    // One row a block, at its end: not one a record.
    expect(await keysOf(store, "parameters")).toEqual(
      [first, ...chain.map(({ place }) => place)].map(({ start }) => toHex(start)).sort(),
    );
  });

  it("are made again through the records of several blocks when their rows are gone", async () => {
    expect(await wipe(store, "parameters")).toBe(5);
    for (const built of [...chain].reverse()) expect(await setAt(await again(), built)).toEqual(built.place.parameters);
  });

  it("are made again from the nearest set that is left", async () => {
    const [, second, , last] = chain as [Built, Built, Built, Built];
    const value = encodeSet(second.place.parameters);
    await wipe(store, "parameters");
    await store.batch([{ key: KEYS.parameters(second.place.start), value }]);
    // Deltas below it are gone too: nobody needs them.
    for (const { deltaHash } of contributionsOf((chain[0] as Built).block.value))
      await store.batch([{ key: KEYS.delta(deltaHash), value: undefined }]);
    expect(await setAt(await again(), last)).toEqual(last.place.parameters);
    await store.batch([{ key: KEYS.parameters(second.place.start), value: undefined }]);
    expect(await setAt(await again(), last)).toBeUndefined();
  });

  it("in the middle of a block's records are made again as well: a unit may have started there", async () => {
    await wipe(store, "parameters");
    const { records } = (chain[2] as Built).block.value.body;
    for (const { nextDigest } of records) {
      const set = await (await again()).parametersAt(
        { id: (chain[2] as Built).block.id, digest: nextDigest, season: 0 },
        { signal },
      );
      expect(set !== undefined && desk.followed.parameters.store.matches(nextDigest, set)).toBe(true);
    }
    const { startDigest } = (chain[3] as Built).block.value.header;
    const set = (await (
      await again()
    ).parametersAt({ id: (chain[3] as Built).block.id, digest: startDigest, season: 0 }, { signal })) as Float32Array;
    expect(desk.followed.parameters.store.matches(startDigest, set)).toBe(true);
  });

  it("are pulled by their digest when deltas are gone too, and given up when nobody has them", async () => {
    const last = chain[3] as Built;
    await wipe(store, "parameters");
    await wipe(store, "delta");
    expect(await setAt(await again(), last)).toBeUndefined();
    const asked: string[] = [];
    const wire = {
      punish: () => undefined,
      request: async (_peer: string, _protocol: string, data: Uint8Array) => {
        const { id } = REQUESTS.blob.request.decode(data);
        asked.push(toHex(id));
        const bytes = toHex(id) === toHex(last.place.start) ? encodeSet(last.place.parameters) : new Uint8Array(0);
        return REQUESTS.blob.reply.encode({ total: bytes.length, bytes });
      },
    } as unknown as Wire;
    const network = {
      wire,
      client: createClient({ wire, clock: new VirtualClock() }),
      peers: { ranked: () => ["peer"] },
    };
    expect(await setAt(await again(network), last)).toEqual(last.place.parameters);
    expect(asked).toContain(toHex(last.place.start));
  });

  it("over a gap in the chain cannot be made", async () => {
    await wipe(store, "parameters");
    await store.batch([{ key: KEYS.block((chain[2] as Built).block.id), value: undefined }]);
    expect(await setAt(await again(), chain[3] as Built)).toBeUndefined();
    expect(await setAt(await again(), chain[1] as Built)).toEqual(chain[1]?.place.parameters);
  });
});

describe("a block", () => {
  const pulling = { hints: [], signal };
  const standing = (): Standing => {
    const last = chain[3] as Built;
    return { id: last.block.id, digest: last.place.start, season: 0 };
  };

  it("is advanced over the parameters below it, and only its own task's records count", async () => {
    const next = blockOn(desk, (chain[3] as Built).place, 2);
    const followed = await again();
    for (const { deltaHash } of contributionsOf(next.block.value))
      followed.deltas.put(deltaHash, (await desk.followed.deltas.local(deltaHash)) as Uint8Array);
    expect(await followed.fetch(next.block.value, pulling)).toBeUndefined();
    expect(await followed.advance(next.block.value, standing(), pulling)).toEqual(ACCEPT);
    const other = new FollowedTask(
      { ...toyTask, id: new Uint8Array(32) as never },
      { store, seasonBlocks: 1000, blocks: desk.blocks, network: undefined },
    );
    expect(other.movesIn(next.block.value)).toEqual([]);
    expect(await other.advance(next.block.value, standing(), pulling)).toEqual(ACCEPT);
    expect(await other.toStore(next.block.value, { digest: next.place.start, season: 0 })).toEqual([]);
  });

  it("whose deltas nobody serves is not fetched", async () => {
    const next = blockOn(desk, (chain[3] as Built).place, 1);
    expect(await (await again()).fetch(next.block.value, pulling)).toMatchObject({ kind: "ignore", code: "no-delta" });
  });

  it("that needs parameters which cannot be had is ignored, one that needs none is not", async () => {
    await wipe(store, "parameters");
    await wipe(store, "delta");
    const next = blockOn(desk, (chain[3] as Built).place, 0);
    expect(await (await again()).advance(next.block.value, standing(), pulling)).toMatchObject({
      kind: "ignore",
      code: "no-parameters",
    });
    const elsewhere = { ...next.block.value, header: { ...next.block.value.header, task: new Uint8Array(32) } };
    expect(await (await again()).advance(elsewhere, standing(), pulling)).toEqual(ACCEPT);
  });

  it("gives the rows to keep once: the set at its end and the deltas that are not on disk", async () => {
    const next = blockOn(desk, (chain[3] as Built).place, 2);
    const { value } = next.block;
    await desk.followed.advance(value, standing(), pulling);
    const keys = (await desk.followed.toStore(value, { digest: next.place.start, season: 0 })).map(({ key }) => key);
    const deltas = contributionsOf(value).map(({ deltaHash }) => KEYS.delta(deltaHash));
    expect(deltas).toHaveLength(3);
    expect(keys).toEqual([KEYS.parameters(next.place.start), ...deltas]);
    desk.followed.written(value);
    expect((await desk.followed.toStore(value, { digest: next.place.start, season: 0 })).map(({ key }) => key)).toEqual(
      [KEYS.parameters(next.place.start)],
    );
  });
});

describe("the tasks that a node follows", () => {
  it("stand in ascending order of id, are found by it, and serve each other's blobs to peers", async () => {
    const other = new FollowedTask(
      { ...toyTask, id: new Uint8Array(32) as never },
      { store, seasonBlocks: 1000, blocks: desk.blocks, network: undefined },
    );
    const tasks = new FollowedTasks([desk.followed, other]);
    expect(tasks.all).toEqual([other, desk.followed]);
    expect(tasks.get(toyTask.id)).toBe(desk.followed);
    expect(tasks.get(new Uint8Array(32).fill(1))).toBeUndefined();
    const last = chain[3] as Built;
    expect(await tasks.parameters(last.place.start)).toEqual(encodeSet(last.place.parameters));
    const [unit] = unitsAt(desk, last.place) as [ReturnType<typeof unitsAt>[number]];
    expect(await tasks.delta(unit.contribution.deltaHash)).toEqual(unit.delta);
    expect([await tasks.delta(new Uint8Array(32)), await tasks.parameters(new Uint8Array(32))]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("none of which a block concerns keep nothing of it but where they stand", async () => {
    const none = new FollowedTasks([]);
    const { value } = (chain[3] as Built).block;
    const { state } = (chain[3] as Built).place;
    expect(await none.keep(value, state)).toMatchObject({ parameters: [], writes: [] });
    const parent = (await desk.ledger.entry(value.header.parent)) as never;
    expect(
      await none.advance({ parent, state: genesisState(desk.lab.network.genesis) }, value, OWN, { signal }),
    ).toEqual(ACCEPT);
    expect(await none.fetch(value, OWN, { signal })).toBeUndefined();
    const kept = await new FollowedTasks([desk.followed]).keep(value, state);
    expect(kept.parameters).toEqual([(chain[3] as Built).place.start]);
  });
});
