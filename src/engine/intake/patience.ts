// Messages overtake each other: what is early is judged again when a round moves, a few times, before it is given up.
import type { RefusalCode, Verdict } from "../../base/index.ts";
import type { Clock } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";
import { within } from "../exchange/index.ts";

/** Verdicts that a later moment may change: the object's block or the record before it is still on its way. */
const EARLY: ReadonlySet<RefusalCode> = new Set([
  "other-block",
  "unknown-round",
  "wrong-previous",
  "other-branch",
  "height-ahead",
] as const);
const EARLY_TRIES = 4;
const EARLY_MS = 1_500;
/** Early messages of one peer that may wait at once. */
const EARLY_PER_PEER = 16;

export const isEarly = (verdict: Verdict): boolean => verdict.kind === "ignore" && EARLY.has(verdict.code);

export class Patience {
  readonly #deps: { readonly events: EventBus; readonly clock: Clock };
  readonly #signal: AbortSignal;
  /** Peer -> early messages of it that wait for a round to move. */
  readonly #waiting = new Map<string, number>();

  constructor(
    deps: { readonly events: EventBus; readonly clock: Clock },
    { signal }: { readonly signal: AbortSignal },
  ) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** The verdict of `judge`, asked again while it says early. */
  async judge(from: string, judge: () => Promise<Verdict>): Promise<Verdict> {
    for (let tries = 1; ; tries++) {
      const verdict = await judge();
      if (!isEarly(verdict) || tries === EARLY_TRIES || !(await this.#waitFor(from))) return verdict;
    }
  }

  /** False at once when the peer has too many early messages waiting already. */
  async #waitFor(from: string): Promise<boolean> {
    const waiting = this.#waiting.get(from) ?? 0;
    if (waiting >= EARLY_PER_PEER) return false;
    this.#waiting.set(from, waiting + 1);
    try {
      return await this.#nextRound();
    } finally {
      const left = (this.#waiting.get(from) as number) - 1;
      if (left === 0) this.#waiting.delete(from);
      else this.#waiting.set(from, left);
    }
  }

  /** True once a common state moved, false when none did in time. */
  #nextRound(): Promise<boolean> {
    const { clock, events } = this.#deps;
    return within(clock, EARLY_MS, this.#signal, (signal) => events.next("round", () => true, { signal })).then(
      () => true,
      () => false,
    );
  }
}
