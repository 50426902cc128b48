// Blocks of a network with several tasks: how records stand in a body, what each task makes of them, and that money adds up.
import { describe, expect, it } from "vitest";
import { bytesEqual, compareBytes, TaskId } from "../../../src/base/index.ts";
import { evidenceOf, forgedUnit, heldIn, paymentsOf, type State, selectEvidence } from "../../../src/chain/index.ts";
import { Block, Contribution, Header, RoundRecord, type UnsignedHeader } from "../../../src/codec/index.ts";
import {
  checkBlock,
  checkHeader,
  draftBlock,
  nextRound,
  type OpenRound,
  openRound,
} from "../../../src/consensus/index.ts";
import type { KeyPair } from "../../../src/crypto/index.ts";
import { firstNonce, noncesPerUnit, type Task } from "../../../src/work/index.ts";
import { aForgery } from "../../support/audits.ts";
import {
  aContribution,
  alice,
  aRecord,
  aRegistration,
  aWorld,
  bob,
  carol,
  checkContributionOn,
  checkRecordOn,
  forgeBody,
  forgeHeader,
  mineBlock,
  STAKES,
  someRecords,
  winningParts,
} from "../../support/chain.ts";

const init = { kind: "zeros" } as const;
const wide = { parameters: [{ name: "a", shape: [30], exponent: -22, init }], parameterCount: 30 };
const world = aWorld({
  ...STAKES,
  tasks: [
    aRegistration("one"),
    aRegistration("two", { ...wide, steps: 4 }),
    aRegistration("three", { effort: { batch: 16_000_000_000, rest: 0 } }),
  ],
});
const { rules } = world;
const [a, b, c] = [...rules.tasks].sort((x, y) => compareBytes(x.id, y.id)) as [Task, Task, Task];
/** At height 1, mined by bob with a unit of the first task, who leads every task from here. */
const tip = mineBlock(world.state, bob, rules, { task: a.id }).state;
const of = (task: Task, count: number, authors = [alice, carol]): RoundRecord[] =>
  someRecords(tip, bob, authors, count, rules, task.id);
const draft = (records: readonly RoundRecord[], on = tip, task = a): object =>
  draftBlock(on, winningParts(on, carol, { records, task: task.id }, rules), rules);
const stands = (state: State): object[] =>
  [a, b, c].map(({ id }) => {
    const found = state.task(id);
    return { round: found?.round, digest: found?.parametersDigest, last: found?.lastRecord };
  });
