// Who runs units of a task of late: the leader waits for them before it closes a round.
import { type Contribution, MAX_CONTRIBUTIONS } from "../../codec/index.ts";
import { unitRunner } from "./pool.ts";

/** Rounds that a runner may miss before the leader stops waiting for it, and ms that it is waited for at most. */
const EXPECT_ROUNDS = 3;
const EXPECT_MS = 10_000;

/** A moment of training. */
interface Moment {
  readonly round: number;
  /** Ms. */
  readonly now: number;
}

export class Runners {
  /** Runner -> when it was last heard of, in time or late. */
  readonly #last = new Map<string, Moment>();

  /** Remembers who ran a unit, no more of them than a record holds. */
  noteRunner(c: Contribution, moment: Moment): void {
    const runner = unitRunner(c);
    if (this.#last.size >= MAX_CONTRIBUTIONS && !this.#last.has(runner)) return;
    this.#last.set(runner, moment);
  }

  /** Forgets who was not heard of for too many rounds, or for too long. */
  forget({ round, now }: Moment): void {
    for (const [runner, last] of this.#last)
      if (last.round < round - EXPECT_ROUNDS || last.round > round || last.now < now - EXPECT_MS)
        this.#last.delete(runner);
  }

  /** Whether all that are expected are among `present`. */
  areAll(present: ReadonlySet<string>): boolean {
    return [...this.#last.keys()].every((runner) => present.has(runner));
  }
}
