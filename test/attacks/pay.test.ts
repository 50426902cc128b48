// Pay for nothing: dropping others' work, units that train nothing, copies of others' units. Beside each stands the rule of before, by which it paid.
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import { paymentsOf, type State } from "../../src/chain/index.ts";
import { type Block, Contribution, type RoundRecord } from "../../src/codec/index.ts";
import { checkBlock, compareContributions, draftBlock, Recorded } from "../../src/consensus/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import { movesOf } from "../../src/work/index.ts";
import { splitReward } from "../sim/strategies/presence.ts";
import {
  aClosing,
  aContribution,
  aKey,
  alice,
  aRecord,
  aWorld,
  bob,
  carol,
  checkContributionOn,
  checkRecordOn,
  mineBlock,
  someRecords,
  taskIn,
  winningParts,
} from "../support/chain.ts";

const COIN = 1_000_000n;
const thief = aKey("thief");
const honest = [alice, bob, carol, aKey("dave")];
/** Money as on the built-in networks, and blocks that take 14 units. */
const world = aWorld({
  target: `0049${"24".repeat(30)}`,
  subsidy: `${10n * COIN}`,
  minCollateral: `${3n * COIN}`,
  provisional: `${6n * COIN}`,
  allocations: [
    ...honest.map(({ address }) => ({ address: toHex(address), amount: "0", stake: `${1000n * COIN}` })),
    { address: toHex(thief.address), amount: "0", stake: `${3n * COIN}` },
  ],
});
const { rules } = world;
const task = taskIn(rules).id;
/** On carol's block, so that she leads. */
const led = mineBlock(world.state, carol, rules).state;

/** What an address gets out of a block, whenever it can spend it. */
type Pay = (state: State, block: Block, address: Uint8Array) => bigint;
const today: Pay = (state, block, address) => {
  const { stake, rewards } = paymentsOf(state, block, 0n, rules);
  const own = rewards.filter((reward) => toHex(reward.address) === toHex(address));
  const won = toHex(block.header.miner) === toHex(address) ? stake : 0n;
  return own.reduce((sum, { amount }) => sum + amount, won);
};
/** The rule of before: all of the subsidy in every block, to whoever stands in its records. */
const byPresence: Pay = (_state, { header, body }, address) => {
  const split = { contributions: 600, leader: 100 };
  const income = { subsidy: rules.subsidy, fees: 0n };
  const found = splitReward(income, header.miner, body.records, split).find(
    (reward) => toHex(reward.address) === toHex(address),
  );
  return found?.amount ?? 0n;
};

describe("a winner", () => {
  const records = someRecords(led, carol, [alice, carol, aKey("dave")], 3, rules);
  const late = [aContribution(led, carol, { index: 50 }, rules), aContribution(led, alice, { index: 50 }, rules)];
  /** Bob's blocks of one unit, which carry ever more of others' work; the first drops all of it. */
  const blocks = [
    mineBlock(led, bob, rules).block,
    ...[1, 2, 3].map((count) => mineBlock(led, bob, rules, { records: records.slice(0, count), before: 0 }).block),
    mineBlock(led, bob, rules, { records, before: 0, others: late }).block,
  ];
  const earned = (by: Pay): bigint[] => blocks.map((block) => by(led, block, bob.address));
  const rises = (amounts: readonly bigint[]): boolean =>
    amounts.every((one, i) => i === 0 || one > (amounts[i - 1] as bigint));

  it("earns more the more of others' work it carries, by every single contribution", () => {
    expect(rises(earned(today))).toBe(true);
    // The control: by the rule of before the one that drops everything gets everything.
    const before = earned(byPresence);
    expect(rises(before)).toBe(false);
    expect(before[0]).toBe(rules.subsidy);
    for (const amount of before.slice(1)) expect(amount).toBeLessThan((rules.subsidy * 301n) / 1000n);
  });

  it("gets no more for what it leaves out, and makes nobody else's money its own", () => {
    const [bare, ...others] = blocks as [Block, ...Block[]];
    const minted = (block: Block): bigint => paymentsOf(led, block, 0n, rules).minted;
    for (const block of others) {
      const carried = [alice, carol, aKey("dave")].reduce((sum, { address }) => sum + today(led, block, address), 0n);
      expect(today(led, bare, bob.address)).toBeLessThan(today(led, block, bob.address));
      // What is not earned is not made.
      expect(minted(block)).toBe(carried + today(led, block, bob.address));
      expect(minted(bare)).toBeLessThan(minted(block));
    }
  });

  it("that drops everything trains all the same: twenty such blocks are twenty rounds", () => {
    let state = led;
    const sets = new Set([toHex(state.task(task)?.parametersDigest as Uint8Array)]);
    for (let i = 1; i <= 20; i++) {
      const mined = mineBlock(state, bob, rules);
      expect(mined.block.body.records).toEqual([]);
      expect(movesOf(mined.block, task)).toHaveLength(1);
      expect(mined.state.task(task)?.round).toBe((led.task(task)?.round as number) + i);
      state = mined.state;
      sets.add(toHex(state.task(task)?.parametersDigest as Uint8Array));
    }
    expect(sets.size).toBe(21);
  });
});

/** A contribution with its author's signature made anew. */
const signed = (fields: Contribution, author: KeyPair): Contribution => {
  const { signature: _, ...rest } = fields;
  return Contribution.sign({ ...rest, author: author.address }, author, rules.genesis);
};

