// The rounds that run on the best block: contributions come in, the leader's record goes out, the common state moves on (protocol section 3).
import { ACCEPT, bytesEqual, type Hash32, ignore, messageOf, SerialQueue, type Verdict } from "../../base/index.ts";
import type { Rules, State } from "../../chain/index.ts";
import { type Contribution, MAX_CONTRIBUTIONS, MAX_RECORDS, RoundRecord } from "../../codec/index.ts";
import { checkContribution, checkRecord, type OpenRound } from "../../consensus/index.ts";
import { type KeyPair } from "../../crypto/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import type { Deltas } from "./deltas.ts";
import type { Parameters } from "./parameters.ts";
import { ContributionPool, unitRunner } from "./pool.ts";

/** Where training stands on this node: the best block, the records signed upon it, and the state to train from. */
export interface RoundView {
  readonly head: Hash32;
  readonly height: number;
  readonly round: number;
  /** digest(P(round)). */
  readonly startDigest: Uint8Array;
  readonly records: readonly RoundRecord[];
  /** When this round began here, ms. */
  readonly since: number;
}

/**
 * A leader waits at most this many median units for those it expects. A runner that learns of a round while it runs another unit
 * begins up to one unit late: with the design's 1.5 it would miss every round after that, with 2.25 two miners fall into step (test/sim).
 */
const DEADLINE_UNITS = 2.25;
/** Rounds that a runner may miss before the leader stops waiting for it. */
const EXPECT_ROUNDS = 3;
/** Leave room for the records of a slow block. */
const MAX_OPEN_RECORDS = MAX_RECORDS - 8;

export interface RoundsDeps {
  readonly state: () => State;
  readonly parameters: Parameters;
  readonly deltas: Deltas;
  readonly clock: Clock;
  readonly log: Log;
  /** Signs records when this node leads; undefined on nodes that never lead. */
  readonly key: KeyPair | undefined;
  /** Median time of a unit here, ms. */
  readonly medianUnitMs: () => number;
  /** The record that this node signed for a round before it was restarted, if any. */
  readonly signedBefore: (view: RoundView) => Promise<RoundRecord | undefined>;
  /** Puts a record's deltas on disk, and an own record itself. */
  readonly keepRecord: (record: RoundRecord, own: boolean) => Promise<void>;
  readonly onRound: (view: RoundView) => void;
  readonly onRecord: (record: RoundRecord, own: boolean) => void;
  readonly onContribution: (contribution: Contribution, own: boolean) => void;
}

export class Rounds {
  readonly #rules: Rules;
  readonly #task: Task;
  readonly #deps: RoundsDeps;
  readonly #signal: AbortSignal;
  readonly #queue = new SerialQueue();
  readonly #pool = new ContributionPool();
  /** Runner -> last round that it contributed to, in time or late: the leader waits for those of the last few rounds. */
  readonly #runners = new Map<string, number>();
  /** The round closed last, whose late contributions tell who is on its way. */
  #last: OpenRound | undefined;
  #view: RoundView;
  #timer: (() => void) | undefined;
  /** The view that is being closed: a leader signs one record for it, whatever arrives meanwhile. */
  #closing: RoundView | undefined;

