// Who did provable wrongs lately, and who is shut out for it. Pure bookkeeping: the caller brings the time.
import { Lru } from "./lru.ts";

export interface StrikeRules {
  /** Strikes inside the window that make a ban. */
  readonly limit: number;
  /** How long a strike counts, ms. */
  readonly windowMs: number;
  /** How long a ban lasts, ms. */
  readonly banMs: number;
}

/** Three wrongs within ten minutes shut a peer out for ten minutes. */
const STRIKE_RULES: StrikeRules = { limit: 3, windowMs: 600_000, banMs: 600_000 };

/** Keys remembered at most, so that an attacker with many names cannot fill memory. */
const REMEMBERED = 4096;

/** Strikes fade after the window; a ban wipes the slate, so a key that returns starts clean. */
export class Strikes {
  readonly #rules: StrikeRules;
  readonly #strikes = new Lru<string, readonly number[]>(REMEMBERED);
  readonly #bans = new Lru<string, number>(REMEMBERED);

  constructor(rules: StrikeRules = STRIKE_RULES) {
    this.#rules = rules;
  }

  /** Counts one wrong at time `now` (ms); true when this one makes the ban. */
  add(key: string, now: number): boolean {
    if (this.isBanned(key, now)) return false;
    const recent = [...(this.#strikes.get(key) ?? []).filter((at) => at > now - this.#rules.windowMs), now];
    if (recent.length < this.#rules.limit) {
      this.#strikes.set(key, recent);
      return false;
    }
    this.ban(key, now);
    return true;
  }

  /** Shuts `key` out at once. */
  ban(key: string, now: number): void {
    this.#strikes.delete(key);
    this.#bans.set(key, now + this.#rules.banMs);
  }

  isBanned(key: string, now: number): boolean {
    const until = this.#bans.get(key);
    if (until === undefined) return false;
    if (until > now) return true;
    this.#bans.delete(key);
    return false;
  }
}
