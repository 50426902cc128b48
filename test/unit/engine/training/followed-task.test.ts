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
import { contributionsOf, firstDigest } from "../../../../src/work/index.ts";
import {
  aDesk,
  afterRounds,
  type Built,
  blockAt,
  blockOn,
  closed,
  type Desk,
  firstPlace,
  grow,
  keysOf,
  signal,
  unitsAt,
  wipe,
} from "../../../support/desk.ts";
import type { Place, Unit } from "../../../support/forge.ts";
import { Sim, toyArtifacts, toyTask } from "../../../support/sim.ts";
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
const again = (
  network?: ConstructorParameters<typeof FollowedTask>[1]["network"],
  seasonBlocks = 1000,
): Promise<FollowedTask> => {
  const deps = { store, seasonBlocks, blocks: new BlockStore(store), network, artifacts: toyArtifacts };
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
    for (const { height, deltaHash } of contributionsOf((chain[0] as Built).block.value))
      await store.batch([{ key: KEYS.delta(height, deltaHash), value: undefined }]);
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
    const clock = new VirtualClock();
    const network = {
      wire,
      client: createClient({ wire, clock }),
      clock,
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

describe("late contributions", () => {
  const slow = Sim.key("slow");
  /** A block of three records: what was run before the first is recorded in the third, what was run before the second in the closing one. */
  let built: Built;
  let records: Place[];
  beforeEach(async () => {
    const { place } = chain[3] as Built;
    const [one, two] = [closed(desk, place), closed(desk, afterRounds(desk, place, 1))];
    const three = closed(desk, two.place, [...unitsAt(desk, place, 1, slow), ...unitsAt(desk, two.place)]);
    records = [one.place, two.place, three.place];
    built = blockAt(desk, three.place, { others: unitsAt(desk, one.place, 2, slow) });
  });
  const bring = async ({ block }: Built): Promise<void> =>
    expect(await desk.ledger.importBlock(block, OWN, { signal })).toEqual(ACCEPT);
  const at = ({ place, block }: Built): Standing => ({ id: block.id, digest: place.start, season: 0 });
  /** The deltas of a block on disk, and nothing of it besides. */
  const written = async ({ block }: Built): Promise<void> => desk.followed.deltas.keep(contributionsOf(block.value));
  const rowless = async (...places: readonly Place[]): Promise<void> =>
    store.batch(places.map(({ start }) => ({ key: KEYS.parameters(start), value: undefined })));

  it("of a block combine from their own starts, which its own records make", async () => {
    const lags = built.block.value.body.closing.contributions.map(({ round }) => built.place.round - 1 - round);
    expect(lags.sort()).toEqual([0, 2, 2]);
    await written(built);
    const followed = await again();
    const standing = at(chain[3] as Built);
    expect(await followed.advance(built.block.value, standing, { hints: [], signal })).toEqual(ACCEPT);
    await bring(built);
    expect(await setAt(await again(), built)).toEqual(built.place.parameters);
  });

  it("that started below the parent are followed from sets that are made again", async () => {
    await bring(built);
    // From the middle of the block below, and from the state under it.
    const [first, second] = [records[0] as Place, (chain[3] as Built).place];
    const others = [...unitsAt(desk, first, 3, Sim.key("slowest")), ...unitsAt(desk, second, 1, Sim.key("slower"))];
    const last = closed(desk, built.place, [...others, ...unitsAt(desk, built.place)]);
    const next = blockAt(desk, last.place);
    await written(next);
    await rowless(second);
    const followed = await again();
    const get = (place: Place): Promise<Float32Array | undefined> => followed.parameters.get(place.start);
    expect([await get(first), await get(second)]).toEqual([undefined, undefined]);
    expect(await followed.advance(next.block.value, at(built), { hints: [], signal })).toEqual(ACCEPT);
    expect([await get(first), await get(second)]).toEqual([first.parameters, second.parameters]);
    expect(await followed.parameters.get(next.place.start)).toEqual(next.place.parameters);
    // A node without the deltas below cannot follow them, and blames nobody.
    await rowless(...chain.map(({ place }) => place));
    const deltas = chain.flatMap(({ block }) => contributionsOf(block.value));
    await store.batch(
      deltas.map(({ height, deltaHash }) => ({ key: KEYS.delta(height, deltaHash), value: undefined })),
    );
    const verdict = await (await again()).advance(next.block.value, at(built), { hints: [], signal });
    expect(verdict).toMatchObject({ kind: "ignore", code: "no-parameters" });
  });

  it("are added up again without their starts, which nobody can make any more", async () => {
    // Run in the middle of the last block, recorded in the next.
    const middle = closed(desk, (chain[2] as Built).place).place;
    const end = (chain[3] as Built).place;
    const [late] = unitsAt(desk, middle, 1, slow) as [Unit];
    const next = blockAt(desk, closed(desk, end, [late, ...unitsAt(desk, end)]).place);
    await bring(next);
    await rowless(...chain.slice(0, 3).map(({ place }) => place), next.place);
    const deltas = chain.flatMap(({ block }) => contributionsOf(block.value));
    await store.batch(
      deltas.map(({ height, deltaHash }) => ({ key: KEYS.delta(height, deltaHash), value: undefined })),
    );
    expect(await setAt(await again(), { ...next, place: middle })).toBeUndefined();
    expect(await setAt(await again(), next)).toEqual(next.place.parameters);
  });

  it("of eight different starts need no more sets than memory holds, however large they are", async () => {
    const starts = [(chain[3] as Built).place];
    for (let i = 0; i < 7; i++) starts.push(closed(desk, starts.at(-1) as Place).place);
    const units = starts.map((place, i) => unitsAt(desk, place, 1, Sim.key(`runner ${i}`))[0] as Unit);
    const next = blockAt(desk, closed(desk, starts.at(-1) as Place, units).place);
    await written(next);
    const followed = await again();
    // As if each set were a gigabyte.
    const { store: sets } = new FollowedTask(
      { ...toyTask, parameterCount: 1 << 28 },
      { store, seasonBlocks: 1000, blocks: desk.blocks, network: undefined },
    ).parameters;
    const [get, put] = [sets.get.bind(sets), sets.put.bind(sets)];
    Object.assign(followed.parameters.store, {
      put,
      get: async (digest: Uint8Array) => await get(digest).catch(() => undefined),
    });
    put((chain[3] as Built).place.start, (chain[3] as Built).place.parameters);
    const standing = at(chain[3] as Built);
    expect(await followed.advance(next.block.value, standing, { hints: [], signal })).toEqual(ACCEPT);
  });

  it("leave sets that are found by digest, in the middle of a block too", async () => {
    await bring(built);
    await wipe(store, "parameters");
    for (const place of [...records, built.place].reverse()) {
      const followed = await again();
      const set = await followed.parametersAt({ id: built.block.id, digest: place.start, season: 0 }, { signal });
      expect(set).toEqual(place.parameters);
    }
    // From a block above as well, but not from one below: there it does not stand.
    const [above] = (await grow(desk, built.place, 1)) as [Built];
    await wipe(store, "parameters");
    const { start: digest, parameters } = records[1] as Place;
    const from = async ({ block: { id } }: Built): Promise<Float32Array | undefined> =>
      (await again()).parametersAt({ id, digest, season: 0 }, { signal });
    expect(await from(above)).toEqual(parameters);
    expect(await from(chain[3] as Built)).toBeUndefined();
  });
});

describe("over a season's start", () => {
  const SEASON = 3;
  /** Blocks 2 to 7 of two records each: the states of blocks 3 and 6 begin seasons. */
  let blocks: Built[];
  beforeEach(async () => {
    store = memoryStore();
    desk = await aDesk(store, { genesis: { seasonBlocks: SEASON } });
    blocks = await grow(desk, await firstPlace(desk), 6, 2);
  });
  const of = (height: number): Built => blocks[height - 2] as Built;
  const seasonOf = ({ place }: Built): number => Math.floor(place.state.height / SEASON);
  const find = async (
    { block: { id } }: Built,
    digest: Uint8Array,
    season: number,
  ): Promise<Float32Array | undefined> =>
    (await again(undefined, SEASON)).parametersAt({ id, digest, season }, { signal });
  const findEnd = (built: Built): Promise<Float32Array | undefined> => find(built, built.place.start, seasonOf(built));

  it("every block's set is made again, the first of a season without anything below it", async () => {
    await wipe(store, "parameters");
    for (const built of [...blocks].reverse()) expect(await findEnd(built)).toEqual(built.place.parameters);
    for (const season of [1, 2]) expect(of(season * SEASON).place.start).toEqual(firstDigest(desk.lab.task, season));
    for (const { block } of blocks.slice(0, 2))
      for (const { height, deltaHash } of contributionsOf(block.value))
        await store.batch([{ key: KEYS.delta(height, deltaHash), value: undefined }]);
    // Blocks 4 and 5 need nothing of blocks 2 and 3.
    for (const height of [3, 4, 5, 6, 7]) expect(await findEnd(of(height))).toEqual(of(height).place.parameters);
    expect(await findEnd(of(2))).toBeUndefined();
  });

  it("a set in the middle of a block is found in the season that it is of", async () => {
    await wipe(store, "parameters");
    const found = async (height: number, season: number): Promise<boolean> => {
      const middle = of(height).block.value.body.records[0]?.nextDigest as Uint8Array;
      const set = await find(of(height), middle, season);
      return set !== undefined && desk.followed.parameters.store.matches(middle, set);
    };
    // What blocks 3 and 6 moved is of the season that their states end.
    const right = [await found(3, 0), await found(4, 1), await found(6, 1), await found(7, 2)];
    expect(right).toEqual([true, true, true, true]);
    expect([await found(3, 1), await found(6, 2)]).toEqual([false, false]);
  });

  it("blocks are advanced: the last of a season over what it ends, the next over what begins", async () => {
    for (const height of [3, 4, 6, 7]) {
      const parent = of(height - 1);
      const standing = { id: parent.block.id, digest: parent.place.start, season: seasonOf(parent) };
      await wipe(store, "parameters");
      const followed = await again(undefined, SEASON);
      expect(await followed.advance(of(height).block.value, standing, { hints: [], signal })).toEqual(ACCEPT);
    }
  });

  it("the row that a season's first state leaves is that of the set which begins it", async () => {
    const rows = await keysOf(store, "parameters");
    for (const { place } of blocks) expect(rows).toContain(toHex(place.start));
    for (const height of [3, 6]) expect(rows).not.toContain(toHex(of(height).block.value.body.closing.nextDigest));
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

  it("gives what is to be kept: the set at its end, and its deltas", async () => {
    const next = blockOn(desk, (chain[3] as Built).place, 2);
    const { value } = next.block;
    await desk.followed.advance(value, standing(), pulling);
    const keys = (await desk.followed.toStore(value, { digest: next.place.start, season: 0 })).map(({ key }) => key);
    expect(keys).toEqual([KEYS.parameters(next.place.start)]);
    const carried = contributionsOf(value);
    expect(carried).toHaveLength(3);
    expect(desk.followed.deltasIn(value)).toEqual(
      carried.map(({ deltaHash: hash, height }) => ({ hash, height, bytes: expect.any(Uint8Array) })),
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
