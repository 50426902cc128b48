// The split of a block's reward and the retarget: exact sums, known values and bounds.
import { describe, expect, it } from "vitest";
import { fromBigInt, toBigInt, toHex } from "../../../src/base/index.ts";
import { nextTarget, paymentsOf, workOf } from "../../../src/chain/index.ts";
import { aContribution, alice, aWorld, bob, carol, mineBlock, STAKES, someRecords } from "../../support/chain.ts";

describe("a block's payments", () => {
  const { rules, state } = aWorld(STAKES);
  const led = mineBlock(state, carol, rules).state;
  const sum = (of: ReturnType<typeof paymentsOf>, address: Uint8Array): bigint =>
    of.rewards
      .filter((one) => one.address === address || toHex(one.address) === toHex(address))
      .reduce((all, { amount }) => all + amount, 0n);

  it("are the winner's stake, its own contribution and the carrier's fifth when nobody else was recorded", () => {
    const { block } = mineBlock(state, alice, rules);
    expect(paymentsOf(state, block, 7n, rules)).toEqual({
      stake: 300n,
      rewards: [
        { address: alice.address, author: alice.address, amount: 450n + 20n },
        { address: alice.address, author: new Uint8Array(32), amount: 7n },
      ],
      minted: 770n,
    });
  });

  it("are for each contribution of each record, for its leader by it, and a fifth of that for who carries it", () => {
    const records = someRecords(led, carol, [alice, bob], 1, rules);
    const { block } = mineBlock(led, bob, rules, { records });
    const paid = paymentsOf(led, block, 0n, rules);
    // 450 each, bounded by a million / 128; the leader's 100 each, of which 20 are the winner's.
    expect(sum(paid, alice.address)).toBe(450n);
    expect(sum(paid, carol.address)).toBe(80n + 80n);
    expect(sum(paid, bob.address)).toBe(450n + 450n + 3n * 20n);
    expect(paid.minted).toBe(300n + sum(paid, alice.address) + sum(paid, bob.address) + sum(paid, carol.address));
    // What the leader and the winner get for alice's work is void with it.
    const ofAlice = paid.rewards.filter(({ author }) => toHex(author) === toHex(alice.address));
    expect(ofAlice.map(({ amount }) => amount).sort()).toEqual([20n, 450n, 80n].sort());
  });

  it("fall with lag, and are bounded by what the author has at stake", () => {
    const late = aContribution(led, alice, {}, rules);
    const records = someRecords(led, carol, [bob], 1, rules);
    const { block } = mineBlock(led, bob, rules, { records, others: [late] });
    const paid = paymentsOf(led, block, 0n, rules);
    expect(sum(paid, alice.address)).toBe(337n);
    const poor = aWorld({ allocations: [{ address: toHex(alice.address), amount: "0", stake: "1280" }] });
    const on = mineBlock(poor.state, carol, poor.rules).state;
    const one = mineBlock(on, carol, poor.rules, { records: someRecords(on, carol, [alice], 1, poor.rules) });
    expect(sum(paymentsOf(on, one.block, 0n, poor.rules), alice.address)).toBe(10n);
  });
});

describe("the target", () => {
  const rules = { blockTimeMs: 1000, retargetWindow: 20 };
  const target = fromBigInt(2n ** 240n, 32);
  const next = (solve: number, from = target): bigint => toBigInt(nextTarget(from, solve, rules));

  it("stays when a block takes the block time, and moves a twentieth of the way otherwise", () => {
    expect(next(1000)).toBe(2n ** 240n);
    expect(next(2000)).toBe((2n ** 240n * 21n) / 20n);
    expect(next(500)).toBe((2n ** 240n * 195n) / 200n);
  });

  it("takes no solve time for longer than six block times or shorter than a millisecond", () => {
    expect(next(6000)).toBe((2n ** 240n * 25n) / 20n);
    expect(next(1e12)).toBe(next(6000));
    expect(next(-5)).toBe(next(1));
    expect(next(1)).toBeGreaterThan((2n ** 240n * 19n) / 20n - 1n);
  });

  it("stays between 1 and the largest 32-byte number", () => {
    expect(next(1, fromBigInt(1n, 32))).toBe(1n);
    expect(next(6000, fromBigInt(2n ** 256n - 1n, 32))).toBe(2n ** 256n - 1n);
  });

  it("settles at the block time for a steady rate of draws", () => {
    // Expected solve time is work over rate; start 50 times too easy, then 50 times too hard.
    for (const factor of [50n, 1n]) {
      let at = fromBigInt((2n ** 240n * factor) / 50n ** (factor === 1n ? 1n : 0n), 32);
      const rate = 2n ** 16n;
      let solve = 0;
      for (let i = 0; i < 400; i++) {
        solve = Number((workOf(at) * 1000n) / rate);
        at = nextTarget(at, solve, rules);
      }
      expect(Math.abs(solve - 1000)).toBeLessThan(20);
    }
  });

  it("is worth the draws it takes", () => {
    expect(workOf(fromBigInt(2n ** 256n - 1n, 32))).toBe(1n);
    expect(workOf(fromBigInt(2n ** 255n - 1n, 32))).toBe(2n);
    expect(workOf(fromBigInt(2n ** 240n - 1n, 32))).toBe(2n ** 16n);
  });
});
