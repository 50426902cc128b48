// The Clock port over the system's clock. Simulations and tests bring their own.
import type { Clock } from "../../ports/index.ts";

/** setTimeout fires at once above this. */
const LONGEST_MS = 2 ** 31 - 1;

/** Both times, and timers of any length, which go by the monotonic one. They keep the process alive: who sets one cancels it. */
export function systemClock(): Clock {
  return {
    now: () => performance.now(),
    wallTime: () => Date.now(),
    after(ms, run) {
      const wait = Math.min(Math.max(0, ms), LONGEST_MS);
      let cancel: () => void;
      const timer = setTimeout(() => {
        if (ms > LONGEST_MS) cancel = this.after(ms - LONGEST_MS, run);
        else run();
      }, wait);
      cancel = () => clearTimeout(timer);
      return () => cancel();
    },
  };
}
