// Rounds: who leads when, what follows what, which contributions a record may hold, and where a block may end them.
import { describe, expect, it } from "vitest";
import { finish } from "../../../src/base/index.ts";
import type { State } from "../../../src/chain/index.ts";
import { Contribution, RoundRecord } from "../../../src/codec/index.ts";
import {
  checkBlock,
  checkBody,
  compareContributions,
  draftBlock,
  leaderOf,
  nextRound,
  type OpenRound,
  openRound,
} from "../../../src/consensus/index.ts";
import { checkNext, checkUnit, moveOfRecord, winningOf } from "../../../src/work/index.ts";
import {
  aContribution,
  alice,
  aRecord,
  aWorld,
  bob,
  carol,
  checkContributionOn,
  checkRecordOn,
  fakeNext,
  fakeUnit,
  forgeBody,
  mineBlock,
  mineChain,
  STAKES,
  someRecords,
  taskIn,
  winningParts,
} from "../../support/chain.ts";

const world = aWorld(STAKES);
const { rules } = world;
const { states } = mineChain(world, 6, { miners: [alice, bob], records: 2 });
/** At height 6, mined by bob. */
const tip = states[6] as State;
const accept = { kind: "accept" };

describe("records", () => {
  it("follow each other round by round", () => {
    const records = someRecords(tip, bob, [alice, bob, carol], 4, rules);
    for (const [i, record] of records.entries()) {
      expect(checkRecordOn(tip, records[i - 1], record, rules)).toEqual(accept);
      if (i > 0) {
        expect(record.parent).toEqual(RoundRecord.id(records[i - 1] as RoundRecord));
        expect(checkRecordOn(tip, records[i - 2], record, rules)).toMatchObject({
          kind: "ignore",
          code: "unknown-round",
        });
        expect(checkRecordOn(tip, record, record, rules)).toMatchObject({ kind: "ignore", code: "stale-round" });
      }
    }
  });

  it("are led by the tip's miner alone, and by nobody on genesis", () => {
    expect(leaderOf(tip)).toEqual(bob.address);
    expect(leaderOf(world.state)).toBeUndefined();
    const [other] = someRecords(tip, carol, [carol], 1, rules);
    expect(checkRecordOn(tip, undefined, other as RoundRecord, rules)).toMatchObject({ code: "not-leader" });
    const [zero] = someRecords(world.state, carol, [carol], 1, rules);
    expect(checkRecordOn(world.state, undefined, zero as RoundRecord, rules)).toMatchObject({ code: "not-leader" });
    const parts = winningParts(world.state, carol, { records: [zero as RoundRecord] }, rules);
    expect(draftBlock(world.state, parts, rules)).toMatchObject({ kind: "reject", code: "not-leader" });
    expect(mineBlock(world.state, carol, rules).state.height).toBe(1);
  });

  it("are sorted by author, ML node, round, height and index, without a unit twice", () => {
    const own = [
      aContribution(tip, alice, { mlNode: 1 }, rules),
      aContribution(tip, alice, { index: 1 }, rules),
      aContribution(tip, alice, { index: 0 }, rules),
      aContribution(tip, bob, {}, rules),
    ];
    const record = aRecord(tip, bob, { contributions: own }, rules);
    expect(checkRecordOn(tip, undefined, record, rules)).toEqual(accept);
    for (let i = 1; i < record.contributions.length; i++)
      expect(
        compareContributions(record.contributions[i - 1] as Contribution, record.contributions[i] as Contribution),
      ).toBeLessThan(0);
    const twice = aRecord(tip, bob, { contributions: [...own, own[0] as Contribution] }, rules);
    expect(checkRecordOn(tip, undefined, twice, rules)).toMatchObject({ kind: "reject", code: "unordered" });
  });

  it("hold up to 64 contributions", () => {
    const many = (count: number): RoundRecord => {
      const contributions = Array.from({ length: count }, (_, index) => aContribution(tip, alice, { index }, rules));
      return aRecord(tip, bob, { contributions }, rules);
    };
    expect(checkRecordOn(tip, undefined, many(64), rules)).toEqual(accept);
  });

  it("answer for their contributions: what gossip ignores, a record is refused for", () => {
    const good = aContribution(tip, carol, {}, rules);
    const bad: readonly (readonly [string, Contribution])[] = [
      ["height-expired", { ...good, height: 3 }],
      ["height-ahead", { ...good, height: 7 }],
      ["other-branch", { ...good, block: rules.genesis }],
      ["unknown-round", { ...good, round: good.round + 1 }],
      ["stale-round", { ...good, round: good.round - 9 }],
      ["wrong-start", { ...good, startDigest: rules.genesis }],
      ["bad-signature", { ...good, digest: rules.genesis }],
      ["idle-unit", { ...good, digest: good.startDigest }],
      ["unknown-task", { ...good, task: good.startDigest }],
    ];
    for (const [code, contribution] of bad) {
      const record = aRecord(tip, bob, { contributions: [contribution] }, rules);
      expect(checkRecordOn(tip, undefined, record, rules)).toMatchObject({ kind: "reject", code });
    }
    const record = aRecord(tip, bob, { contributions: [good] }, rules);
    expect(checkRecordOn(tip, undefined, record, rules)).toEqual(accept);
  });

  it("cannot carry another's signature", () => {
    const { leader: _, ...record } = aRecord(
      tip,
      carol,
      { contributions: [aContribution(tip, carol, {}, rules)] },
      rules,
    );
    const stolen = { ...record, leader: bob.address };
    expect(checkRecordOn(tip, undefined, stolen, rules)).toMatchObject({ kind: "reject", code: "bad-signature" });
  });
});