const endOf = (records: readonly RoundRecord[]): object => {
  const last = records.at(-1) as RoundRecord;
  return { round: last.round + 1, digest: last.nextDigest, last: RoundRecord.id(last) };
};
describe("records of several tasks", () => {
  const records = [...of(a, 2), ...of(c, 3)];
  const { block, state } = mineBlock(tip, carol, rules, { records, task: b.id });

  it("stand in one block, and move each their own task", () => {
    expect(checkBlock(tip, block, {}, rules)).toMatchObject({ kind: "state" });
    // The winner's task goes on by the closing record, the others by the leader's alone.
    const [, closing] = stands(state) as { round: number; digest: Uint8Array }[];
    expect(stands(state)).toEqual([endOf(records.slice(0, 2)), closing, endOf(records.slice(2))]);
    expect(closing?.digest).toEqual(block.body.closing.nextDigest);
    expect(stands(state).map((at) => (at as { round: number }).round)).toEqual([3, 1, 3]);
  });

  it("come back whole from the block's bytes", () => {
    const { value, id } = Block.read(Block.codec.encode(block));
    expect(id).toEqual(Header.id(block.header));
    expect(value.body.records.map((record) => TaskId(record.task))).toEqual([a, a, c, c, c].map((task) => task.id));
    expect(checkBlock(tip, value, {}, rules)).toMatchObject({ kind: "state" });
  });

  it("are grouped by task, in ascending order of id, and in no other", () => {
    const [a1, a2] = of(a, 2) as [RoundRecord, RoundRecord];
    const [b1, b2] = of(b, 2) as [RoundRecord, RoundRecord];
    const [c1] = of(c, 1) as [RoundRecord];
    for (const good of [[a1, a2, b1, b2, c1], [a1, c1], [b1, b2], [c1]])
      expect(draft(good, tip, c), `${good.length}`).toMatchObject({ kind: "draft" });
    for (const bad of [
      [b1, a1],
      [a1, b1, a2],
      [a1, b1, a2, b2],
      [c1, b1],
      [a1, c1, b1],
    ])
      expect(draft(bad, tip, c)).toMatchObject({
        kind: "reject",
        code: "unordered",
        reason: expect.stringMatching(/: tasks$/),
      });
    const body = mineBlock(tip, carol, rules, { records: [a1, b1], task: c.id }).block;
    const turned = forgeBody(tip, body, carol, rules, { records: [b1, a1] });
    expect(checkBlock(tip, turned, {}, rules)).toMatchObject({ kind: "reject", code: "unordered" });
    expect(checkBlock(tip, body, {}, rules)).toMatchObject({ kind: "state" });
  });

  it("follow each other within their task only", () => {
    const [a1, a2] = of(a, 2) as [RoundRecord, RoundRecord];
    const [b1, b2] = of(b, 2) as [RoundRecord, RoundRecord];
    for (const bad of [[a2], [a1, b2], [a1, a1], [a1, a2, a2, b1]])
      expect(draft(bad, tip, c)).toMatchObject({ kind: "reject" });
    // The last record of another task is none that a first one could follow.
    expect(checkRecordOn(tip, undefined, b1, rules)).toEqual({ kind: "accept" });
    expect(checkRecordOn(tip, a1, a2, rules)).toEqual({ kind: "accept" });
    const stranger = { ...a1, task: b.id };
    expect(checkRecordOn(tip, stranger, b1, rules)).toMatchObject({ kind: "ignore", code: "stale-round" });
    const grafted = aRecord(tip, bob, { task: b.id, contributions: b1.contributions }, rules, {
      parent: RoundRecord.id(a1),
    });
    expect(draft([a1, grafted], tip, c)).toMatchObject({ kind: "reject", code: "wrong-previous" });
  });

  it("are of tasks of this network", () => {
    const [a1] = of(a, 1) as [RoundRecord];
    for (const id of [new Uint8Array(32), new Uint8Array(32).fill(0xff), rules.genesis]) {
      const strange = aRecord(tip, bob, { contributions: a1.contributions }, rules, { task: id });
      const body = [a1, strange].sort((x, y) => compareBytes(x.task, y.task));
      expect(draft(body)).toMatchObject({ kind: "reject", code: "unknown-task" });
      expect(checkRecordOn(tip, undefined, strange, rules)).toMatchObject({ kind: "reject", code: "unknown-task" });
    }
  });

  it("hold contributions of their own task only", () => {
    const theirs = aContribution(tip, alice, { task: b.id }, rules);
    const mixed = aRecord(
      tip,
      bob,
      { task: a.id, contributions: [aContribution(tip, carol, { task: a.id }, rules), theirs] },
      rules,
    );
    expect(checkRecordOn(tip, undefined, mixed, rules)).toMatchObject({ kind: "reject", code: "unknown-task" });
    const own = aRecord(tip, bob, { task: b.id, contributions: [theirs] }, rules);
    expect(checkRecordOn(tip, undefined, own, rules)).toEqual({ kind: "accept" });
  });

  it("are all led by the tip's miner; on genesis by nobody", () => {
    const [a1] = of(a, 1) as [RoundRecord];
    const foreign = someRecords(tip, alice, [alice], 1, rules, b.id);
    expect(draft([a1, ...foreign], tip, c)).toMatchObject({ kind: "reject", code: "not-leader" });
    const zero = (task: Task, leader = carol): RoundRecord[] =>
      someRecords(world.state, leader, [carol], 1, rules, task.id);
    expect(draft([], world.state)).toMatchObject({ kind: "draft" });
    for (const led of [zero(a), zero(b, alice)])
      expect(draft(led, world.state)).toMatchObject({ kind: "reject", code: "not-leader" });
  });

  it("void what the old leader signed further, task by task", () => {
    const further = of(a, 3)[2] as RoundRecord;
    expect(checkRecordOn(state, records[1], further, rules)).toMatchObject({ code: "other-block" });
    for (const task of [a, b, c]) {
      const own = someRecords(state, carol, [alice], 2, rules, task.id) as [RoundRecord, RoundRecord];
      expect(checkRecordOn(state, undefined, own[0], rules)).toEqual({ kind: "accept" });
      expect(draft(own, state, task)).toMatchObject({ kind: "draft" });
    }
  });
});

