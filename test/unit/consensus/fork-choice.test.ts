// Fork choice on chosen cases: which way each tie goes. The laws of the order are in test/property/chain.test.ts.
import { describe, expect, it } from "vitest";
import { type ChainTip, compareChains } from "../../../src/consensus/index.ts";

const bytes = (first: number, last = 0): Uint8Array => new Uint8Array(32).with(0, first).with(31, last);
const tip = (work: bigint, draw: Uint8Array, tipId: Uint8Array): ChainTip => ({ work, draw, tipId });

/** Better first. */
const PAIRS: readonly (readonly [string, ChainTip, ChainTip])[] = [
  ["more work, even with the higher draw and id", tip(6n, bytes(9), bytes(9)), tip(5n, bytes(1), bytes(1))],
  ["one more draw of work beyond 64 bits", tip(2n ** 70n + 1n, bytes(9), bytes(9)), tip(2n ** 70n, bytes(1), bytes(1))],
  ["of equal work the lower draw, even with the higher id", tip(5n, bytes(1), bytes(9)), tip(5n, bytes(2), bytes(1))],
  ["a draw lower in its last byte only", tip(5n, bytes(1, 1), bytes(9)), tip(5n, bytes(1, 2), bytes(1))],
  ["a draw that is lower as an unsigned number", tip(5n, bytes(0x7f), bytes(9)), tip(5n, bytes(0x80), bytes(1))],
  ["of one win the lower id", tip(5n, bytes(1), bytes(1)), tip(5n, bytes(1), bytes(2))],
  ["an id lower in its last byte only", tip(5n, bytes(1), bytes(1, 1)), tip(5n, bytes(1), bytes(1, 2))],
];

describe("fork choice", () => {
  it.each(PAIRS)("prefers %s", (_what, better, worse) => {
    expect(compareChains(better, worse)).toBeGreaterThan(0);
    expect(compareChains(worse, better)).toBeLessThan(0);
  });

  it("is undecided between a tip and itself only", () => {
    expect(compareChains(tip(5n, bytes(1), bytes(2)), tip(5n, bytes(1), bytes(2)))).toBe(0);
  });
});
