// The Clock port over the system's clock. Simulations and tests bring their own.
import type { Clock } from "../../ports/index.ts";

/** setTimeout fires at once above this. */
const LONGEST_MS = 2 ** 31 - 1;

/** Milliseconds since 1970 and timers of any length. Timers keep the process alive: who sets one cancels it. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
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
