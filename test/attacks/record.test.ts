// What a leader, or somebody who would be one, can lie about: the next state, its right to lead, its signature, two records for one round.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Verdict } from "../../src/base/index.ts";
import { doubleBlock, doubleRecord, heldIn } from "../../src/chain/index.ts";
import { RoundRecord } from "../../src/codec/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import { forgeBlock } from "../support/chain.ts";
import {
  aBlock,
  aUnit,
  aWin,
  following,
  type Place,
  placeAfter,
  placeOf,
  recordAt,
  type Unit,
} from "../support/forge.ts";
import { type Evil, kindsPending, Lab, type Node, only, VICTIMS } from "../support/lab.ts";
import { mintedIn } from "../support/money.ts";
import { Sim, STAKED } from "../support/sim.ts";

const zero = new Uint8Array(32);
const leader: KeyPair = Sim.key("leader");
let lab: Lab;
let miner: Node;
let victim: Node;
afterEach(() => lab.close());

/** A chain whose last block is `leader`'s: it may sign records now. */
async function setUp(options: (typeof VICTIMS)[number][1]): Promise<void> {
  lab = new Lab();
  miner = await lab.node("m", { mines: true });
  victim = await lab.node("v", options, [miner]);
  await lab.mine(miner, 1);
  const winner = await lab.evil([victim]);
  await lab.tellBlock(winner, victim, aBlock(lab, leader, await placeOf(victim)));
  await lab.clock.run(12_000);
  expect(victim.engine.ledger.head.height).toBe(2);
  expect(miner.engine.ledger.head.id).toEqual(victim.engine.ledger.head.id);
}

const tell = (evil: Evil, record: RoundRecord): Promise<Verdict> =>
  lab.tell(evil, victim, "record", RoundRecord.codec.encode(record));

/** A place, one honest unit at it, and a peer that serves its delta. */
async function scene(cheat: Parameters<typeof aUnit>[4] = {}): Promise<{ place: Place; unit: Unit; evil: Evil }> {
  const place = await placeOf(victim);
  const unit = aUnit(lab, Sim.key("worker"), place, {}, cheat);
  return { place, unit, evil: await lab.evil([victim], lab.serving(unit.delta)) };
}

describe.each(VICTIMS)("a %s", (_, options) => {
  beforeEach(() => setUp(options));

  it("follows an honest record", async () => {
    const { place, unit, evil } = await scene();
    const record = recordAt(lab, leader, place, [unit]);
    expect(await tell(evil, record)).toEqual({ kind: "accept" });
    expect(only(victim).rounds.view).toMatchObject({ round: place.round + 1, startDigest: record.nextDigest });
  });

  const LIES: readonly (readonly [string, string, (place: Place, unit: Unit) => RoundRecord])[] = [
    ["a wrong next state", "wrong-next", (place, unit) => recordAt(lab, leader, place, [unit], { nextDigest: zero })],
    ["a stranger as leader", "not-leader", (place, unit) => recordAt(lab, Sim.key("stranger"), place, [unit])],
    [
      "a stranger's signature under the leader's name",
      "bad-signature",
      (place, unit) => recordAt(lab, leader, place, [unit], {}, Sim.key("stranger")),
    ],
    ["no contributions", "empty-record", (place, unit) => recordAt(lab, leader, place, [unit], { contributions: [] })],
    [
      "a unit twice",
      "unordered",
      (place, unit) => recordAt(lab, leader, place, [unit], { contributions: [unit.contribution, unit.contribution] }),
    ],
    [
      "a contribution that its author did not sign",
      "bad-signature",
      (place, unit) => recordAt(lab, leader, place, [unit], { contributions: [{ ...unit.contribution, index: 7 }] }),
    ],
  ];
  it.each(LIES)("refuses a record with %s", async (what, code, make) => {
    const { place, unit, evil } = await scene();
    const forged = make(place, unit);
    expect(await tell(evil, forged)).toMatchObject({ kind: "reject", code });
    expect(only(victim).rounds.view.startDigest).toEqual(place.start);
    expect(victim.punished).toHaveLength(0);
    // What a stranger sent does not stop the leader's own record.
    if (what.startsWith("a stranger"))
      expect(await tell(evil, recordAt(lab, leader, place, [unit]))).toEqual({ kind: "accept" });
  });

  it("refuses a record with a delta that does not lead to its contribution's digest", async () => {
    const { place, unit, evil } = await scene({ change: { digest: zero } });
    expect(await tell(evil, recordAt(lab, leader, place, [unit]))).toMatchObject({
      kind: "reject",
      code: "wrong-delta",
    });
    expect(only(victim).rounds.view.startDigest).toEqual(place.start);
  });

  it("refuses a block that stands on a wrong next state", async () => {
    const { place, unit, evil } = await scene();
    const fake = recordAt(lab, leader, place, [unit], { nextDigest: zero });
    const forged = aBlock(lab, leader, placeAfter(place, fake, following(place, [unit])));
    expect(await lab.tellBlock(evil, victim, forged)).toMatchObject({ kind: "reject", code: "wrong-next" });
    expect(await lab.fate(victim, forged)).toBe("unknown");
    const right = recordAt(lab, leader, place, [unit]);
    const block = aBlock(lab, leader, placeAfter(place, right, following(place, [unit])));
    expect(await lab.tellBlock(evil, victim, block)).toEqual({ kind: "accept" });
    await lab.clock.run(2000);
    expect(await lab.fate(victim, block)).toBe("executed, stands");
  });
});

