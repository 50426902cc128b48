// A clock that tests move: timers fire in order of time, and everything they set off settles before the next one.
import type { Clock } from "../../src/ports/index.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  #order = 0;
  #timers: Timer[] = [];

  constructor(now = 1_800_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
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

/** Lets promises and immediates that are under way come to rest. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 12; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
