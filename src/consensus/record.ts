// Validity of records: who leads, what follows what, and the contributions inside (protocol section 3).
import {
  ACCEPT,
  bytesEqual,
  compareBytes,
  finish,
  ignore,
  insist,
  reject,
  type Steps,
  toHex,
  type Verdict,
} from "../base/index.ts";
import { findTask, maxContributionsOf, type Rules, type State, stepped } from "../chain/index.ts";
import { Contribution, MAX_CONTRIBUTIONS, RoundRecord } from "../codec/index.ts";
import { type Move, moveOfRecord, placeOf } from "../work/index.ts";
import { fitsRecord } from "./bounds.ts";
import { checkContribution, type OpenRound } from "./contribution.ts";

/** Order of contributions in a record: ascending (author, mlNode, round, height, index). */
export function compareContributions(a: Contribution, b: Contribution): number {
  return (
    compareBytes(a.author, b.author) ||
    a.mlNode - b.mlNode ||
    a.round - b.round ||
    a.height - b.height ||
    a.index - b.index
  );
}

/** The round of a task that the state's tip opened. */
export function openRound(state: State, task: Uint8Array): OpenRound | undefined {
  const stands = state.task(task);
  if (stands === undefined) return undefined;
  const { round, parametersDigest: startDigest, lastRecord } = stands;
  return { round, startDigest, lastRecord, commons: state.commonsOf(task) };
}

/** The round that a leader's record on the tip at `height` opens. */
export function nextRound({ commons }: OpenRound, record: RoundRecord): OpenRound {
  const move = moveOfRecord(record);
  return {
    round: move.round + 1,
    startDigest: move.nextDigest,
    lastRecord: move.id,
    commons: stepped(commons, move, record.height),
  };
}

/** What the records on one tip hold so far: a unit counts once, and an author's units as far as its stake covers them. */
export class Recorded {
  readonly #state: State;
  readonly #rules: Rules;
  readonly #base: Recorded | undefined;
  readonly #units = new Set<string>();
  readonly #counts = new Map<string, bigint>();

  /** What is counted goes beside what `base` holds, which stays as it is. */
  constructor(state: State, rules: Rules, base?: Recorded) {
    this.#state = state;
    this.#rules = rules;
    this.#base = base;
  }

  #has(unit: string): boolean {
    if (this.#units.has(unit) || this.#base === undefined) return this.#units.has(unit);
    return this.#base.#has(unit);
  }

  #countOf(author: string): bigint {
    const own = this.#counts.get(author);
    if (own !== undefined) return own;
    return this.#base === undefined ? 0n : this.#base.#countOf(author);
  }

  /** The unit that won: nobody may record it a second time. */
  takeWinning(contribution: Contribution): Verdict {
    const unit = toHex(placeOf(contribution));
    if (this.#has(unit)) return ignore("already-recorded");
    this.#units.add(unit);
    return ACCEPT;
  }

  /** Counts a contribution in, or says why it cannot be recorded beside the others. */
  take(contribution: Contribution): Verdict {
    const unit = toHex(placeOf(contribution));
    if (this.#has(unit)) return ignore("already-recorded");
    const author = toHex(contribution.author);
    const count = this.#countOf(author);
    if (count >= maxContributionsOf(this.#state.collateralOf(contribution.author), this.#rules))
      return ignore("too-many");
    this.#units.add(unit);
    this.#counts.set(author, count + 1n);
    return ACCEPT;
  }
}

/** Who leads on `state`'s tip: its miner. On genesis nobody leads. */
export function leaderOf(state: State): Uint8Array | undefined {
  return state.height === 0 ? undefined : state.tip.miner;
}

/** What a record is judged by: the tip, the round that it closes, and the records before it on this tip. */
export interface RecordPlace {
  readonly state: State;
  readonly open: OpenRound;
  /** Earlier records of the task on this tip. */
  readonly before: readonly RoundRecord[];
  readonly recorded: Recorded;
}

/**
 * Whether `record` closes the open round. What belongs to another branch or moment is ignored; a wrong leader, order, signature or
 * content is the sender's fault. The digest `next` is not checked here: that takes the deltas.
 */
export function* checkRecordSteps(place: RecordPlace, record: RoundRecord, rules: Rules): Steps<Verdict> {
  const signed = checkSigned(place, record, rules);
  return signed.kind === "accept" ? yield* checkContributions(place, moveOfRecord(record), rules) : signed;
}

export const checkRecord = (...record: Parameters<typeof checkRecordSteps>): Verdict =>
  finish(checkRecordSteps(...record));

/** The same short of the contributions: who signed it where, and what it looks like. */
export function checkSigned(
  { state, open, before }: Pick<RecordPlace, "state" | "open" | "before">,
  record: RoundRecord,
  rules: Rules,
): Verdict {
  const placed = checkPlace(state, open, record, rules);
  if (placed.kind !== "accept") return placed;
  if (!fitsRecord([...before, record], rules)) return reject("too-many-records");
  const shape = checkShape(record);
  if (shape.kind !== "accept") return shape;
  return RoundRecord.verify(record, rules.genesis) ? ACCEPT : reject("bad-signature", "of the record");
}

/** A record's contributions: their number, their order, and that they are of its task. */
export function checkShape({ task, contributions }: Pick<Move, "task" | "contributions">): Verdict {
  if (contributions.length === 0) return reject("empty-record");
  if (contributions.length > MAX_CONTRIBUTIONS) return reject("block-too-large", "too many contributions");
  for (const [i, contribution] of contributions.entries()) {
    const before = contributions[i - 1];
    if (before !== undefined && compareContributions(before, contribution) >= 0) return reject("unordered");
    // One record is of one task: a contribution of another would be checked against the wrong round.
    if (!bytesEqual(contribution.task, task)) return reject("unknown-task", "a contribution to another task");
  }
  return ACCEPT;
}

/** Who signs a record, or the block that closes, vouches for its contributions: what should have been left out is its fault. */
export function* checkContributions(
  { state, open, recorded }: Pick<RecordPlace, "state" | "open" | "recorded">,
  { contributions, winning }: Pick<Move, "contributions" | "winning">,
  rules: Rules,
): Steps<Verdict> {
  yield contributions.map((contribution) => Contribution.signed(contribution, rules.genesis));
  for (const contribution of contributions) {
    yield 1;
    if (contribution === winning) continue;
    const verdict = checkContribution(state, contribution, rules, open);
    if (verdict.kind !== "accept") return insist(verdict);
    const taken = recorded.take(contribution);
    if (taken.kind !== "accept") return insist(taken);
  }
  return ACCEPT;
}

/** Task, block, leader, round and previous record: all that needs no signature. */
function checkPlace(state: State, open: OpenRound, record: RoundRecord, rules: Rules): Verdict {
  if (findTask(rules, record.task) === undefined) return reject("unknown-task");
  if (record.height !== state.height || !bytesEqual(record.block, state.tipId)) return ignore("other-block");
  const leader = leaderOf(state);
  if (leader === undefined || !bytesEqual(record.leader, leader)) return reject("not-leader");
  if (state.isBanned(record.leader)) return reject("banned", "the leader");
  if (record.round < open.round) return ignore("stale-round", `${record.round}, now ${open.round}`);
  if (record.round > open.round) return ignore("unknown-round", `${record.round}, now ${open.round}`);
  return bytesEqual(record.parent, open.lastRecord) ? ACCEPT : ignore("wrong-previous");
}