describe("contributions on gossip", () => {
  it("belong to the round that the records have come to", () => {
    const records = someRecords(tip, bob, [alice], 2, rules);
    const last = records[1] as RoundRecord;
    const next = aContribution(tip, carol, { previous: last }, rules);
    expect(checkContributionOn(tip, next, rules)).toMatchObject({ kind: "ignore", code: "unknown-round" });
    const open = records.reduce(nextRound, openRound(tip, taskIn(rules).id) as OpenRound);
    expect(open.round).toBe(last.round + 1);
    expect(checkContributionOn(tip, next, rules, open)).toEqual(accept);
    const fork = { ...next, startDigest: alice.address };
    expect(checkContributionOn(tip, fork, rules, open)).toMatchObject({ kind: "ignore", code: "wrong-start" });
  });
});

describe("a late contribution", () => {
  const judge = (state: State, contribution: Contribution): object => {
    const record = aRecord(state, bob, { contributions: [contribution] }, rules);
    return checkRecordOn(state, undefined, record, rules);
  };
  const resigned = ({ signature: _, ...fields }: Contribution, change: Partial<Contribution>): Contribution =>
    Contribution.sign({ ...fields, ...change }, carol, rules.genesis);

  it("counts for two blocks after its own", () => {
    const from = (back: number): Contribution => aContribution(states[6 - back] as State, carol, {}, rules);
    for (const back of [0, 1, 2]) expect(judge(tip, from(back))).toEqual(accept);
    expect(judge(tip, from(3))).toMatchObject({ kind: "reject", code: "height-expired" });
  });

  it("counts while its start is among the last eight common states", () => {
    // Nine rounds a block: the state before is the ninth back.
    for (const [records, fits] of [
      [6, true],
      [7, false],
    ] as const) {
      const chain = mineChain(world, 3, { miners: [bob], records }).states;
      const [before, now] = chain.slice(-2) as [State, State];
      const late = aContribution(before, carol, {}, rules);
      expect((now.task(late.task)?.round as number) - late.round).toBe(records + 1);
      const record = aRecord(now, bob, { contributions: [late] }, rules);
      const verdict = checkRecordOn(now, undefined, record, rules);
      if (fits) expect(verdict).toEqual(accept);
      else expect(verdict).toMatchObject({ code: "stale-round" });
    }
  });

  it("may have been run from a state that the leader made on its block, and from none that stood elsewhere", () => {
    const [before] = [states[5] as State];
    const led = someRecords(before, alice, [alice, bob], 2, rules);
    const middle = aContribution(before, carol, { previous: led[0] as RoundRecord }, rules);
    expect(judge(tip, middle)).toEqual(accept);
    const old = aContribution(before, carol, {}, rules);
    const here = aContribution(tip, carol, {}, rules);
    // Its start stood on the block before, not on the one that it names; and the other way round.
    const moved = resigned(old, { block: here.block, height: here.height });
    expect(judge(tip, moved)).toMatchObject({ code: "wrong-start" });
    const back = resigned(here, { block: old.block, height: old.height });
    expect(judge(tip, back)).toMatchObject({ code: "wrong-start" });
  });

  it("of a sibling block is of another branch, though round and start are the same", () => {
    const sibling = mineBlock(states[5] as State, carol, rules, { index: 500 }).state;
    const theirs = aContribution(sibling, carol, {}, rules);
    expect(judge(tip, theirs)).toMatchObject({ kind: "reject", code: "other-branch" });
  });
});

