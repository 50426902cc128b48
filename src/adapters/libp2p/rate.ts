// How much one peer may ask of us: token buckets per key, on the injected clock.
import { Lru } from "../../base/index.ts";
import type { Clock } from "../../ports/index.ts";

export interface Rate {
  /** Tokens that come back per second. */
  readonly perSecond: number;
  /** Tokens in a full bucket, and the deepest debt. */
  readonly burst: number;
}

/** Buckets start full. Taking never fails: it goes into debt, down to minus `burst`, and the caller decides what a debt means. */
export class RateLimiter {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #buckets = new Lru<string, { tokens: number; at: number }>(4096);

  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Takes `amount` tokens; returns what is left, negative when the peer is too fast. */
  take(key: string, amount: number): number {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#rate.burst, at: now };
    const earned = (Math.max(0, now - bucket.at) / 1000) * this.#rate.perSecond;
    const tokens = Math.max(-this.#rate.burst, Math.min(this.#rate.burst, bucket.tokens + earned) - amount);
    this.#buckets.set(key, { tokens, at: now });
    return tokens;
  }

  /** Takes tokens; returns the ms to wait until the debt is paid, 0 when there is none. */
  delay(key: string, amount: number): number {
    const left = this.take(key, amount);
    return left >= 0 ? 0 : Math.ceil((-left / this.#rate.perSecond) * 1000);
  }

  /** Whether the debt of `key` is as deep as it gets: a flood, not a burst. */
  isFlood(left: number): boolean {
    return left <= -this.#rate.burst;
  }

  /** A full bucket again. */
  forget(key: string): void {
    this.#buckets.delete(key);
  }
}
