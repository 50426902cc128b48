// Words of attesters that wait for a block: judged against the head, one of each kind for a seat, bounded.
import { ACCEPT, bytesEqual, ignore, toHex, type Verdict } from "../../base/index.ts";
import {
  commitmentOf,
  commitWindow,
  judgeCommit,
  judgeReveal,
  type Rules,
  revealWindow,
  type State,
  selectWords,
  type Window,
} from "../../chain/index.ts";
import { AuditCommit, type AuditReveal, type AuditSeat, type Body, MAX_AUDIT_WORDS } from "../../codec/index.ts";
import type { EventBus } from "../events.ts";

/** Words of each kind that wait at most. */
const MAX_WAITING = 1024;

const nameOf = ({ audit, attester }: AuditSeat): string => `${toHex(audit)}/${toHex(attester)}`;

export interface AuditWordsDeps {
  readonly events: EventBus;
  /** State after the best block. */
  readonly state: () => State;
}

export class AuditWords {
  readonly #rules: Rules;
  readonly #state: () => State;
  readonly #commits = new Map<string, AuditCommit>();
  readonly #reveals = new Map<string, AuditReveal>();

  constructor(rules: Rules, { events, state }: AuditWordsDeps) {
    this.#rules = rules;
    this.#state = state;
    events.on("head", () => this.#prune(state().height + 1));
  }

  addCommit(commit: AuditCommit): Verdict {
    const early = this.#isNext(commitWindow(commit.height, this.#rules)) && this.#mayCommit(commit);
    return early ? ignore("height-ahead", "a commit") : this.#add(this.#commits, commit, judgeCommit);
  }

  addReveal(reveal: AuditReveal): Verdict {
    const early = this.#isNext(revealWindow(reveal.height, this.#rules)) && this.#mayReveal(reveal);
    return early ? ignore("height-ahead", "a reveal") : this.#add(this.#reveals, reveal, judgeReveal);
  }

  /** A word is given as soon as a head opens its window, so it may come before that head does, and is waited for. */
  #isNext({ from }: Window): boolean {
    return this.#state().height + 2 === from;
  }

  /** Strangers' words must have nobody wait: the attester could be drawn, and signed it. */
  #mayCommit(commit: AuditCommit): boolean {
    const { minCollateral, genesis } = this.#rules;
    return this.#state().collateralOf(commit.attester) >= minCollateral && AuditCommit.verify(commit, genesis);
  }

  /** It opens what the seat holds sealed. */
  #mayReveal(reveal: AuditReveal): boolean {
    const seat = this.#state().seat(reveal);
    return seat !== undefined && bytesEqual(seat.commitment, commitmentOf(reveal));
  }

  /** What a block on `state` can carry. */
  select(state: State): Pick<Body, "reveals" | "commits"> {
    const waiting = { reveals: [...this.#reveals.values()], commits: [...this.#commits.values()] };
    return selectWords(state, waiting, MAX_AUDIT_WORDS, this.#rules);
  }

  /** Only a signature that is not the attester's is the sender's fault: all else depends on where its chain is. */
  #add<W extends AuditSeat>(
    waiting: Map<string, W>,
    word: W,
    judge: (state: State, word: W, rules: Rules) => Verdict,
  ): Verdict {
    const name = nameOf(word);
    if (waiting.has(name)) return ignore("known");
    const judged = judge(this.#state(), word, this.#rules);
    if (judged.kind === "reject" && judged.code !== "bad-signature") return { ...judged, kind: "ignore" };
    if (judged.kind !== "accept") return judged;
    if (waiting.size >= MAX_WAITING) return ignore("full", "words of attesters");
    waiting.set(name, word);
    return ACCEPT;
  }

  /** Forgets what no block from `next` on can carry. */
  #prune(next: number): void {
    for (const [name, { height }] of this.#commits)
      if (commitWindow(height, this.#rules).to < next) this.#commits.delete(name);
    for (const [name, { height }] of this.#reveals)
      if (revealWindow(height, this.#rules).to < next) this.#reveals.delete(name);
  }
}
