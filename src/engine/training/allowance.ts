// The machine time that forged blocks may waste for whose authors nothing answers: some at once, then a part of all time, so that
// whoever makes up keys and connections without end leaves a miner most of its units (protocol section 5).

/** Wasted at once at most, ms, and one part in so many of the time after that. */
const BURST_MS = 5_000;
const ONE_IN = 8;

export class Allowance {
  #left = BURST_MS;
  #at: number | undefined;

  /** How long nothing more may be wasted, ms; 0 where something may. */
  wait(now: number): number {
    this.#refill(now);
    return this.#left > 0 ? 0 : 1 - this.#left * ONE_IN;
  }

  spend(ms: number, now: number): void {
    this.#refill(now);
    this.#left -= ms;
  }

  #refill(now: number): void {
    const passed = Math.max(0, now - (this.#at ?? now));
    this.#left = Math.min(BURST_MS, this.#left + passed / ONE_IN);
    this.#at = now;
  }
}
