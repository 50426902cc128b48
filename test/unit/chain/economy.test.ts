// The split of a block's reward and the retarget: exact sums, known values and bounds.
import { describe, expect, it } from "vitest";
import { fromBigInt, toBigInt } from "../../../src/base/index.ts";
import { nextTarget, splitReward, workOf } from "../../../src/chain/index.ts";
import { alice, aWorld, bob, carol, someRecords } from "../../support/chain.ts";

const split = { winner: 300, contributions: 600, leader: 100 };

describe("the reward", () => {
  const { rules, state } = aWorld();

  it("goes to the winner whole when nothing was recorded", () => {
    expect(splitReward({ subsidy: 1000n, fees: 7n }, alice.address, [], split)).toEqual([
      { address: alice.address, amount: 1007n },
    ]);
  });

  it("pays each recorded unit alike, the leader its part, and the remainders to the winner", () => {
    const records = someRecords(state, carol, [alice, bob, carol], 3, rules);
    const rewards = splitReward({ subsidy: 1000n, fees: 5n }, alice.address, records, split);
    // 600 over 9 units is 66 each, 3 units a head; 100 over 3 records is 33 each; the rest is the winner's.
    const paid = (address: Uint8Array): bigint | undefined => rewards.find((r) => r.address === address)?.amount;
    expect(paid(bob.address)).toBe(198n);
    expect(paid(carol.address)).toBe(198n + 99n);
    expect(paid(alice.address)).toBe(1005n - 198n - 297n);
    expect(rewards).toHaveLength(3);
  });

  it("leaves out who gets nothing", () => {
    const records = someRecords(state, carol, [bob], 1, rules);
    const rewards = splitReward({ subsidy: 1n, fees: 0n }, alice.address, records, split);
    expect(rewards).toEqual([{ address: alice.address, amount: 1n }]);
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
