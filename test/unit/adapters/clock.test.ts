// The system clock: timers fire, can be cancelled, and may be longer than setTimeout allows.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { systemClock } from "../../../src/adapters/clock/index.ts";

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

it("tells the time and calls once", () => {
  const clock = systemClock();
  const began = clock.now();
  let calls = 0;
  clock.after(50, () => calls++);
  vi.advanceTimersByTime(49);
  expect(calls).toBe(0);
  vi.advanceTimersByTime(100);
  expect(calls).toBe(1);
  expect(clock.wallTime()).toBe(1_000_149);
  expect(clock.now() - began).toBeCloseTo(149);
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

it.each([-3_600_000, 3_600_000])("goes on when the machine's clock steps by %i ms", (step) => {
  const clock = systemClock();
  const [began, wall] = [clock.now(), clock.wallTime()];
  let calls = 0;
  clock.after(50, () => calls++);
  vi.setSystemTime(wall + step);
  vi.advanceTimersByTime(60);
  expect(clock.wallTime() - wall).toBe(step + 60);
  expect(clock.now() - began).toBeCloseTo(60);
  expect(calls).toBe(1);
});
