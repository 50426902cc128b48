// A win becomes a block: with all that waits, without what does not fit beside it, and at the least with its own task's records.
import { beforeEach, describe, expect, it } from "vitest";
import { ACCEPT, finish, toHex } from "../../../../src/base/index.ts";
import { type Block, type Decoded, RoundRecord } from "../../../../src/codec/index.ts";
import { OWN } from "../../../../src/engine/origin.ts";
import type { WonUnit } from "../../../../src/engine/training/block-maker.ts";
import { closeRound } from "../../../../src/engine/training/closing.ts";
import { following, freshView } from "../../../../src/engine/training/round-view.ts";
import type { Task } from "../../../../src/work/index.ts";
import { firstParameters } from "../../../../src/work/index.ts";
import { aTransfer } from "../../../support/chain.ts";
import { aDesk, closed, type Desk, firstPlace, leader, signal, unitsAt, worker } from "../../../support/desk.ts";
import { aUnit, type Place, recordAt, type Unit } from "../../../support/forge.ts";
import { aShop, aWonUnit, type Shop, type Won } from "../../../support/shop.ts";
import { Sim, toyRegistration } from "../../../support/sim.ts";

/** Has the least collateral, so that eight of its units are in a block at most. */
const poor = Sim.key("poor");
const allocation = (name: string, stake: string, amount = "0"): { address: string; amount: string; stake: string } => ({
  address: toHex(Sim.key(name).address),
  amount,
  stake,
});
const genesis = {
  tasks: [toyRegistration(), toyRegistration("toy-two")],
  allocations: [
    allocation("leader", "1000000"),
    allocation("worker", "1000000"),
    allocation("poor", "3"),
    allocation("rich", "0", "1000"),
  ],
};
let desk: Desk;
let shop: Shop;
let place: Place;
/** The network's other task, which the desk does not follow but others post records of. */
let second: Task;

beforeEach(async () => {
  desk = await aDesk(undefined, { genesis });
  place = await firstPlace(desk);
  shop = aShop(desk);
  second = desk.lab.of("toy-two").task;
  shop.board.post(freshView(desk.ledger.state, second, 0));
});

/** A record of the second task with `count` units of an author, as its rounds would post it. */
function postSecond(count: number, author = poor): RoundRecord {
  const { state } = desk.ledger;
  const lab = desk.lab.of("toy-two");
  const stands = state.task(second.id) as NonNullable<ReturnType<typeof state.task>>;
  const parameters = firstParameters(second, 0);
  const at = { state, round: stands.round, start: stands.parametersDigest, parameters, records: [] };
  const units = Array.from({ length: count }, (_, index) => aUnit(lab, author, at, { index }));
  const record = recordAt(lab, leader, at, units);
  shop.board.post(following(freshView(state, second, 0), record, 0));
  return record;
}
async function wait(units: readonly Unit[]): Promise<void> {
  for (const { contribution } of units) expect(await shop.rounds.addContribution(contribution, OWN)).toEqual(ACCEPT);
}
async function close(won: Won): Promise<WonUnit> {
  const round = await closeRound(won, { rounds: shop.rounds, followed: desk.followed }, { signal });
  if (round === undefined) throw new Error("the round's state is not here");
  return { ...won, ...round };
}
const made = (): Block => (shop.sent[0] as Decoded<Block>).value;
const pay = (): object => {
  const { state } = desk.ledger;
  const transfer = aTransfer(state, Sim.key("rich"), worker.address, 5n);
  expect(shop.mempool.add(transfer)).toEqual(ACCEPT);
  return transfer;
};
const codes = (): unknown[] => shop.warned.map((data) => (data as { code?: string }).code);

describe("a win", () => {
  it("becomes a block with the records of every task on its parent and what else waits", async () => {
    const transfer = pay();
    const { record, place: next } = closed(desk, place);
    await shop.rounds.addRecord(RoundRecord.wrap(record), OWN);
    const other = postSecond(3);
    await wait(unitsAt(desk, next, 4, poor));
    expect(await shop.maker.make(await close(aWonUnit(desk, shop, next)))).toBe(true);
    const { body } = made();
    expect(desk.ledger.head.id).toEqual(shop.sent[0]?.id);
    expect(body.transactions).toEqual([transfer]);
    expect(new Set(body.records.map(({ task }) => toHex(task)))).toEqual(
      new Set([toHex(desk.lab.task.id), toHex(second.id)]),
    );
    expect(body.records).toContainEqual(other);
    expect(body.closing.contributions).toHaveLength(5);
    expect(codes()).toEqual([]);
  });

  it("leaves out the others' records when they recorded since what its closing record counts on, rather than be lost", async () => {
    pay();
    const { record, place: next } = closed(desk, place);
    await shop.rounds.addRecord(RoundRecord.wrap(record), OWN);
    // Eight units of one author wait, as many as its stake covers; then the other task's leader records a ninth.
    await wait(unitsAt(desk, next, 8, poor));
    const won = await close(aWonUnit(desk, shop, next));
    expect(won.closing.contributions).toHaveLength(9);
    postSecond(1);
    const before = desk.ledger.state.task(second.id);
    expect(await shop.maker.make(won)).toBe(true);
    const { body } = made();
    expect(body.records).toEqual([record]);
    expect([body.transactions, body.evidence]).toEqual([[], []]);
    expect(body.closing.contributions).toHaveLength(9);
    // The other task stands where it stood: its record is void, and its round is run again.
    expect(desk.ledger.state.task(second.id)).toEqual(before);
    expect(codes()).toEqual(["too-many", "too-many"]);
  });

  it("that closes after the others recorded takes fewer with it, and leaves nothing out", async () => {
    await wait(unitsAt(desk, place, 8, poor));
    postSecond(1);
    const won = await close(aWonUnit(desk, shop, place));
    expect(won.closing.contributions).toHaveLength(8);
    expect(await shop.maker.make(won)).toBe(true);
    expect(made().body.records).toHaveLength(1);
    expect(codes()).toEqual([]);
  });

  it("whose transactions make it unfit is made without them", async () => {
    const transfer = pay();
    // Spent meanwhile: what the mempool offers does not apply.
    const select = shop.mempool.select.bind(shop.mempool);
    shop.mempool.select = function* () {
      return [...(yield* select()), ...(yield* select())];
    };
    expect(finish(shop.mempool.select())).toEqual([transfer, transfer]);
    expect(await shop.maker.make(await close(aWonUnit(desk, shop, place)))).toBe(true);
    expect(made().body.transactions).toEqual([]);
    expect(codes()).toEqual(["nonce-used"]);
  });

  it("makes one block, whatever is asked", async () => {
    const won = await close(aWonUnit(desk, shop, place));
    expect(await shop.maker.make(won)).toBe(true);
    expect(await shop.maker.make({ ...won, time: won.time + 1 })).toBe(false);
    expect(shop.sent).toHaveLength(1);
  });

  it("that no content makes valid is said to be lost, and nothing is signed", async () => {
    const won = await close(aWonUnit(desk, shop, place));
    const spoilt = { ...won, closing: { ...won.closing, contributions: [] } };
    expect(await shop.maker.make(spoilt)).toBe(false);
    expect(codes()).toEqual(["wrong-contribution", "wrong-contribution", "wrong-contribution"]);
    // Nothing was signed, so the same win may still become a block.
    expect(await shop.maker.make(won)).toBe(true);
  });
});
