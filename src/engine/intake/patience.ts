// Messages overtake each other: what is early is judged again when a round moves, a few times, before it is given up.
import { type RefusalCode, reject, Shares, type Verdict } from "../../base/index.ts";
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
/** Early messages that may wait at once: all are judged again in one moment. */
const EARLY_PLACES = { perPeer: 16, perGroup: 32, inAll: 256 };

export const isEarly = (verdict: Verdict): boolean => verdict.kind === "ignore" && EARLY.has(verdict.code);

export interface Judging {
  readonly judge: () => Promise<Verdict> | Verdict;
  /** Whether it is signed by whom it names: what is early was judged no further than that. */
  readonly isSigned: () => boolean;
}

export interface PatienceDeps {
  readonly events: EventBus;
  readonly clock: Clock;
  readonly groupOf: (peer: string) => string;
}

export class Patience {
  readonly #deps: PatienceDeps;
  readonly #signal: AbortSignal;
  readonly #places: Shares;

  constructor(deps: PatienceDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
    this.#places = new Shares(EARLY_PLACES, deps.groupOf);
  }

  /**
   * The verdict of `judge`, asked again after each move of a round while it says early. Nothing unsigned is waited for, nor more of one peer
   * than there are places for.
   */
  async judge(from: string, { judge, isSigned }: Judging): Promise<Verdict> {
    const verdict = await judge();
    if (!isEarly(verdict)) return verdict;
    if (!isSigned()) return reject("bad-signature");
    const leave = this.#places.take(from);
    if (leave === undefined) return verdict;
    try {
      return await this.#judgeAgain(verdict, judge);
    } finally {
      leave();
    }
  }

  async #judgeAgain(early: Verdict, judge: Judging["judge"]): Promise<Verdict> {
    let verdict = early;
    for (let tries = 1; tries < EARLY_TRIES && isEarly(verdict) && (await this.#nextRound()); tries++)
      verdict = await judge();
    return verdict;
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
