// Evidence: what shows an offence and what does not, and what it costs the offender.
import { describe, expect, it } from "vitest";
import { finish } from "../../../src/base/index.ts";
import {
  type DoubleBlock,
  doubleBlock,
  doubleRecord as doubleRecordKind,
  evidenceOf,
  judgeEvidence,
  type State,
  selectEvidence,
} from "../../../src/chain/index.ts";
import { Header, type RoundRecord } from "../../../src/codec/index.ts";
import { draftBlock } from "../../../src/consensus/index.ts";
import {
  aContribution,
  alice,
  aRecord,
  aWorld,
  bob,
  carol,
  checkContributionOn,
  checkRecordOn,
  doubleOf,
  forgeHeader,
  LONE,
  mineBlock,
  onTask,
  STAKE,
  STAKES,
  someRecords,
  winningParts,
} from "../../support/chain.ts";

const { rules, state: genesis } = aWorld(STAKES);
const won = mineBlock(genesis, alice, rules);
const state = won.state;
const header = won.block.header;
const double: DoubleBlock = { a: header, b: doubleOf(won.block, alice, rules) };
const contributions = [alice, bob, carol].map((key) => aContribution(state, key, {}, rules));
const doubleRecord = {
  a: aRecord(state, alice, { contributions }, rules),
  b: aRecord(state, alice, { contributions: contributions.slice(0, 2) }, rules),
};

describe("two blocks of one win", () => {
  it("are an offence, on one parent or two", () => {
    expect(doubleBlock.judge(double, { height: 2 }, rules)).toMatchObject({
      kind: "offence",
      offender: alice.address,
      height: 1,
    });
    const elsewhere = forgeHeader(header, alice, rules, { parent: carol.address });
    expect(doubleBlock.judge({ a: header, b: elsewhere }, { height: 2 }, rules)).toMatchObject({ kind: "offence" });
  });

  it("are one offence whatever pair shows it, in whatever order", () => {
    const third = forgeHeader(header, alice, rules, { time: header.time + 2 });
    const ids = [double, { a: double.b, b: double.a }, { a: double.b, b: third }].map((pair) => {
      const judged = doubleBlock.judge(pair, { height: 2 }, rules);
      return judged.kind === "offence" ? judged.id : undefined;
    });
    expect(ids[0]).toBeDefined();
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
  });

  it("are none when the win differs in anything, so honest miners are safe", () => {
    const other = (change: object): DoubleBlock => ({ a: header, b: forgeHeader(header, alice, rules, change) });
    for (const change of [
      { height: 2 },
      { round: 9 },
      { mlNode: 9 },
      { index: header.index + 1 },
      { nonce: header.nonce + 1n },
      { task: carol.address },
      { startDigest: carol.address },
      { digest: carol.address },
    ])
      expect(doubleBlock.judge(other(change), { height: 2 }, rules)).toMatchObject({ code: "no-offence" });
    // Two honest wins of one miner at one height, from two units.
    const again = mineBlock(genesis, alice, rules, { index: header.index + 1 }).block.header;
    expect(doubleBlock.judge({ a: header, b: again }, { height: 2 }, rules)).toMatchObject({ code: "no-offence" });
  });

  it("blame nobody who did not sign both", () => {
    const { signature: _, ...fields } = header;
    const framed = Header.sign({ ...fields, time: header.time + 1 }, bob, rules.genesis);
    expect(doubleBlock.judge({ a: header, b: framed }, { height: 2 }, rules)).toMatchObject({ code: "no-offence" });
    const abroad = { ...rules, genesis: carol.address as unknown as typeof rules.genesis };
    expect(doubleBlock.judge(double, { height: 2 }, abroad)).toMatchObject({ code: "no-offence" });
  });
});

describe("two records of one round", () => {
  it("are an offence of their leader", () => {
    expect(doubleRecordKind.judge(doubleRecord, { height: 2 }, rules)).toMatchObject({
      offender: alice.address,
      height: 1,
    });
  });

  it("are none when they are for different rounds, blocks or tasks, or not both signed", () => {
    const { a } = doubleRecord;
    const other = (change: Partial<RoundRecord>): object =>
      doubleRecordKind.judge({ a, b: aRecord(state, alice, { contributions }, rules, change) }, { height: 2 }, rules);
    expect(other({})).toMatchObject({ code: "no-offence" });
    for (const change of [{ round: 9 }, { height: 0 }, { block: bob.address }, { task: bob.address }])
      expect(other({ ...change, nextDigest: bob.address })).toMatchObject({ code: "no-offence" });
    const forged = { ...a, nextDigest: bob.address };
    expect(doubleRecordKind.judge({ a, b: forged }, { height: 2 }, rules)).toMatchObject({ code: "no-offence" });
    expect(other({ nextDigest: bob.address })).toMatchObject({ kind: "offence" });
  });
});

