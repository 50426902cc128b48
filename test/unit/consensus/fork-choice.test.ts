// Fork choice on chosen cases: which way each tie goes. The laws of the order are in test/property/chain.test.ts.
import { describe, expect, it } from "vitest";
import { type ChainTip, compareChains } from "../../../src/consensus/index.ts";

const tip = (work: bigint, heard: number): ChainTip => ({ work, heard });

/** Better first. */
const PAIRS: readonly (readonly [string, ChainTip, ChainTip])[] = [
  ["more work, even heard last", tip(6n, 9), tip(5n, 1)],
  ["one more draw of work beyond 64 bits", tip(2n ** 70n + 1n, 9), tip(2n ** 70n, 1)],
  ["of equal work the one heard first", tip(5n, 1), tip(5n, 2)],
];

describe("fork choice", () => {
  it.each(PAIRS)("prefers %s", (_what, better, worse) => {
    expect(compareChains(better, worse)).toBeGreaterThan(0);
    expect(compareChains(worse, better)).toBeLessThan(0);
  });

  it("is undecided between a tip and itself only", () => {
    expect(compareChains(tip(5n, 1), tip(5n, 1))).toBe(0);
  });
});
