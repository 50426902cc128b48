// The rounds of one task on the best block: contributions come in, records close them, the common state moves on (protocol section 3).
import { ACCEPT, ignore, SerialQueue, toHex, type Verdict } from "../../base/index.ts";
import type { Rules, State } from "../../chain/index.ts";
import type { Contribution, Decoded, RoundRecord } from "../../codec/index.ts";
import { checkContribution, checkRecord, checkStanding, type OpenRound } from "../../consensus/index.ts";
import type { Clock } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import type { EventBus } from "../events.ts";
import { hintsOf, type Origin, OWN } from "../origin.ts";
import type { Deltas } from "./deltas.ts";
import type { Parameters } from "./parameters.ts";
import { ContributionPool } from "./pool.ts";
import { following, freshView, type RoundBoard, type RoundView } from "./round-view.ts";
import { Runners } from "./runners.ts";

export interface RoundsOptions {
  readonly rules: Rules;
  readonly task: Task;
}

export interface RoundsDeps {
  /** State after the best block. */
  readonly state: () => State;
  readonly parameters: Parameters;
  readonly deltas: Deltas;
  readonly events: EventBus;
  readonly board: RoundBoard;
  readonly clock: Clock;
}

export class Rounds {
  readonly runners = new Runners();
  readonly #options: RoundsOptions;
  readonly #deps: RoundsDeps;
  readonly #signal: AbortSignal;
  readonly #queue = new SerialQueue();
  readonly #pool = new ContributionPool();
  /** The round closed last, whose late contributions tell who is on its way. */
  #last: OpenRound | undefined;
  #view: RoundView;

  constructor(options: RoundsOptions, deps: RoundsDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#options = options;
    this.#deps = deps;
    this.#signal = signal;
    this.#view = this.#fresh();
    deps.board.post(this.#view);
    // The head moved: rounds go on from its state; records of the old leader beyond it are void.
    deps.events.on("head", () => this.#begin(this.#fresh()));
  }

  get view(): RoundView {
    return this.#view;
  }

  /** Contributions that a record of the present round can hold: those kept before a block came may have expired with it. */
  contributions(): Contribution[] {
    const state = this.#deps.state();
    const standing = (c: Contribution): boolean =>
      checkStanding(state, c, this.#options.rules, this.#view).kind === "accept";
    return this.#pool.from(this.#view.startDigest).filter(standing);
  }

  /** Judges a contribution and keeps it once its delta is here; `accept` means worth relaying. */
  async addContribution(c: Contribution, origin: Origin): Promise<Verdict> {
    if (this.#pool.has(c)) return ignore("known");
    const verdict = checkContribution(this.#deps.state(), c, this.#options.rules, this.#view);
    if (verdict.kind !== "accept") {
      if (verdict.kind === "ignore") this.#expectLate(c);
      return verdict;
    }
    const delta = await this.#deps.deltas.get(c, hintsOf(origin), { signal: this.#signal });
    if (delta === undefined) return ignore("no-delta");
    const sound = await this.#deps.parameters.checkDelta(c, delta);
    if (sound.kind !== "accept") return sound;
    if (!this.#pool.add(c, { own: origin.kind === "own" })) return ignore("full", "contributions of the round");
    this.runners.noteRunner(c);
    this.#deps.events.emit("contribution", { contribution: c, origin, won: false });
    return ACCEPT;
  }

  /**
   * Keeps an own contribution whose unit won, before its block moves the head: the record that the new leader signs at once must
   * hold it, and no record of the round may be signed on the old head meanwhile.
   */
  keepWinning(c: Contribution): void {
    this.runners.noteRunner(c);
    if (!this.#pool.add(c, { own: true })) return;
    this.#deps.events.emit("contribution", { contribution: c, origin: OWN, won: true });
  }

  /** Judges a leader's record and, if it follows the present round, moves on to the state that it makes. */
  async addRecord({ value: record, bytes }: Decoded<RoundRecord>, origin: Origin): Promise<Verdict> {
    const judged = this.#view;
    const early = this.#judge(record, origin);
    if (early.kind !== "accept") return early;
    const pulling = { hints: hintsOf(origin), signal: this.#signal };
    // Deltas come in before the queue is entered: a slow peer holds up nobody else's record.
    const here = await this.#deps.deltas.all(record.contributions, pulling.hints, pulling);
    if (!here) return ignore("no-delta");
    return this.#queue.run(async () => {
      const view = this.#view;
      // Where nothing moved meanwhile the verdict stands, and no signature is looked at again.
      const verdict = view === judged ? early : this.#judge(record, origin);
      if (verdict.kind !== "accept") return verdict;
      const made = await this.#deps.parameters.advance(view.startDigest, record, pulling);
      if (made.kind !== "accept") return made;
      if (origin.kind !== "own") await this.#deps.deltas.keep(record.contributions);
      if (view !== this.#view) return ignore("stale-round", "it moved on meanwhile");
      for (const contribution of record.contributions) this.runners.noteRunner(contribution);
      this.#last = view;
      this.#deps.events.emit("record", { record, bytes, origin });
      this.#begin(following(view, record, this.#deps.clock.now()));
      return ACCEPT;
    });
  }

  /**
   * A runner that came too late for the last round is on its way: the leader waits for it in this one. Only for contributions that
   * would have counted: anybody can make up runners.
   */
  #expectLate(c: Contribution): void {
    const last = this.#last;
    if (last === undefined || last.round + 1 !== this.#view.round) return;
    const counts = checkContribution(this.#deps.state(), c, this.#options.rules, last);
    if (counts.kind === "accept") this.runners.noteRunner(c);
  }

  #judge(record: RoundRecord, origin: Origin): Verdict {
    const { height, records } = this.#view;
    if (height === 0 && origin.kind !== "own") return ignore("other-leader");
    return checkRecord(this.#deps.state(), records.at(-1), record, this.#options.rules);
  }

  /** Says again where training stands, for those that have just begun to listen. */
  announce(): void {
    const { round, startDigest, head } = this.#view;
    const hex = { task: toHex(this.#options.task.id), startDigest: toHex(startDigest), head: toHex(head) };
    this.#deps.events.emit("round", { ...hex, round });
  }

  #begin(view: RoundView): void {
    this.#view = view;
    this.#deps.board.post(view);
    this.runners.forget(view.round);
    this.announce();
  }

  #fresh(): RoundView {
    return freshView(this.#deps.state(), this.#options.task, this.#deps.clock.now());
  }
}