describe("the winning unit", () => {
  const records = [...of(a, 2), ...of(b, 1)];

  it.each([
    ["a task with records", a, 3],
    ["another with records", b, 1],
    ["a task without", c, 0],
  ] as const)("of %s starts where that task's records lead", (_which, task, round) => {
    const { block } = mineBlock(tip, carol, rules, { records, task: task.id });
    expect(block.header.round).toBe(round);
    const own = records.filter((one) => bytesEqual(one.task, task.id));
    expect(block.header.startDigest).toEqual(own.reduce(nextRound, openRound(tip, task.id) as OpenRound).startDigest);
    expect(checkBlock(tip, block, {}, rules)).toMatchObject({ kind: "state" });
  });

  it("starts nowhere else: another task's round or start is refused", () => {
    const parts = winningParts(tip, carol, { task: c.id }, rules);
    expect(draftBlock(tip, { ...parts, records }, rules)).toMatchObject({ kind: "draft" });
    // A round earlier is late by one, and counts; a round that the records do not reach is none.
    const early = winningParts(tip, carol, { task: b.id, records, before: 0, index: 100 }, rules);
    expect(draftBlock(tip, early, rules)).toMatchObject({ kind: "draft" });
    const beyond = winningParts(tip, carol, { task: b.id, records: of(b, 2) }, rules);
    expect(draftBlock(tip, { ...beyond, records }, rules)).toMatchObject({ kind: "reject", code: "wrong-round" });
    const { block } = mineBlock(tip, carol, rules, { task: c.id });
    const start = tip.task(a.id)?.parametersDigest as Uint8Array;
    const moved = forgeHeader(block.header, carol, rules, { startDigest: start });
    expect(checkHeader(tip, moved, {}, rules)).toMatchObject({ kind: "reject", code: "wrong-start" });
    const renamed = forgeHeader(block.header, carol, rules, { task: a.id });
    expect(checkHeader(tip, renamed, {}, rules)).toMatchObject({ kind: "reject" });
  });

  it("has the draws of its own task, no more", () => {
    const draws = (task: Task): number => noncesPerUnit(task, rules);
    expect(
      ["one", "two", "three"].map((name) => draws(rules.tasks.find((task) => task.name === name) as Task)),
    ).toEqual([64, 32, 128]);
    for (const task of [a, b, c]) {
      const { block } = mineBlock(tip, carol, rules, { task: task.id });
      const nonce = (j: number): Partial<UnsignedHeader> => ({
        nonce: BigInt.asUintN(64, firstNonce(block.header.digest) + BigInt(j)),
      });
      const judge = (j: number): object =>
        checkHeader(tip, forgeHeader(block.header, carol, rules, nonce(j)), {}, rules);
      expect(judge(draws(task))).toMatchObject({ code: "nonce-out-of-range" });
      expect(judge(draws(task) - 1)).not.toMatchObject({ code: "nonce-out-of-range" });
      expect(checkHeader(tip, block.header, {}, rules)).toEqual({ kind: "accept" });
    }
  });
});

describe("a contribution", () => {
  it("has a delta of no more bytes than its own task's", () => {
    for (const task of rules.tasks) {
      const judge = (deltaBytes: number): object => {
        const { signature: _, ...honest } = aContribution(tip, alice, { task: task.id }, rules);
        return checkContributionOn(tip, resigned({ ...honest, deltaBytes }), rules);
      };
      expect(task.maxDeltaBytes).toBe(4 * task.parameterCount);
      expect(judge(task.maxDeltaBytes)).toEqual({ kind: "accept" });
      expect(judge(task.maxDeltaBytes + 1)).toMatchObject({ kind: "reject", code: "delta-size" });
    }
  });

  it("is judged by its own task's round", () => {
    const [a1] = of(a, 1) as [RoundRecord];
    const next = aContribution(tip, alice, { task: a.id, previous: a1 }, rules);
    expect(checkContributionOn(tip, next, rules, nextRound(openRound(tip, a.id) as OpenRound, a1))).toEqual({
      kind: "accept",
    });
    expect(checkContributionOn(tip, next, rules)).toMatchObject({ code: "unknown-round" });
    expect(checkContributionOn(tip, aContribution(tip, alice, { task: b.id }, rules), rules)).toEqual({
      kind: "accept",
    });
  });
});

describe("money", () => {
  it("is paid for the records and contributions of all tasks, and adds up in every block", () => {
    let state = world.state;
    let made = heldIn(state);
    const people = [alice, bob, carol];
    for (let height = 1; height <= 12; height++) {
      const [leader, miner] = [height - 1, height].map((at) => people[at % 3]) as [KeyPair, KeyPair];
      const count = (i: number): number => (height === 1 ? 0 : (height + i) % 3);
      const records = [a, b, c].flatMap((one, i) => someRecords(state, leader, [alice, bob], count(i), rules, one.id));
      const task = [a, b, c][height % 3] as Task;
      const mined = mineBlock(state, miner, rules, { records, task: task.id });
      const { rewards, stake, minted } = paymentsOf(state, mined.block, 0n, rules);
      expect(rewards.reduce((sum, { amount }) => sum + amount, stake)).toBe(minted);
      expect(mined.state.immature().filter((reward) => reward.height === height)).toEqual(
        rewards.map((reward) => ({ ...reward, height })),
      );
      made += minted;
      state = mined.state;
      expect([state.supply, heldIn(state)]).toEqual([made, made]);
    }
  });
});

describe("evidence about a unit", () => {
  const forgery = aForgery(tip, carol, rules, { task: b.id });
  const evidence = [evidenceOf(forgedUnit, { contribution: forgery })];
  const drafted = (task: Task): object =>
    draftBlock(tip, { ...winningParts(tip, alice, { task: task.id }, rules), evidence }, rules);

  it("stands in blocks of its task only: who checks others need not follow it", () => {
    expect(drafted(b)).toMatchObject({ kind: "draft" });
    expect(drafted(a)).toMatchObject({ kind: "reject", code: "unknown-task" });
    expect(selectEvidence({ state: tip, task: b.id }, evidence, rules)).toEqual(evidence);
    expect(selectEvidence({ state: tip, task: a.id }, evidence, rules)).toEqual([]);
  });
});

/** Alice's signature over a changed contribution. */
function resigned(fields: Omit<Contribution, "signature">): Contribution {
  return Contribution.sign(fields, alice, rules.genesis);
}