describe("a unit that changed nothing", () => {
  /** As many lanes of one key as one likes, without a step of training: the delta is zero, the digest that of the start. */
  const zeros = Array.from({ length: 55 }, (_, mlNode) => {
    const unit = aContribution(led, alice, { mlNode }, rules);
    return signed({ ...unit, digest: unit.startDigest }, alice);
  });
  const real = Array.from({ length: 55 }, (_, mlNode) => aContribution(led, alice, { mlNode }, rules));

  it("is refused from its author, from a leader and from a winner, on every lane", () => {
    for (const [units, code] of [
      [zeros, "idle-unit"],
      [real, undefined],
    ] as const) {
      for (const unit of units) {
        const verdict = checkContributionOn(led, unit, rules);
        expect(verdict).toMatchObject(code === undefined ? { kind: "accept" } : { kind: "reject", code });
      }
      const record = aRecord(led, carol, { contributions: units }, rules);
      const verdict = checkRecordOn(led, undefined, record, rules);
      expect(verdict).toMatchObject(code === undefined ? { kind: "accept" } : { kind: "reject", code });
      const draft = draftBlock(led, winningParts(led, bob, { others: units }, rules), rules);
      expect(draft).toMatchObject(code === undefined ? { kind: "draft" } : { kind: "reject", code });
    }
  });

  it("wins nothing: who drew with it would draw with hashes only", () => {
    const parts = winningParts(led, bob, {}, rules);
    const idle = signed({ ...parts.contribution, digest: parts.contribution.startDigest }, bob);
    expect(draftBlock(led, { ...parts, contribution: idle, closing: aClosing(led, idle) }, rules)).toMatchObject({
      kind: "reject",
      code: "idle-unit",
    });
    expect(draftBlock(led, parts, rules).kind).toBe("draft");
  });

  it("was paid by the rule of before: fifty-five lanes of nothing took 93 % of the contributions' part", () => {
    const [record] = someRecords(led, carol, honest, 1, rules) as [RoundRecord];
    const { block } = mineBlock(led, bob, rules, { records: [record] });
    const crowded = {
      ...record,
      contributions: [...record.contributions, ...zeros.map((unit) => ({ ...unit, author: thief.address }))],
    };
    const old = { header: block.header, body: { ...block.body, records: [crowded] } };
    const part = (rules.subsidy * 600n) / 1000n;
    expect(byPresence(led, old, thief.address)).toBeGreaterThan((part * 93n) / 100n - COIN / 10n);
    expect(checkBlock(led, old, {}, rules)).toMatchObject({ kind: "reject" });
  });
});

describe("copies of others' units", () => {
  const originals = honest.map((author) => aContribution(led, author, {}, rules));
  /** The thief's lanes, each with an honest unit's end and delta under its own name: they lead where they say, so only an audit would tell. */
  const copies = Array.from({ length: 55 }, (_, mlNode) => {
    const { digest, deltaHash } = originals[mlNode % originals.length] as Contribution;
    return signed({ ...aContribution(led, thief, { mlNode }, rules), digest, deltaHash }, thief);
  });
  const fits = (units: readonly Contribution[]): Contribution[] => {
    const recorded = new Recorded(led, rules);
    return units.filter((unit) => recorded.take(unit).kind === "accept");
  };
  const withAll = (units: readonly Contribution[]): Block => {
    const contributions = [...originals, ...units].sort(compareContributions);
    const record = aRecord(led, carol, { contributions }, rules);
    return mineBlock(led, bob, rules, { records: [record] }).block;
  };

  it("are recorded as far as their author's stake goes, and paid a small part of it", () => {
    const taken = fits(copies);
    expect(taken).toHaveLength(8);
    const block = withAll(taken);
    expect(checkBlock(led, block, {}, rules)).toMatchObject({ kind: "state" });
    const stake = led.collateralOf(thief.address);
    const got = today(led, block, thief.address);
    expect(got).toBeLessThanOrEqual(stake / BigInt(rules.auditOneIn));
    const part = honest.reduce((sum, { address }) => sum + today(led, block, address), got);
    expect(got * 20n).toBeLessThan(part);
    // The ninth makes the record void, whoever leads.
    expect(() => withAll(copies.slice(0, 9))).toThrow(/too-many/);
  });

  it("are worth nothing to a key without stake, however many keys there are", () => {
    for (let i = 0; i < 20; i++) {
      const stranger = aKey(`stranger ${i}`);
      const unit = signed({ ...(originals[0] as Contribution) }, stranger);
      expect(checkContributionOn(led, unit, rules)).toMatchObject({ kind: "ignore", code: "low-collateral" });
    }
  });

  it("take nothing from the honest, whose pay is by their own work; by the rule of before they took all but a few parts of it", () => {
    const [clean, copied] = [withAll([]), withAll(fits(copies))];
    for (const { address } of honest.filter((key) => key !== bob && key !== carol))
      expect(today(led, copied, address)).toBe(today(led, clean, address));
    const crowd = aRecord(led, carol, { contributions: [...originals, ...copies] }, rules);
    const old = { header: clean.header, body: { ...clean.body, records: [crowd] } };
    const before = byPresence(led, old, alice.address) * 10n;
    expect(before).toBeLessThan(byPresence(led, clean, alice.address));
    expect(byPresence(led, old, thief.address)).toBeGreaterThan(byPresence(led, clean, alice.address) * 3n);
  });

  it("that are honest work cost their author nothing: a unit of one's own on every lane is paid in full", () => {
    const lanes = Array.from({ length: 8 }, (_, mlNode) => aContribution(led, alice, { mlNode: mlNode + 1 }, rules));
    const block = withAll(lanes);
    const one = today(led, withAll([]), alice.address);
    expect(today(led, block, alice.address)).toBe(9n * one);
    expect(checkBlock(led, block, {}, rules)).toMatchObject({ kind: "state" });
  });
});
