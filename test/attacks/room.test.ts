// A head's room for records: a leader that fills it, honest or not, keeps nobody from the next block.
import { beforeEach, describe, expect, it } from "vitest";
import { ACCEPT, type Verdict } from "../../src/base/index.ts";
import { Block, ClosingType, MAX_BLOCK_BYTES, MAX_CONTRIBUTIONS, RoundRecord } from "../../src/codec/index.ts";
import { draftBlock, fitsRecord } from "../../src/consensus/index.ts";
import { fromPeer } from "../../src/engine/origin.ts";
import { closeRound } from "../../src/engine/training/closing.ts";
import { aDesk, type Closed, closed, type Desk, firstPlace, signal, unitsAt, worker } from "../support/desk.ts";
import type { Place, Unit } from "../support/forge.ts";
import { aShop, aWonUnit, type Shop } from "../support/shop.ts";
import { Sim } from "../support/sim.ts";

/** Leads by its win and signs whatever it likes. */
const PEER = fromPeer("the leader");
const miner = Sim.key("miner");
let desk: Desk;
let shop: Shop;
let place: Place;
beforeEach(async () => {
  desk = await aDesk();
  place = await firstPlace(desk);
  shop = aShop(desk, miner);
});

const add = (record: RoundRecord): Promise<Verdict> => shop.rounds.addRecord(RoundRecord.wrap(record), PEER);
/** The record of `count` units where the last one leads, and where it leads itself. */
const closedWith = (from: Place, count: number): Closed => closed(desk, from, unitsAt(desk, from, count));
/** Feeds records of `count` units each until one is refused: how many were taken, where they lead, and the refusal. */
async function fill(count: number): Promise<{ taken: number; at: Place; refused: Verdict }> {
  let at = place;
  for (let taken = 0; ; taken++) {
    const next = closedWith(at, count);
    const verdict = await add(next.record);
    if (verdict.kind !== "accept") return { taken, at, refused: verdict };
    at = next.place;
  }
}
/** A miner's win where rounds stand, with those that wait: it must become a block on every node. */
async function wins(at: Place, waiting: readonly Unit[]): Promise<Block> {
  for (const { contribution } of waiting) expect(await shop.rounds.addContribution(contribution, PEER)).toEqual(ACCEPT);
  const won = aWonUnit(desk, shop, at, miner);
  const round = await closeRound(won, { rounds: shop.rounds, followed: desk.followed }, { signal });
  if (round === undefined) throw new Error("the round's state is not here");
  expect(await shop.maker.make({ ...won, ...round })).toBe(true);
  expect([shop.warned, shop.sent.length]).toEqual([[], 1]);
  const [block] = shop.sent as [(typeof shop.sent)[number]];
  expect(desk.ledger.head.id).toEqual(block.id);
  return block.value;
}
const sizeOf = (block: Block): number => Block.codec.encode(block).length;

describe("records of one contribution each", () => {
  it("are refused from the hundred and twenty-eighth on, and the next win carries all that were taken", async () => {
    const { taken, at, refused } = await fill(1);
    expect(taken).toBe(127);
    expect(refused).toMatchObject({ kind: "reject", code: "too-many-records" });
    // The units of that round are still worth something: they stand in the record that closes.
    const block = await wins(at, unitsAt(desk, at, 3, Sim.key("slow")));
    expect(block.body.records).toHaveLength(127);
    expect(block.body.closing.contributions).toHaveLength(4);
    expect(shop.rounds.view.records).toEqual([]);
  });

  it("are no more than a block's form takes: of two hundred and fifty-seven, which a leader could sign before, none can be made", () => {
    const { rules } = desk.lab.network;
    const { record } = closedWith(place, 1);
    const fits = (count: number): boolean => fitsRecord(Array(count).fill(record), rules);
    expect([fits(127), fits(128), fits(257)]).toEqual([true, false, false]);
    const { contribution, nonce, time } = aWonUnit(desk, shop, place, miner);
    const closing = { contributions: [contribution], nextDigest: contribution.digest };
    const draft = draftBlock(desk.ledger.state, { contribution, nonce, time, closing }, rules);
    if (draft.kind !== "draft") throw new Error(draft.reason);
    const header = { ...draft.header, signature: new Uint8Array(64) };
    const holding = (count: number): Block => ({ header, body: { ...draft.body, records: Array(count).fill(record) } });
    expect(Block.wrap(holding(127)).value.body.records).toHaveLength(127);
    expect(() => Block.wrap(holding(257))).toThrow(/records|limit|length/i);
  });
});

describe("records of sixty-four runners", () => {
  it("are refused before they pass half a block, and the next win fits with a full closing record", async () => {
    const { taken, at, refused } = await fill(MAX_CONTRIBUTIONS);
    expect(refused).toMatchObject({ kind: "reject", code: "too-many-records" });
    expect(taken).toBeGreaterThan(20);
    expect(taken).toBeLessThan(32);
    const others = unitsAt(desk, at, MAX_CONTRIBUTIONS - 8, worker);
    const block = await wins(at, others);
    expect(block.body.records).toHaveLength(taken);
    expect(block.body.closing.contributions).toHaveLength(others.length + 1);
    expect(sizeOf(block)).toBeLessThan(MAX_BLOCK_BYTES * 0.55);
  }, 60_000);

  it("counted by their number alone passed what a block may be after sixty-six rounds (the rule of before)", () => {
    const large = closedWith(place, MAX_CONTRIBUTIONS).record;
    const { rules } = desk.lab.network;
    const bytes = RoundRecord.codec.encode(large).length;
    const fits = Array.from({ length: 80 }, (_, i) => i + 1).filter((count) =>
      fitsRecord(Array(count).fill(large), rules),
    );
    expect(66 * bytes).toBeGreaterThan(MAX_BLOCK_BYTES);
    expect(Math.max(...fits) * bytes + ClosingType.maxSize).toBeLessThanOrEqual(MAX_BLOCK_BYTES / 2);
    // The control: as many small ones are taken.
    expect(fitsRecord(Array(66).fill(closedWith(place, 1).record), rules)).toBe(true);
  });
});