describe("a block", () => {
  const task = taskIn(rules).id;
  const round = tip.task(task)?.round as number;

  it("closes its round: the winning contribution moves the common state, whoever leads", () => {
    const { block, state } = mineBlock(tip, carol, rules);
    expect(block.body.records).toEqual([]);
    expect(block.body.closing.contributions).toHaveLength(1);
    expect(state.task(task)).toMatchObject({ round: round + 1, parametersDigest: block.body.closing.nextDigest });
  });

  it("may end the rounds early: the old leader's further records are void", () => {
    const records = someRecords(tip, bob, [alice, carol], 3, rules);
    const mined = mineBlock(tip, carol, rules, { records: records.slice(0, 1) });
    expect(mined.state.task(task)).toMatchObject({ round: round + 2 });
    expect(checkRecordOn(mined.state, records[0], records[1] as RoundRecord, rules)).toMatchObject({
      code: "other-block",
    });
    const own = someRecords(mined.state, carol, [alice], 1, rules)[0] as RoundRecord;
    expect(own.parent).toEqual(mined.state.task(task)?.lastRecord);
    expect(checkRecordOn(mined.state, undefined, own, rules)).toEqual(accept);
  });

  it("may carry the leader's records up to seven rounds after its unit's start, and no further", () => {
    const records = someRecords(tip, bob, [alice], 9, rules);
    for (const [before, count, fits] of [
      [0, 7, true],
      [0, 8, false],
      [2, 9, true],
      [1, 9, false],
      [3, 3, true],
    ] as const) {
      const parts = winningParts(tip, carol, { records: records.slice(0, count), before }, rules);
      expect([before, count, draftBlock(tip, parts, rules).kind]).toEqual([before, count, fits ? "draft" : "reject"]);
    }
  });

  it("takes others' contributions into its closing record, late ones too", () => {
    const records = someRecords(tip, bob, [alice], 2, rules);
    const others = [aContribution(tip, bob, {}, rules), aContribution(tip, alice, { previous: records[1] }, rules)];
    const { block, state } = mineBlock(tip, carol, rules, { records, others });
    expect(block.body.closing.contributions).toHaveLength(3);
    expect(checkBlock(tip, block, {}, rules)).toMatchObject({ kind: "state" });
    const recorded = state.recordedIn(state.height);
    expect(recorded).toHaveLength(2 + 3);
    expect(recorded.filter(({ won }) => won).map(({ author }) => author)).toEqual([carol.address]);
  });

  it("records its own win: nobody is paid for it a second time", () => {
    const { block, state } = mineBlock(tip, carol, rules);
    const win = winningOf(block) as Contribution;
    expect(checkContributionOn(state, win, rules)).toMatchObject({ kind: "ignore", code: "already-recorded" });
    const again = aRecord(state, carol, { contributions: [win] }, rules);
    expect(checkRecordOn(state, undefined, again, rules)).toMatchObject({ kind: "reject", code: "already-recorded" });
    // The control: another unit of that block.
    const other = aContribution(tip, carol, { index: win.index + 1 }, rules);
    expect(checkContributionOn(state, other, rules)).toEqual(accept);
  });

  it("must hold its winning contribution, as the header says it, and records lead to its start", () => {
    const records = someRecords(tip, bob, [alice, carol], 2, rules);
    const { block } = mineBlock(tip, carol, rules, { records });
    const now = block.header.time;
    expect(finish(checkBody(tip, block, rules))).toEqual(accept);
    expect(checkBlock(tip, block, { now }, rules)).toMatchObject({ kind: "state" });
    for (const some of [[], records.slice(0, 1), records.slice(1), [records[1], records[0]] as RoundRecord[]]) {
      const forged = forgeBody(tip, block, carol, rules, { records: some });
      expect(finish(checkBody(tip, forged, rules)).kind).toBe("reject");
      expect(checkBlock(tip, forged, { now }, rules)).toEqual(finish(checkBody(tip, forged, rules)));
    }
    const { closing } = block.body;
    const [won] = closing.contributions as [Contribution];
    const other = aContribution(tip, carol, { index: won.index + 1, previous: records[1] }, rules);
    for (const contributions of [
      [],
      [other],
      [{ ...won, digest: alice.address }],
      [{ ...won, block: alice.address }],
    ]) {
      const forged = forgeBody(tip, block, carol, rules, { closing: { ...closing, contributions } });
      expect(finish(checkBody(tip, forged, rules))).toMatchObject({ code: "wrong-contribution" });
    }
  });

  it("records no unit twice: not in two records, not beside its own win, not again in a later block", () => {
    const unit = aContribution(tip, alice, {}, rules);
    const [first] = [aRecord(tip, bob, { contributions: [unit] }, rules)];
    const again = aRecord(tip, bob, { previous: first, contributions: [unit] }, rules);
    expect(checkRecordOn(tip, first, again, rules)).toMatchObject({ kind: "reject", code: "already-recorded" });
    const plain = mineBlock(tip, carol, rules, { records: [first] });
    const late = aRecord(plain.state, carol, { contributions: [unit] }, rules);
    expect(checkRecordOn(plain.state, undefined, late, rules)).toMatchObject({ code: "already-recorded" });
    // The control: a unit of the same block that was not recorded yet is late, and counts.
    const other = aContribution(tip, alice, { index: 1 }, rules);
    const counts = aRecord(plain.state, carol, { contributions: [other] }, rules);
    expect(checkRecordOn(plain.state, undefined, counts, rules)).toEqual(accept);
    const parts = winningParts(tip, bob, {}, rules);
    const own = aRecord(tip, bob, { contributions: [parts.contribution] }, rules);
    const twice = winningParts(tip, bob, { records: [own], before: 0 }, rules);
    expect(draftBlock(tip, twice, rules)).toMatchObject({ kind: "reject", code: "already-recorded" });
  });

  it("keeps the chain's rules when drafted by hand: the draft is refused as the block would be", () => {
    const parts = winningParts(tip, carol, {}, rules);
    const contributions = [{ ...parts.contribution, deltaBytes: 0 }];
    const closing = { ...parts.closing, contributions };
    expect(draftBlock(tip, parts, rules)).toMatchObject({ kind: "draft" });
    expect(draftBlock(tip, { ...parts, closing }, rules)).toMatchObject({ kind: "reject", code: "delta-size" });
    const stale = { ...parts.closing, contributions: [{ ...parts.contribution, height: 5 }] };
    expect(draftBlock(tip, { ...parts, closing: stale }, rules)).toMatchObject({ code: "wrong-contribution" });
  });
});

describe("re-executed work", () => {
  const { block } = mineBlock(tip, carol, rules, {});
  const { header } = block;
  const unit = { ...header, block: header.parent, author: header.miner, beacon: tip.beacon };

  it("shows a forged win and a forged delta", () => {
    const found = fakeUnit(unit);
    expect(checkUnit(winningOf(block) as Contribution, found)).toEqual(accept);
    expect(checkUnit(winningOf(block) as Contribution, { ...found, digest: header.startDigest })).toMatchObject({
      kind: "reject",
      code: "forged-unit",
    });
    expect(checkUnit(winningOf(block) as Contribution, { ...found, deltaHash: header.startDigest })).toMatchObject({
      code: "forged-delta",
    });
  });

  it("shows a record that leads to another state", () => {
    const [record] = someRecords(tip, bob, [alice, carol], 1, rules);
    const start = tip.task(taskIn(rules).id)?.parametersDigest as Uint8Array;
    const next = fakeNext(start, (record as RoundRecord).contributions);
    const move = moveOfRecord(record as RoundRecord);
    expect(checkNext(move, next)).toEqual(accept);
    expect(checkNext(move, start)).toMatchObject({ kind: "reject", code: "wrong-next" });
  });
});
