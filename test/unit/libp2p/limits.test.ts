import { describe, expect, it } from "vitest";
import { deadline } from "../../../src/adapters/libp2p/deadline.ts";
import { RateLimiter } from "../../../src/adapters/libp2p/rate.ts";
import { Slots } from "../../../src/adapters/libp2p/slots.ts";
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

describe("RateLimiter", () => {
  it("lets a burst through, then the rate, per key", () => {
    const { clock, set } = handClock();
    const rate = new RateLimiter({ perSecond: 10, burst: 5 }, clock);
    expect([1, 2, 3, 4, 5, 6].map(() => rate.take("a", 1))).toEqual([4, 3, 2, 1, 0, -1]);
    expect(rate.take("b", 1)).toBe(4);
    set(300);
    expect(rate.take("a", 1)).toBe(1);
    set(1_000_000);
    expect(rate.take("a", 0)).toBe(5);
  });

  it("tells how long a debt lasts, and caps it", () => {
    const { clock } = handClock();
    const rate = new RateLimiter({ perSecond: 10, burst: 5 }, clock);
    expect([rate.delay("a", 5), rate.delay("a", 1), rate.delay("a", 1)]).toEqual([0, 100, 200]);
    expect(rate.delay("a", 1_000)).toBe(500);
    expect(rate.isFlood(rate.take("a", 1))).toBe(true);
    rate.forget("a");
    expect(rate.take("a", 1)).toBe(4);
  });
});

describe("Slots", () => {
  const forever = { signal: new AbortController().signal };

  it("holds the limit per key and serves in order of arrival", async () => {
    const slots = new Slots(2);
    const [one] = [await slots.acquire("k", forever), await slots.acquire("k", forever)];
    const order: string[] = [];
    const queue = async (name: string): Promise<() => void> => {
      const place = await slots.acquire("k", forever);
      order.push(name);
      return place;
    };
    const [third, fourth] = [queue("third"), queue("fourth")];
    await slots.acquire("other", forever);
    expect(order).toEqual([]);
    one();
    one();
    const release = await third;
    expect(order).toEqual(["third"]);
    release();
    await fourth;
    expect(order).toEqual(["third", "fourth"]);
  });

  it("lets go of the one who gave up waiting, not of its place in the count", async () => {
    const slots = new Slots(1);
    const release = await slots.acquire("k", forever);
    const impatient = new AbortController();
    const given = slots.acquire("k", impatient);
    impatient.abort(new Error("tired"));
    await expect(given).rejects.toThrow("tired");
    release();
    const again = await slots.acquire("k", forever);
    again();
    await expect(slots.acquire("k", impatient)).rejects.toThrow("tired");
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
