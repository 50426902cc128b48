import { describe, expect, it } from "vitest";
import { Budget } from "../../../src/adapters/libp2p/budget.ts";
import { deadline } from "../../../src/adapters/libp2p/deadline.ts";
import type { Clock } from "../../../src/ports/index.ts";

function handClock(): { clock: Clock; set(now: number): void; timers: Map<object, { ms: number; run: () => void }> } {
  let now = 0;
  const timers = new Map<object, { ms: number; run: () => void }>();
  const after = (ms: number, run: () => void) => {
    const key = {};
    timers.set(key, { ms, run });
    return () => void timers.delete(key);
  };
  const set = (to: number): void => {
    now = to;
  };
  return { clock: { now: () => now, wallTime: () => Number.NaN, after }, set, timers };
}

const RATES = {
  own: { perSecond: 10, burst: 5 },
  group: { perSecond: 20, burst: 10 },
  all: { perSecond: 40, burst: 12 },
};

/** A budget of peers named `<group>/<name>`. */
function budgetOn(clock: Clock): Budget {
  return new Budget(RATES, { clock, groupOf: (peer) => peer.split("/")[0] as string });
}

describe("a budget", () => {
  it("lets a connection spend its own, then what its group and all have, then makes it wait", () => {
    const { clock } = handClock();
    const budget = budgetOn(clock);
    expect([budget.spend("a/1", 5), budget.spend("a/1", 10)]).toEqual([0, 0]);
    expect(budget.spend("a/1", 1)).toBe(100);
    // The control: another group has what is left for all, and its own.
    expect([budget.spend("b/1", 5), budget.spend("b/1", 2), budget.spend("b/1", 1)]).toEqual([0, 0, 100]);
  });

  it("keeps each connection's own for it, whatever the others spend", () => {
    const { clock } = handClock();
    const budget = budgetOn(clock);
    for (const group of "abcdefgh") for (let i = 0; i < 9; i++) budget.spend(`${group}/${i}`, 100);
    expect(budget.spend("a/honest", 5)).toBe(0);
    expect(budget.spend("z/honest", 5)).toBe(0);
    expect(budget.spend("z/honest", 1)).toBeGreaterThan(0);
  });

  it("has debts paid by time, and bounds them", () => {
    const { clock, set } = handClock();
    const budget = budgetOn(clock);
    expect(budget.spend("a/1", 1_000)).toBe(250);
    expect(budget.spend("a/2", 5)).toBe(0);
    // What nobody is in debt with comes back: 5 of its own in half a second, and of the others' what is there.
    set(500);
    expect(budget.spend("a/1", 0)).toBe(0);
    set(1_000_000);
    expect([budget.spend("a/1", 15), budget.spend("a/1", 1)]).toEqual([0, 100]);
  });

  it("gives all together no more than is said", () => {
    const { clock, set } = handClock();
    const budget = budgetOn(clock);
    let spent = 0;
    for (let ms = 0; ms <= 10_000; ms += 100) {
      set(ms);
      for (const peer of ["a/1", "a/2", "b/1", "b/2"])
        for (let i = 0; i < 10 && budget.spend(peer, 0) === 0; i++, spent++) budget.spend(peer, 1);
    }
    const { own, all } = RATES;
    // One unit of debt each at the end.
    expect(spent).toBeLessThanOrEqual(4 * (own.burst + 10 * own.perSecond + 1) + all.burst + 10 * all.perSecond);
    expect(spent).toBeGreaterThan(0.9 * (4 * 10 * own.perSecond + 10 * all.perSecond));
  });
});

describe("deadline", () => {
  it("aborts on time, or with the caller, and frees its timer", () => {
    const { clock, timers } = handClock();
    const timed = deadline(clock, 50);
    for (const timer of timers.values()) timer.run();
    expect(timed.signal.aborted).toBe(true);
    const caller = new AbortController();
    const followed = deadline(clock, 50, caller.signal);
    caller.abort(new Error("enough"));
    expect(followed.signal.reason).toEqual(new Error("enough"));
    timed.end();
    followed.end();
    expect(timers.size).toBe(0);
    expect(deadline(clock, 50, caller.signal).signal.aborted).toBe(true);
  });
});
