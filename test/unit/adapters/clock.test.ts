// The system clock: timers fire, can be cancelled, and may be longer than setTimeout allows.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { systemClock } from "../../../src/adapters/clock/index.ts";

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

it("tells the time and calls once", () => {
  const clock = systemClock();
  let calls = 0;
  clock.after(50, () => calls++);
  vi.advanceTimersByTime(49);
  expect(calls).toBe(0);
  vi.advanceTimersByTime(100);
  expect(calls).toBe(1);
  expect(clock.now()).toBe(1_000_149);
});

it("does not call after its cancel", () => {
  let calls = 0;
  const cancel = systemClock().after(50, () => calls++);
  cancel();
  vi.advanceTimersByTime(100);
  expect(calls).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

it("waits for months without firing early, and can be cancelled in the second piece", () => {
  const days = 24 * 3600 * 1000;
  let calls = 0;
  const clock = systemClock();
  clock.after(60 * days, () => calls++);
  const cancel = clock.after(60 * days, () => (calls += 100));
  vi.advanceTimersByTime(30 * days);
  cancel();
  expect(calls).toBe(0);
  vi.advanceTimersByTime(29.9 * days);
  expect(calls).toBe(0);
  vi.advanceTimersByTime(0.2 * days);
  expect(calls).toBe(1);
});
