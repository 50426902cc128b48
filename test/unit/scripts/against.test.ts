// The arithmetic of a comparison with another checkout: what it calls slower, and when it must not be believed.
import { describe, expect, it } from "vitest";
import { blindness, compared, comparedLines, isWorse } from "../../../scripts/bench/against/judge.ts";
import { CONTROL, PARTS } from "../../../scripts/bench/against/parts.ts";
import type { Sample } from "../../../scripts/bench/measure.ts";

const TOLERANCE = 0.03;
/** Rounds whose processor time jumps by 2 % either way. */
const rounds = (ms: number): Sample[] =>
  Array.from({ length: 21 }, (_, i) => ({ cpuMs: ms * (1 + 0.02 * (((i * 5) % 21) / 10 - 1)), wallMs: 9 * ms }));
const row = (ours: number, theirs: number) =>
  compared({ name: "a/b", what: "work" }, rounds(ours), rounds(theirs), false);

describe("a compared row", () => {
  it("is the ratio of the medians of processor time", () => {
    expect(row(3, 2).ratio).toBeCloseTo(1.5, 9);
    expect(row(2, 2).rounds).toMatchObject({ median: 1, count: 21 });
  });

  it("is worse above the tolerance, and not at it or below", () => {
    expect(isWorse(row(1.031, 1), TOLERANCE)).toBe(true);
    expect(isWorse(row(1.029, 1), TOLERANCE)).toBe(false);
    expect(isWorse(row(0.5, 1), TOLERANCE)).toBe(false);
    expect(isWorse(row(1.04, 1), 0.05)).toBe(false);
    expect(isWorse({ kind: "uncompared", name: "a", what: "a", why: "not there" }, TOLERANCE)).toBe(false);
  });

  it("is not worse by the medians alone, when the rounds say otherwise", () => {
    const slow = compared({ name: "a", what: "a" }, rounds(1.06), rounds(1), false);
    expect(isWorse(slow, TOLERANCE)).toBe(true);
    expect(isWorse({ ...slow, rounds: { ...slow.rounds, median: 1.01 } }, TOLERANCE)).toBe(false);
  });

  it("bears a bad round, in which both were slow or one was", () => {
    const busy = rounds(1).map((sample, i) => (i === 3 ? { cpuMs: 5, wallMs: 5 } : sample));
    expect(isWorse(compared({ name: "a", what: "a" }, busy, rounds(1), false), TOLERANCE)).toBe(false);
  });

  it("says what it found", () => {
    const lines = comparedLines(
      [row(2, 1), { ...row(1, 2), again: true }, { kind: "uncompared", name: "c", what: "c", why: "not there" }],
      TOLERANCE,
    );
    expect(lines[1]).toMatch(/^a\/b +2\.000 .*2\.00 \/ 1\.00 +slower: work$/);
    expect(lines[2]).toMatch(/faster at the second look: work$/);
    expect(lines[3]).toMatch(/^c +none +not there$/);
  });
});

describe("the control", () => {
  it("believes a run that saw the slower and not the same", () => {
    expect(blindness(row(1.01, 1), row(1.1, 1), TOLERANCE)).toBeUndefined();
  });
  it("does not believe one that tells a thing from itself, or does not see a slower one", () => {
    expect(blindness(row(1.05, 1), row(1.1, 1), TOLERANCE)).toContain("too busy");
    expect(blindness(row(0.9, 1), row(1.1, 1), TOLERANCE)).toContain("too busy");
    expect(blindness(row(1, 1), row(1.01, 1), TOLERANCE)).toContain("not seen");
  });
});

it("every part has a name of its own", () => {
  const names = [...PARTS, ...Object.values(CONTROL)].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
