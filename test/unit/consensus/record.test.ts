// Rounds: who leads when, what follows what, which contributions a record may hold, and where a block may end them.
import { describe, expect, it } from "vitest";
import type { State } from "../../../src/chain/index.ts";
import { type Contribution, RoundRecord } from "../../../src/codec/index.ts";
import {
  checkBlock,
  checkBody,
  checkContribution,
  checkRecord,
  compareContributions,
  draftBlock,
  leaderOf,
  openRound,
} from "../../../src/consensus/index.ts";
import { checkNext, checkUnit } from "../../../src/work/index.ts";
import {
  aContribution,
  alice,
  aRecord,
  aWorld,
  bob,
  carol,
  fakeNext,
  fakeUnit,
  forgeBody,
  mineBlock,
  mineChain,
  someRecords,
  taskIn,
  winningParts,
} from "../../support/chain.ts";

const world = aWorld();
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

  it("are led by the tip's miner alone, and by anyone before block 1", () => {
    expect(leaderOf(tip)).toEqual(bob.address);
    expect(leaderOf(world.state)).toBeUndefined();
    const [zero] = someRecords(world.state, carol, [carol], 1, rules);
    expect(checkRecordOn(world.state, undefined, zero as RoundRecord, rules)).toEqual(accept);
    // But each leads itself: block 1 holds its own miner's records only, and one leader's follow one another.
    const parts = winningParts(world.state, alice, { records: [zero as RoundRecord] }, rules);
    expect(draftBlock(world.state, parts, rules)).toMatchObject({ kind: "reject", code: "not-leader" });
    const second = someRecords(world.state, alice, [carol], 2, rules)[1] as RoundRecord;
    expect(checkRecordOn(world.state, zero, second, rules)).toMatchObject({ code: "not-leader" });
    expect(mineBlock(world.state, carol, rules, { records: [zero as RoundRecord] }).state.height).toBe(1);
  });

  it("are sorted by author, ML node, height and index, without a unit twice", () => {
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
    const late = aContribution(tip, carol, { height: 3 }, rules);
    const bad: readonly (readonly [string, Contribution])[] = [
      ["height-expired", { ...late, height: 2 }],
      ["unknown-round", { ...good, round: good.round + 1 }],
      ["stale-round", { ...good, round: good.round - 1 }],
      ["wrong-start", { ...good, startDigest: rules.genesis }],
      ["bad-signature", { ...good, digest: rules.genesis }],
      ["idle-unit", { ...good, digest: good.startDigest }],
      ["unknown-task", { ...good, task: good.startDigest }],
    ];
    for (const [code, contribution] of bad) {
      const record = aRecord(tip, bob, { contributions: [contribution] }, rules);
      expect(checkRecordOn(tip, undefined, record, rules)).toMatchObject({ kind: "reject", code });
    }
    // The control: as far back as height H - 3 a unit of the open round counts.
    const record = aRecord(tip, bob, { contributions: [good, late] }, rules);
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
    expect(checkContributionOn(tip, next, rules, openRound(tip, taskIn(rules).id, last))).toEqual(accept);
    const fork = { round: next.round, startDigest: alice.address };
    expect(checkContributionOn(tip, next, rules, fork)).toMatchObject({ kind: "ignore", code: "wrong-start" });
  });
});

describe("a block", () => {
  it("may end the rounds early: the old leader's further records are void", () => {
    const records = someRecords(tip, bob, [alice, carol], 3, rules);
    const mined = mineBlock(tip, carol, rules, { records: records.slice(0, 1) });
    expect(mined.state.task(taskIn(rules).id)).toMatchObject({ round: (records[0] as RoundRecord).round + 1 });
    expect(checkRecordOn(mined.state, records[0], records[1] as RoundRecord, rules)).toMatchObject({
      code: "other-block",
    });
    const own = someRecords(mined.state, carol, [alice], 1, rules)[0] as RoundRecord;
    expect(own.parent).toEqual(RoundRecord.id(records[0] as RoundRecord));
    expect(checkRecordOn(mined.state, undefined, own, rules)).toEqual(accept);
  });

  it("must start from the last record's state", () => {
    const records = someRecords(tip, bob, [alice, carol], 2, rules);
    const { block } = mineBlock(tip, carol, rules, { records });
    const now = block.header.time;
    expect(checkBody(tip, block, rules)).toEqual(accept);
    expect(checkBlock(tip, block, { now }, rules)).toMatchObject({ kind: "state" });
    for (const some of [[], records.slice(0, 1), records.slice(1), [records[1], records[0]] as RoundRecord[]]) {
      const forged = forgeBody(tip, block, carol, rules, { records: some });
      expect(checkBody(tip, forged, rules).kind).toBe("reject");
      expect(checkBlock(tip, forged, { now }, rules)).toEqual(checkBody(tip, forged, rules));
    }
  });

  it("keeps the chain's rules when drafted by hand: the draft is refused as the block would be", () => {
    const parts = winningParts(tip, carol, {}, rules);
    const other = { ...parts, contribution: { ...parts.contribution, deltaBytes: 0 } };
    expect(draftBlock(tip, parts, rules)).toMatchObject({ kind: "draft" });
    expect(draftBlock(tip, other, rules)).toMatchObject({ kind: "reject", code: "delta-size" });
    const stale = aContribution(tip, carol, { height: 5 }, rules);
    expect(draftBlock(tip, { ...parts, contribution: stale }, rules)).toMatchObject({ code: "wrong-contribution" });
  });
});

describe("re-executed work", () => {
  const { block } = mineBlock(tip, carol, rules, {});
  const { header } = block;
  const unit = { ...header, author: header.miner, beacon: tip.beacon };

  it("shows a forged win and a forged delta", () => {
    const found = fakeUnit(unit);
    expect(checkUnit(block, found)).toEqual(accept);
    expect(checkUnit(block, { ...found, digest: header.startDigest })).toMatchObject({
      kind: "reject",
      code: "forged-unit",
    });
    expect(checkUnit(block, { ...found, deltaHash: header.startDigest })).toMatchObject({ code: "forged-delta" });
  });

  it("shows a record that leads to another state", () => {
    const [record] = someRecords(tip, bob, [alice, carol], 1, rules);
    const start = tip.task(taskIn(rules).id)?.parametersDigest as Uint8Array;
    const next = fakeNext(start, (record as RoundRecord).contributions);
    expect(checkNext(record as RoundRecord, next)).toEqual(accept);
    expect(checkNext(record as RoundRecord, start)).toMatchObject({ kind: "reject", code: "wrong-next" });
  });
});
