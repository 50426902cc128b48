// A clock that tests move: timers fire in order of time, and everything they set off settles before the next one.
import { verifying } from "../../src/crypto/index.ts";
import type { Clock } from "../../src/ports/index.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** When the machine of a test was switched on, ms since 1970: far from its monotonic time, so that whoever takes one for the other is seen. */
const BOOTED_AT = 1_800_000_000_000;

export class VirtualClock implements Clock {
  readonly #bootedAt: number;
  #now = 0;
  #steppedMs = 0;
  #order = 0;
  #timers: Timer[] = [];

  constructor(bootedAt = BOOTED_AT) {
    this.#bootedAt = bootedAt;
  }

  now(): number {
    return this.#now;
  }

  wallTime(): number {
    return this.#bootedAt + this.#now + this.#steppedMs;
  }

  /** Sets the wall clock forward, or back: nothing else moves. */
  step(ms: number): void {
    this.#steppedMs += ms;
  }

  /** The clock of another machine, which goes by the same time and whose wall clock is off by `ms`, and can be set by itself. */
  skewed(ms: number): Clock & Pick<VirtualClock, "step"> {
    let off = ms;
    return {
      now: () => this.now(),
      wallTime: () => this.wallTime() + off,
      after: (wait, run) => this.after(wait, run),
      step: (by) => {
        off += by;
      },
    };
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, run };
    this.#timers.push(timer);
    this.#timers.sort((a, b) => a.at - b.at || a.order - b.order);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves time by `ms`, or until `done` holds; returns the time that passed. */
  async run(ms: number, done: () => boolean = () => false): Promise<number> {
    const began = this.#now;
    const end = began + ms;
    await settle();
    while (!done()) {
      const next = this.#timers[0];
      if (next === undefined || next.at > end) {
        this.#now = end;
        break;
      }
      this.#timers.shift();
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settle();
    }
    return this.#now - began;
  }
}

/** Rounds of the event loop without a turn or a signature under way: what they set off has come to rest then. */
const QUIET_ROUNDS = 12;
/** A test may have an immediate of its own that never ends. */
const MAX_ROUNDS = 10_000;

const isBusy = (): boolean => verifying() > 0 || process.getActiveResourcesInfo().includes("Immediate");

/** Lets promises, turns of long work and signatures that are verified beside the event loop come to rest. */
export async function settle(): Promise<void> {
  for (let round = 0, quiet = 0; quiet < QUIET_ROUNDS && round < MAX_ROUNDS; round++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    quiet = isBusy() ? 0 : quiet + 1;
  }
}
