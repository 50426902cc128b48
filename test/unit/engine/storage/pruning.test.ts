// What leaves the store: deltas and sets below the window, what void rounds left, what forged blocks brought. Blocks and records stay.
import { beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../../../src/adapters/level/index.ts";
import { toHex } from "../../../../src/base/index.ts";
import type { Block, Contribution, Decoded } from "../../../../src/codec/index.ts";
import { fromPeer, OWN } from "../../../../src/engine/origin.ts";
import { BlockStore, KEYS, type Retention, standardRetention } from "../../../../src/engine/storage/index.ts";
import { replayStore } from "../../../../src/node/tools/replay.ts";
import type { Store } from "../../../../src/ports/index.ts";
import {
  aDesk,
  type Built,
  blockAt,
  blockOn,
  closed,
  type Desk,
  firstPlace,
  genesisPlace,
  grow,
  keysOf,
  signal,
  unitsAt,
} from "../../../support/desk.ts";
import { toyArtifacts } from "../../../support/sim.ts";

const WINDOW = 6;
const short: Retention = {
  ...standardRetention,
  recent: 3,
  lastKept: (height) => height - (height % 4),
  window: WINDOW,
};

let store: Store;
let desk: Desk;
async function open(retention: Retention): Promise<void> {
  desk = await aDesk(store, { blocks: new BlockStore(store, { retention }) });
}
beforeEach(() => {
  store = memoryStore();
});

const contributionsOf = ({ value }: Decoded<Block>): Contribution[] => [
  ...value.body.records.flatMap(({ contributions }) => contributions),
  ...value.body.closing.contributions,
];
/** How many of a block's deltas are on disk. */
async function stored(contributions: readonly Contribution[]): Promise<number> {
  const rows = await Promise.all(
    contributions.map(({ height, deltaHash }) => store.get(KEYS.delta(height, deltaHash))),
  );
  return rows.filter((row) => row !== undefined).length;
}
const storedOf = ({ block }: Built): Promise<number> => stored(contributionsOf(block));
const oldest = (): Promise<number> => new BlockStore(store).oldest();

/** The first block, whose author leads from there on, and `count - 1` more. */
async function chain(count: number): Promise<Built[]> {
  const [first] = (await grow(desk, await genesisPlace(desk), 1, 0)) as [Built];
  return [first, ...(await grow(desk, first.place, count - 1))];
}

describe("the window", () => {
  it("keeps the deltas and sets of its blocks and none below, however long the chain grows", async () => {
    await open(short);
    const built = await chain(20);
    expect(await Promise.all(built.map(storedOf))).toEqual(built.map((_, i) => (i < 20 - WINDOW ? 0 : 2)));
    expect(await oldest()).toBe(20 - WINDOW + 1);
    expect(await keysOf(store, "delta")).toHaveLength(2 * WINDOW);
    expect(await keysOf(store, "need")).toHaveLength(2 * WINDOW);
    // After the sixteenth and the last three.
    expect((await keysOf(store, "parameters")).sort()).toEqual(
      [16, 18, 19, 20].map((height) => toHex((built[height - 1] as Built).place.start)).sort(),
    );
    // What is kept still leads to every set of the window.
    const { followed } = desk;
    const { id } = (built[19] as Built).block;
    const digest = (built[17] as Built).place.start;
    expect(await followed.parametersAt({ id, digest, season: 0 }, { signal })).toBeDefined();
  });

  it("takes a state with all of its rows", async () => {
    await open({ ...short, keepsState: () => true });
    const built = await chain(20);
    const owners = (await keysOf(store, "state")).map((name) => name.split("/")[0]);
    const kept = built.slice(20 - WINDOW).map(({ block }) => toHex(block.id));
    // Two rows of each: the main one, and its accounts.
    expect(owners.sort()).toEqual(kept.flatMap((id) => [id, id]).sort());
  });

  it("is none for an archive", async () => {
    await open({ ...short, window: undefined });
    const built = await chain(20);
    expect(await Promise.all(built.map(storedOf))).toEqual(built.map((_, i) => (i === 0 ? 1 : 2)));
    expect(await oldest()).toBe(1);
  });

  it("that a later start makes shorter is reached some heights at a time", async () => {
    await open({ ...short, window: undefined });
    const built = await chain(20);
    await open(short);
    const more = await grow(desk, (built.at(-1) as Built).place, 2);
    expect(await Promise.all([...built, ...more].map(storedOf))).toEqual(
      [...built, ...more].map((_, i) => (i < 22 - WINDOW ? 0 : 2)),
    );
  });

  it("leaves a delta to the last block that carries it", async () => {
    await open(short);
    const [first] = (await grow(desk, await genesisPlace(desk), 1, 0)) as [Built];
    const round = closed(desk, first.place);
    const one = blockAt(desk, round.place);
    const other = blockAt(desk, round.place, { time: one.block.value.header.time + 1 });
    for (const { block } of [one, other])
      expect(await desk.ledger.importBlock(block, OWN, { signal })).toMatchObject({ kind: "accept" });
    const { contributions } = round.record;
    const { deltaHash, height } = contributions[0] as Contribution;
    const needs = await keysOf(store, `need/${toHex(deltaHash)}`);
    expect(needs.map((key) => key.split("/").at(-1))).toEqual([one, other].map(({ block }) => toHex(block.id)).sort());
    expect(new Set(needs.map((key) => Number(key.split("/").at(0))))).toEqual(new Set([height]));
    const more = await grow(desk, one.place, WINDOW - 1);
    expect(await stored(contributions)).toBe(1);
    await grow(desk, (more.at(-1) as Built).place, 1);
    expect(await stored(contributions)).toBe(0);
  });
});

describe("what forged blocks brought", () => {
  it("goes as soon as one is found, but for what an honest block carries too", async () => {
    await open(standardRetention);
    const [first] = (await grow(desk, await genesisPlace(desk), 1, 0)) as [Built];
    const round = closed(desk, first.place);
    const honest = blockAt(desk, round.place);
    const forged = blockAt(desk, round.place, { time: honest.block.value.header.time + 1 });
    const above = blockOn(desk, forged.place);
    const peer = fromPeer("somebody");
    for (const { block } of [honest, forged, above])
      expect(await desk.ledger.importBlock(block, peer, { signal })).toMatchObject({ kind: "accept" });
    expect([await storedOf(forged), await storedOf(above)]).toEqual([2, 2]);
    await desk.ledger.setChecked(forged.block.id, "invalid");
    expect([await storedOf(honest), await storedOf(above)]).toEqual([2, 0]);
    await desk.ledger.setChecked(honest.block.id, "invalid");
    const left = contributionsOf(first.block).map(({ height, deltaHash }) => KEYS.delta(height, deltaHash));
    expect((await keysOf(store, "delta")).map((key) => `delta/${key}`)).toEqual(left);
  });
});

describe("what a void round left", () => {
  it("goes once 24 blocks stand above it, and what a block carries stays", async () => {
    await open(standardRetention);
    const place = await firstPlace(desk);
    const units = unitsAt(desk, place, 3).map(({ contribution }) => contribution);
    await desk.followed.deltas.keep(units);
    expect(await stored(units)).toBe(3);
    // The first of them comes with the next block.
    const carrying = blockOn(desk, place);
    const carried = contributionsOf(carrying.block).filter((c) =>
      units.some(({ deltaHash }) => toHex(deltaHash) === toHex(c.deltaHash)),
    );
    expect(carried.length).toBeGreaterThan(0);
    await desk.ledger.importBlock(carrying.block, OWN, { signal });
    const rest = await grow(desk, carrying.place, 23, 0);
    expect(await stored(units)).toBe(3);
    await grow(desk, (rest.at(-1) as Built).place, 1, 0);
    expect(await stored(units)).toBe(carried.length);
    expect(await keysOf(store, "loose")).toEqual([]);
  });

  it("that a block was to bring which never stood goes the same way", async () => {
    await open(standardRetention);
    const place = await firstPlace(desk);
    const { block } = blockOn(desk, place);
    await desk.followed.deltas.keep(contributionsOf(block), { block: block.id });
    const [carrying] = (await grow(desk, place, 1, 0)) as [Built];
    expect(await stored(contributionsOf(block))).toBe(2);
    await grow(desk, carrying.place, 24, 0);
    expect(await stored(contributionsOf(block))).toBe(0);
  });
});

describe("a store whose deltas begin at some height", () => {
  it("is replayed whole by its rules, and by its records from the first set that is left", async () => {
    const retention: Retention = { ...standardRetention, window: 70 };
    await open(retention);
    const built = await chain(120);
    const network = desk.lab.network;
    const run = { signal, onProgress: () => undefined };
    const deps = { store, artifacts: toyArtifacts, runtime: undefined };
    const replay = () => replayStore({ network, tasks: network.rules.tasks }, deps, run);
    const report = await replay();
    expect(report.problem).toBeUndefined();
    // The sixty-fourth block's set, and eight more for what may come late; two records a block.
    expect(report).toMatchObject({ ok: true, height: 120, blocks: 120, unitsFrom: 72, records: 2 * (120 - 71) });
    // A delta that should be there and is not is found as ever.
    const [first] = contributionsOf((built[90] as Built).block);
    const { height, deltaHash } = first as Contribution;
    await store.batch([{ key: KEYS.delta(height, deltaHash), value: undefined }]);
    expect(await replay()).toMatchObject({ ok: false, problem: { height: 91 } });
  });
});
