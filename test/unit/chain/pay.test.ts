// Pay in integers: what a unit of work earns, its bounds, and how much of it a block takes.
import { describe, expect, it } from "vitest";
import {
  attesterPay,
  carriedPay,
  contributionPay,
  isAdmitted,
  leaderPay,
  maxContributionsOf,
  shareOf,
  winnerPay,
} from "../../../src/chain/index.ts";
import { sha256 } from "../../../src/crypto/index.ts";

const COIN = 1_000_000n;
const rules = {
  subsidy: 10n * COIN,
  split: { winner: 300, contributions: 450, leader: 100, attestations: 50, epoch: 100 },
  auditOneIn: 16,
  auditBlocks: 5,
  attesters: 1,
  minCollateral: 3n * COIN,
};
/** A block that is expected to take 14 units. */
const measure = { expected: 14n * 1420n, nonces: 1420 };
const rich = 1000n * COIN;

describe("pay", () => {
  it("of a contribution is its share of the draws that a block takes", () => {
    // 4.5 coins * 2a / (2D + a), D = 14 a.
    expect(shareOf("contributions", measure, rules)).toBe((45n * COIN * 2n) / (10n * 29n));
    expect(contributionPay(0, measure, rich, rules)).toBe(310_344n);
  });

  it("falls with lag, by three quarters a round", () => {
    expect([0, 1, 2, 7].map((lag) => contributionPay(lag, measure, rich, rules))).toEqual([
      310_344n,
      232_758n,
      174_568n,
      41_425n,
    ]);
  });

  it("is bounded by the author's collateral, unless the unit was checked", () => {
    expect(contributionPay(0, measure, 3n * COIN, rules)).toBe(23_437n);
    expect(contributionPay(0, measure, 0n, rules)).toBe(0n);
    expect(contributionPay(0, measure, "checked", rules)).toBe(310_344n);
  });

  it("is never dust and never more than the part", () => {
    expect(shareOf("contributions", { expected: 2n ** 200n, nonces: 1 }, rules)).toBe(9_000n);
    expect(shareOf("contributions", { expected: 1n, nonces: 2 ** 32 - 1 }, rules)).toBe(4_500_000n);
  });

  it("of leaders and attesters goes to the carrying winner for one part in five, and no part is lost", () => {
    expect(carriedPay(leaderPay(310_344n, rules))).toEqual({ earner: 55_172n, winner: 13_793n });
    expect(winnerPay(rules)).toBe(3n * COIN);
  });
});

describe("the pay of attesters", () => {
  it("is on average the contribution's share, Q times: one audit in eight has twice as many", () => {
    const share = 16n * shareOf("attestations", measure, rules);
    const each = attesterPay(measure, rules);
    expect((7n * each + 2n * each) / 8n).toBeGreaterThanOrEqual(share - 2n);
    expect((7n * each + 2n * each) / 8n).toBeLessThanOrEqual(share);
    expect(attesterPay(measure, { ...rules, attesters: 2 })).toBe(each / 2n);
  });

  it("is more than the unit would have brought as a contribution that is led", () => {
    const contribution = contributionPay(0, measure, "checked", rules);
    expect(carriedPay(attesterPay(measure, rules)).earner).toBeGreaterThan(
      contribution + leaderPay(contribution, rules),
    );
  });
});

describe("room in a block", () => {
  it("is for more contributions of a key the more it has at stake", () => {
    expect([0n, 1n, 3n * COIN, 30n * COIN].map((c) => maxContributionsOf(c, rules))).toEqual([0n, 0n, 8n, 80n]);
  });

  it("is for some 500 contributions, however many mine", () => {
    const beacon = sha256(Uint8Array.of(1));
    const digests = Array.from({ length: 4000 }, (_, i) => sha256(Uint8Array.of(i, i >> 8)));
    const admitted = (units: bigint): number =>
      digests.filter((digest) => isAdmitted(beacon, digest, { expected: units * 1420n, nonces: 1420 })).length;
    expect(admitted(500n)).toBe(4000);
    // 500 of 2,000: a quarter, within four standard deviations.
    expect(Math.abs(admitted(2000n) - 1000)).toBeLessThan(4 * Math.sqrt(4000 * 0.25 * 0.75));
  });
});
