// The rounds of one task on the best block: contributions come in, records close them, the common state moves on (protocol section 3).
import { ACCEPT, bytesEqual, ignore, SerialQueue, toHex, type Verdict } from "../../base/index.ts";
import type { Rules, State } from "../../chain/index.ts";
import { type Block, Contribution, type Decoded, MAX_CONTRIBUTIONS, type RoundRecord } from "../../codec/index.ts";
import {
  checkContribution,
  checkRecord,
  checkSigned,
  checkStanding,
  compareContributions,
  type OpenRound,
  Recorded,
} from "../../consensus/index.ts";
import { verifyAhead } from "../../crypto/index.ts";
import type { Clock } from "../../ports/index.ts";
import { moveOfRecord, type Task } from "../../work/index.ts";
import type { EventBus } from "../events.ts";
import { hintsOf, type Origin } from "../origin.ts";
import type { FollowedTask } from "./followed-task.ts";
import type { Pulling } from "./parameters.ts";
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
  /** Whether the head's winning unit was checked. Until then its author may lead with units that nobody ran. */
  readonly isChecked: () => boolean;
  readonly followed: FollowedTask;
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
  #view: RoundView;

  constructor(options: RoundsOptions, deps: RoundsDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#options = options;
    this.#deps = deps;
    this.#signal = signal;
    this.#view = this.#fresh();
    deps.board.post(this.#view);
    // The head moved: records of the old leader beyond it are void.
    deps.events.on("head", ({ dropped }) => this.#turn(dropped));
    deps.events.on("checked", ({ id }) => {
      if (id === toHex(this.#view.head)) void this.#keepAll(this.#view);
    });
  }

  get view(): RoundView {
    return this.#view;
  }

  /**
   * Contributions that a record of the open round can hold beside those recorded on this head, in its order: of all common states that
   * still count, `most` of them. Those that have not long to be recorded come first, then those that came first.
   */
  contributions(open: OpenRound = this.#view, most: number = MAX_CONTRIBUTIONS): Contribution[] {
    const state = this.#deps.state();
    const recorded = this.#recorded(state);
    const chosen: Contribution[] = [];
    for (const c of open.commons.flatMap(({ digest }) => this.#pool.from(digest))) {
      if (chosen.length >= most) break;
      if (checkStanding(state, c, this.#options.rules, open).kind !== "accept") continue;
      if (recorded.take(c).kind === "accept") chosen.push(c);
    }
    return chosen.sort(compareContributions);
  }

  /** What the records on this head hold, to count beside it. */
  #recorded(state: State): Recorded {
    const { rules } = this.#options;
    return new Recorded(state, rules, this.#deps.board.recorded(state, rules));
  }

  /** Judges a contribution and keeps it once its delta is here; `accept` means worth relaying. */
  async addContribution(c: Contribution, origin: Origin): Promise<Verdict> {
    if (this.#pool.has(c)) return ignore("known");
    const verdict = checkContribution(this.#deps.state(), c, this.#options.rules, this.#view);
    if (verdict.kind !== "accept") return verdict;
    const { followed, events, clock } = this.#deps;
    const options = { signal: this.#signal };
    const delta = await followed.deltas.get(c, hintsOf(origin), options);
    if (delta === undefined) return ignore("no-delta");
    await followed.bringStarts([c], this.#standing(), options);
    const sound = await followed.parameters.checkDelta(c, delta);
    if (sound.kind !== "accept") return sound;
    if (!this.#pool.add(c, { own: origin.kind === "own" })) return ignore("full", "contributions of the round");
    this.runners.noteRunner(c, { round: this.#view.round, now: clock.now() });
    events.emit("contribution", { contribution: c, origin });
    return ACCEPT;
  }

  /** Judges a leader's record and, if it follows the present round, moves on to the state that it makes. */
  async addRecord({ value: record, bytes }: Decoded<RoundRecord>, origin: Origin): Promise<Verdict> {
    const signed = await this.#verifyAhead(record);
    if (signed.kind !== "accept") return signed;
    const judged = this.#view;
    const early = this.#judge(record);
    if (early.kind !== "accept") return early;
    const { deltas } = this.#deps.followed;
    const pulling = { hints: hintsOf(origin), signal: this.#signal };
    // Deltas come in before the queue is entered: a slow peer holds up nobody else's record.
    if (!(await deltas.all(record.contributions, pulling.hints, pulling))) return ignore("no-delta");
    return this.#queue.run(async () => {
      const view = this.#view;
      // Where nothing moved meanwhile the verdict stands, and no signature is looked at again.
      const verdict = view === judged ? early : this.#judge(record);
      if (verdict.kind !== "accept") return verdict;
      const made = await this.#advance(view, record, pulling);
      if (made.kind !== "accept") return made;
      if (origin.kind !== "own" && this.#deps.isChecked()) await deltas.keep(record.contributions);
      if (view !== this.#view) return ignore("stale-round", "it moved on meanwhile");
      const now = this.#deps.clock.now();
      for (const contribution of record.contributions)
        this.runners.noteRunner(contribution, { round: view.round, now });
      this.#deps.events.emit("record", { record, bytes, origin });
      this.#begin(following(view, record, now));
      return ACCEPT;
    });
  }

  /** Puts on disk what the records of a head are made of, now that it is checked; what memory let go of meanwhile is brought again. */
  async #keepAll({ head, records }: RoundView): Promise<void> {
    const { deltas } = this.#deps.followed;
    const options = { signal: this.#signal };
    for (const { contributions } of records) {
      if (!this.#deps.isChecked() || head !== this.#view.head) return;
      // What cannot be had or written now comes with the block that carries the record.
      const here = await deltas.all(contributions, [], options).catch(() => false);
      if (here) await deltas.keep(contributions).catch(() => undefined);
    }
  }

  async #advance(view: RoundView, record: RoundRecord, pulling: Pulling): Promise<Verdict> {
    const { followed } = this.#deps;
    await followed.bringStarts(record.contributions, this.#standing(), pulling);
    return followed.parameters.advance(view.startDigest, moveOfRecord(record), pulling);
  }

  /** Has the contributions' signatures verified beside the event loop, once the leader's own says that they are its business. */
  async #verifyAhead(record: RoundRecord): Promise<Verdict> {
    const { rules } = this.#options;
    const signed = checkSigned(
      { state: this.#deps.state(), open: this.#view, before: this.#view.records },
      record,
      rules,
    );
    if (signed.kind !== "accept") return signed;
    await verifyAhead(record.contributions.map((contribution) => Contribution.signed(contribution, rules.genesis)));
    return ACCEPT;
  }

  #judge(record: RoundRecord): Verdict {
    const state = this.#deps.state();
    const { records } = this.#view;
    const { rules } = this.#options;
    const place = { state, open: this.#view, before: records, recorded: this.#recorded(state) };
    const verdict = checkRecord(place, record, rules);
    // Of two tasks' records nodes hear this or that one first, and only the later is too many: who passed it on took it for the first.
    return isOfOthers(verdict, rules) ? ignore("too-many", "beside other tasks' records") : verdict;
  }

  #standing(): { readonly id: Uint8Array; readonly season: number } {
    return { id: this.#view.head, season: this.#view.season };
  }

  /** Says again where training stands, for those that have just begun to listen. */
  announce(): void {
    const { round, startDigest, head } = this.#view;
    const hex = { task: toHex(this.#options.task.id), startDigest: toHex(startDigest), head: toHex(head) };
    this.#deps.events.emit("round", { ...hex, round });
  }

  /**
   * Rounds go on from a new head's state. Where blocks only fell, from the records that one of them carried on it: they stand, and if nobody
   * built upon them, who forged a unit from one could not be shown to have.
   */
  #turn(dropped: readonly Block[]): void {
    const fresh = this.#fresh();
    const fell = dropped.find(({ header }) => bytesEqual(header.parent, fresh.head));
    const records = fell?.body.records.filter(({ task }) => bytesEqual(task, this.#options.task.id)) ?? [];
    this.#deps.board.post(fresh);
    this.#begin(records.reduce((view, record) => following(view, record, fresh.since), fresh));
  }

  #begin(view: RoundView): void {
    this.#view = view;
    this.#deps.board.post(view);
    this.runners.forget({ round: view.round, now: this.#deps.clock.now() });
    this.announce();
  }

  #fresh(): RoundView {
    return freshView(this.#deps.state(), this.#options.task, this.#deps.clock.now());
  }
}

const isOfOthers = (verdict: Verdict, { tasks }: Rules): boolean =>
  verdict.kind === "reject" && verdict.code === "too-many" && tasks.length > 1;