describe("a leader that signs two records for one round", () => {
  beforeEach(() => setUp({}));

  it("is found out, and loses its immature rewards and its right to mine with the next block", async () => {
    const { place, unit, evil } = await scene();
    const other = aUnit(lab, Sim.key("worker"), place, { index: 1 });
    const [first, second] = [recordAt(lab, leader, place, [unit]), recordAt(lab, leader, place, [other])];
    expect(await tell(evil, first)).toEqual({ kind: "accept" });
    await tell(evil, second);
    expect(victim.alerts).toEqual(["equivocation"]);
    await lab.clock.run(1000);
    expect(miner.alerts).toEqual(["equivocation"]);

    const before = miner.engine.ledger.state;
    const immature = before.immature(leader.address).reduce((sum, { amount }) => sum + amount, 0n);
    expect(immature).toBeGreaterThan(0n);
    await lab.mine(miner, 1);
    for (const node of [miner, victim]) {
      const { state } = node.engine.ledger;
      expect(state.height).toBe(3);
      expect(state.isBanned(leader.address)).toBe(true);
      expect(state.immature(leader.address)).toEqual([]);
      expect(state.punished).toHaveLength(1);
      // The block with the evidence pays the leader for its record first: that goes too, and its stake; a tenth is the winner's.
      expect(state.collateralOf(leader.address)).toBe(0n);
      const taken = immature + before.collateralOf(leader.address);
      expect(state.burnt - before.burnt).toBeGreaterThanOrEqual(taken - taken / 10n);
      expect(heldIn(state)).toBe(state.supply);
      expect(state.supply + state.burnt).toBe(1_000_000n * BigInt(STAKED.length) + (await mintedIn(node.engine)));
    }
    const place3 = await placeOf(victim);
    const { contribution, win } = aWin(lab, leader, place3);
    const { index, digest } = contribution;
    const fields = { miner: leader.address, index, digest, nonce: win.nonce };
    const late = forgeBlock(aBlock(lab, Sim.key("other"), place3), leader, lab.network.rules, fields);
    expect(await lab.tellBlock(evil, victim, late)).toMatchObject({ kind: "reject", code: "banned" });
  });

  it("is one offence, however many records it signs", async () => {
    const { place, unit, evil } = await scene();
    for (let i = 0; i < 12; i++)
      await tell(evil, recordAt(lab, leader, place, [aUnit(lab, Sim.key("worker"), place, { index: i }), unit]));
    expect(victim.alerts).toEqual(["equivocation"]);
    expect(kindsPending(victim)).toEqual([doubleRecord.tag]);
  });

  it("is one offence in however many rounds of its block, so that it cannot fill the evidence and hide another's", async () => {
    const { place, unit, evil } = await scene();
    const pair = (round: number): RoundRecord[] =>
      [zero, place.start].map((nextDigest) => recordAt(lab, leader, place, [unit], { round, nextDigest }));
    for (let round = place.round; round < place.round + 66; round++)
      for (const record of pair(round)) await evil.wire.publish("record", RoundRecord.codec.encode(record));
    await lab.clock.run(10_000);
    expect(victim.alerts).toEqual(["equivocation"]);
    expect(kindsPending(victim)).toEqual([doubleRecord.tag]);
    // No more than the pair that shows it was passed on.
    expect([...miner.heard.values()].filter(({ topic }) => topic === "record").length).toBeLessThanOrEqual(2);
    // Another cheat's offence is still noted (the control).
    const other = Sim.key("another cheat");
    const here = await placeOf(victim);
    const [first, second] = [
      aBlock(lab, other, here),
      aBlock(lab, other, here, {}, { time: lab.clock.wallTime() + 1 }),
    ];
    await lab.tellBlock(evil, victim, first);
    await lab.tellBlock(evil, victim, second);
    expect(kindsPending(victim)).toEqual([doubleRecord.tag, doubleBlock.tag]);
  });

  it("cannot hide its second record behind one that shows no offence", async () => {
    const { place, unit, evil } = await scene();
    const [first, second] = [
      recordAt(lab, leader, place, [unit]),
      recordAt(lab, leader, place, [unit], { parent: zero }),
    ];
    await tell(evil, first);
    await tell(evil, recordAt(lab, leader, place, [unit], { height: place.state.height + 1 }));
    expect([victim.alerts, kindsPending(victim)]).toEqual([[], []]);
    await tell(evil, second);
    expect(victim.alerts).toEqual(["equivocation"]);
    expect(kindsPending(victim)).toEqual([doubleRecord.tag]);
  });

  it.each([
    ["a round of which no record was passed on", {}],
    ["a task that is none", { task: zero }],
  ])("cannot have a relayer blamed for the second record of %s", async (_, change) => {
    const place = await placeOf(victim);
    const unit = aUnit(lab, Sim.key("worker"), place);
    // It serves no delta.
    const evil = await lab.evil([victim]);
    await tell(evil, recordAt(lab, leader, place, [unit], change));
    const empty = { ...change, contributions: [] };
    expect(await tell(evil, recordAt(lab, leader, place, [unit], empty))).not.toEqual({ kind: "accept" });
    await lab.clock.run(1000);
    expect([...miner.heard.values()].filter(({ topic }) => topic === "record")).toEqual([]);
  });

  it("is not accused by the same record twice, nor one that goes on in the next round", async () => {
    const { place, unit, evil } = await scene();
    const first = recordAt(lab, leader, place, [unit]);
    await tell(evil, first);
    const next = placeAfter(place, first, following(place, [unit]));
    const worker = aUnit(lab, Sim.key("worker"), next);
    const more = await lab.evil([victim], lab.serving(worker.delta));
    expect(await tell(more, recordAt(lab, leader, next, [worker]))).toEqual({ kind: "accept" });
    expect(victim.alerts).toEqual([]);
    expect(kindsPending(victim)).toEqual([]);
  });
});

describe("strangers", () => {
  beforeEach(() => setUp({}));

  it("cannot fill the evidence with records that nobody cares for", async () => {
    const { place, unit } = await scene();
    for (let i = 0; i < 70; i++) {
      const stranger = Sim.key(`stranger ${i}`);
      const liar = await lab.evil([victim]);
      await tell(liar, recordAt(lab, stranger, place, [unit]));
      await tell(liar, recordAt(lab, stranger, place, [unit], { nextDigest: zero }));
    }
    expect(victim.alerts).toEqual([]);
    const { place: same, evil } = await scene();
    await tell(evil, recordAt(lab, leader, same, [unit], { nextDigest: zero }));
    await tell(evil, recordAt(lab, leader, same, [unit]));
    expect(victim.alerts).toEqual(["equivocation"]);
    expect(kindsPending(victim)).toEqual([doubleRecord.tag]);
  });
});