  constructor(rules: Rules, task: Task, deps: RoundsDeps, options: { readonly signal: AbortSignal }) {
    this.#rules = rules;
    this.#task = task;
    this.#deps = deps;
    this.#signal = options.signal;
    this.#view = this.#fresh();
    options.signal.addEventListener("abort", () => this.#timer?.(), { once: true });
  }

  get view(): RoundView {
    return this.#view;
  }

  /** Contributions that a record of the present round can hold: those kept before a block came may have expired with it. */
  contributions(): Contribution[] {
    const state = this.#deps.state();
    const standing = (c: Contribution): boolean =>
      checkContribution(state, c, this.#rules, this.#view).kind === "accept";
    return this.#pool.from(this.#view.startDigest).filter(standing);
  }

  /** The head moved: rounds go on from its state; records of the old leader beyond it are void. */
  onHead(): void {
    this.#begin(this.#fresh());
  }

  /** Judges a contribution and keeps it once its delta is here; `accept` means worth relaying. */
  async addContribution(c: Contribution, from: string | undefined, own: boolean): Promise<Verdict> {
    if (this.#pool.has(c)) return ignore("known", "the contribution is here already");
    const verdict = checkContribution(this.#deps.state(), c, this.#rules, this.#view);
    if (verdict.kind !== "accept") {
      if (verdict.kind === "ignore") this.#expectLate(c);
      return verdict;
    }
    const hints = from === undefined ? [] : [from];
    const delta = await this.#deps.deltas.get(c, hints, { signal: this.#signal });
    if (delta === undefined) return ignore("no-delta", "the contribution's delta could not be had");
    const sound = await this.#deps.parameters.checkDelta(c, delta);
    if (sound.kind !== "accept") return sound;
    if (!this.#pool.add(c, own)) return ignore("known", "the contribution is here already, or its round is full");
    this.#noteRunner(c);
    this.#deps.onContribution(c, own);
    this.#consider();
    return ACCEPT;
  }

  /**
   * Keeps an own contribution whose unit won, before its block moves the head: the record that the new leader signs at once must
   * hold it, and no record of the round may be signed on the old head meanwhile.
   */
  keepWinning(c: Contribution): void {
    if (this.#pool.add(c, true)) this.#deps.onContribution(c, true);
    this.#noteRunner(c);
  }

  /** Judges a leader's record and, if it follows the present round, moves on to the state that it makes. */
  async addRecord(record: RoundRecord, from: string | undefined, own: boolean): Promise<Verdict> {
    const hints = from === undefined ? [] : [from];
    const early = this.#judge(record, own);
    if (early.kind !== "accept") return early;
    // Deltas come in before the queue is entered: a slow peer holds up nobody else's record.
    const here = await this.#deps.deltas.all(record.contributions, hints, { signal: this.#signal });
    if (!here) return ignore("no-delta", "a recorded delta could not be had from any peer");
    return this.#queue.run(async () => {
      const view = this.#view;
      const verdict = this.#judge(record, own);
      if (verdict.kind !== "accept") return verdict;
      const made = await this.#deps.parameters.advance(view.startDigest, record, hints, { signal: this.#signal });
      if (made.kind !== "accept") return made;
      if (!own) await this.#deps.keepRecord(record, false);
      if (view !== this.#view) return ignore("stale-round", "the round moved on meanwhile");
      for (const contribution of record.contributions) this.#noteRunner(contribution);
      this.#last = view;
      this.#deps.onRecord(record, own);
      this.#begin({
        ...view,
        round: record.round + 1,
        startDigest: record.nextDigest,
        records: [...view.records, record],
        since: this.#deps.clock.now(),
      });
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
    if (checkContribution(this.#deps.state(), c, this.#rules, last).kind === "accept") this.#noteRunner(c);
  }

  /** Remembers who ran a unit of late, no more of them than a record holds. */
  #noteRunner(c: Contribution): void {
    const runner = unitRunner(c);
    if (this.#runners.size >= MAX_CONTRIBUTIONS && !this.#runners.has(runner)) return;
    this.#runners.set(runner, Math.max(c.round, this.#runners.get(runner) ?? 0));
  }

  #judge(record: RoundRecord, own: boolean): Verdict {
    const { height, records } = this.#view;
    if (height === 0 && !own) return ignore("other-leader", "before the first block each miner leads itself");
    return checkRecord(this.#deps.state(), records.at(-1), record, this.#rules);
  }

  #begin(view: RoundView): void {
    this.#view = view;
    for (const [runner, last] of this.#runners) {
      if (last < view.round - EXPECT_ROUNDS || last > view.round) this.#runners.delete(runner);
    }
    this.#timer?.();
    this.#timer = undefined;
    this.#deps.onRound(view);
    this.#consider();
  }

  /** Where the head's state says that training stands. */
  #fresh(): RoundView {
    const state = this.#deps.state();
    const task = state.task(this.#task.id) as { round: number; parameters: Uint8Array };
    return {
      head: state.tipId,
      height: state.height,
      round: task.round,
      startDigest: task.parameters,
      records: [],
      since: this.#deps.clock.now(),
    };
  }

  #leads(): boolean {
    const { key } = this.#deps;
    if (key === undefined) return false;
    const state = this.#deps.state();
    return state.height === 0 || bytesEqual(state.tip.miner, key.address);
  }

  /** If this node leads: closes the round when all expected runners have sent or the deadline is past, else waits for it. */
  #consider(): void {
    if (this.#closing === this.#view || !this.#leads() || this.#signal.aborted) return;
    const present = new Set(this.contributions().map(unitRunner));
    if (present.size === 0 || this.#view.records.length >= MAX_OPEN_RECORDS) return;
    const left = this.#view.since + DEADLINE_UNITS * this.#deps.medianUnitMs() - this.#deps.clock.now();
    const complete = [...this.#runners.keys()].every((runner) => present.has(runner));
    if (complete || left <= 0) {
      this.#timer?.();
      this.#timer = undefined;
      void this.#close(this.#view).catch((error) =>
        this.#deps.log.warn({ reason: messageOf(error) }, "closing a round failed"),
      );
      return;
    }
    this.#timer ??= this.#deps.clock.after(left, () => {
      this.#timer = undefined;
      this.#consider();
    });
  }

  /** Signs the record of a round, once: it is on disk before anyone sees it, so a restart cannot make this node equivocate. */
  async #close(view: RoundView): Promise<void> {
    this.#closing = view;
    const key = this.#deps.key as KeyPair;
    const record = (await this.#deps.signedBefore(view)) ?? (await this.#draft(view, key));
    if (record === undefined && this.#closing === view) this.#closing = undefined;
    if (record === undefined || view !== this.#view) return;
    const { kind, ...why } = await this.addRecord(record, undefined, true);
    if (kind === "reject") this.#deps.log.error(why, "an own record was refused");
  }

  async #draft(view: RoundView, key: KeyPair): Promise<RoundRecord | undefined> {
    const contributions = this.contributions().slice(0, MAX_CONTRIBUTIONS);
    // Those that asked for a record may have expired with a block since.
    if (contributions.length === 0) return undefined;
    const made = await this.#deps.parameters.combine(view.startDigest, contributions, [], { signal: this.#signal });
    if (!("next" in made) || view !== this.#view) return undefined;
    const previous = view.records.at(-1);
    const stands = this.#deps.state().task(this.#task.id) as { lastRecord: Uint8Array };
    const record = RoundRecord.sign(
      {
        task: this.#task.id,
        round: view.round,
        height: view.height,
        block: view.head,
        parent: previous === undefined ? stands.lastRecord : RoundRecord.id(previous),
        contributions,
        nextDigest: made.digest,
        leader: key.address,
      },
      key,
      this.#rules.genesis,
    );
    await this.#deps.keepRecord(record, true);
    return record;
  }
}
