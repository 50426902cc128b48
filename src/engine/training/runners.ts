// Who runs units of a task of late: the leader waits for them before it closes a round.
import type { Contribution } from "../../codec/index.ts";
import { MAX_CONTRIBUTIONS } from "../../codec/index.ts";
import { unitRunner } from "./pool.ts";

/** Rounds that a runner may miss before the leader stops waiting for it. */
const EXPECT_ROUNDS = 3;

export class Runners {
  /** Runner -> last round that it contributed to, in time or late. */
  readonly #last = new Map<string, number>();

  /** Remembers who ran a unit, no more of them than a record holds. */
  noteRunner(c: Contribution): void {
    const runner = unitRunner(c);
    if (this.#last.size >= MAX_CONTRIBUTIONS && !this.#last.has(runner)) return;
    this.#last.set(runner, Math.max(c.round, this.#last.get(runner) ?? 0));
  }

  /** Forgets who missed too many rounds before `round`. */
  forget(round: number): void {
    for (const [runner, last] of this.#last)
      if (last < round - EXPECT_ROUNDS || last > round) this.#last.delete(runner);
  }

  /** Whether all that are expected are among `present`. */
  areAll(present: ReadonlySet<string>): boolean {
    return [...this.#last.keys()].every((runner) => present.has(runner));
  }
}