describe.each([
  ["double block", { evidence: [evidenceOf(doubleBlock, double)] }],
  ["double record", { evidence: [evidenceOf(doubleRecordKind, doubleRecord)] }],
] as const)("punishing a %s", (_name, evidence) => {
  const punished = mineBlock(state, carol, rules, evidence).state;

  it("takes the offender's stake and immature rewards, and only those: a tenth for the winner, the rest is burnt", () => {
    expect(state.immature(alice.address)).toHaveLength(1);
    expect(punished.immature(alice.address)).toEqual([]);
    // What it had from genesis, what it won and earned: a tenth of 1,000,770.
    expect(punished.immature(carol.address).map(({ amount }) => amount)).toEqual([LONE.immature, 100_077n]);
    expect(punished.burnt).toBe(STAKE + LONE.minted - 100_077n);
    expect(punished.supply).toBe(1_000_000n + 3n * STAKE + 2n * LONE.minted - punished.burnt);
    expect(punished.account(alice.address).balance).toBe(1_000_000n);
  });

  it("bans it from winning, leading and contributing, for as long as the rules say", () => {
    const tryAt = (on: State): object => draftBlock(on, winningParts(on, alice, {}, rules), rules);
    expect(tryAt(state)).toMatchObject({ kind: "draft" });
    let at = punished;
    for (let i = 0; i < rules.banBlocks; i++) {
      expect(at.isBanned(alice.address)).toBe(true);
      expect(tryAt(at)).toMatchObject({ kind: "reject", code: "banned" });
      expect(checkContributionOn(at, aContribution(at, alice, {}, rules), rules)).toMatchObject({ code: "banned" });
      at = mineBlock(at, carol, rules).state;
    }
    expect(at.isBanned(alice.address)).toBe(false);
    expect(tryAt(at)).toMatchObject({ kind: "draft" });
  });

  it("happens once", () => {
    const again = winningParts(punished, carol, evidence, rules);
    expect(draftBlock(punished, again, rules)).toMatchObject({ code: "already-punished" });
    expect(selectEvidence(onTask(state, rules), evidence.evidence, rules)).toEqual(evidence.evidence);
    expect(selectEvidence(onTask(punished, rules), evidence.evidence, rules)).toEqual([]);
  });

  it("is forgotten only when the evidence has expired", () => {
    let at = punished;
    while (at.height < rules.evidenceBlocks + 1) {
      const draft = draftBlock(at, winningParts(at, carol, evidence, rules), rules);
      expect(draft).toMatchObject({ code: at.height < rules.evidenceBlocks ? "already-punished" : "evidence-expired" });
      at = mineBlock(at, carol, rules).state;
    }
  });
});

describe("a banned leader", () => {
  it("can record nothing, and the chain goes on without it", () => {
    // Alice wins block 2 with evidence against herself: she would lead on it, but is banned.
    const at = mineBlock(state, alice, rules, { evidence: [evidenceOf(doubleBlock, double)] }).state;
    const records = someRecords(at, alice, [carol], 1, rules);
    expect(checkRecordOn(at, undefined, records[0] as RoundRecord, rules)).toMatchObject({
      kind: "reject",
      code: "banned",
    });
    expect(mineBlock(at, carol, rules).state.height).toBe(3);
    // The control: without the evidence the same record stands.
    const free = mineBlock(state, alice, rules).state;
    const good = someRecords(free, alice, [carol], 1, rules)[0] as RoundRecord;
    expect(checkRecordOn(free, undefined, good, rules)).toEqual({ kind: "accept" });
  });
});

describe("evidence as a union", () => {
  it("of an unknown kind, or with a payload that is not the kind's, is refused by its code", () => {
    const piece = evidenceOf(doubleBlock, double);
    expect(finish(judgeEvidence([piece], onTask(state, rules), rules))).toMatchObject({ kind: "offences" });
    expect(finish(judgeEvidence([{ ...piece, kind: 99 }], onTask(state, rules), rules))).toMatchObject({
      kind: "reject",
      code: "unknown-kind",
    });
    const cut = { ...piece, payload: piece.payload.slice(1) };
    expect(finish(judgeEvidence([cut], onTask(state, rules), rules))).toMatchObject({
      kind: "reject",
      code: "bad-encoding",
    });
    const other = { ...piece, kind: doubleRecordKind.tag };
    expect(finish(judgeEvidence([other], onTask(state, rules), rules))).toMatchObject({
      kind: "reject",
      code: "bad-encoding",
    });
  });
});
