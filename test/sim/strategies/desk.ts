// A leader's desk: the contributions that wait on one block, and the records it signs of them (protocol section 3).
import { above, isOwn, isRecorded, seasonOf } from "./block.ts";
import { placesOf } from "./ledger.ts";
import type { Params } from "./params.ts";
import type { Block, Desk, Network, Unit } from "./types.ts";

/** A record holds at most so many contributions, a block so many leader records of one task. */
export const MAX_ENTRIES = 64;
const MAX_RECORDS = 127;
/** A runner is expected for so many rounds and seconds after its last contribution. */
const EXPECTED_ROUNDS = 3;
const EXPECTED_SECONDS = 10;

/** Places that a block on this head still has for each key. */
export class Places {
  readonly #left = new Map<number, number>();
  readonly #head: Block;
  readonly #params: Params;

  constructor(head: Block, params: Params) {
    this.#head = head;
    this.#params = params;
  }

  take({ key }: Unit): boolean {
    const left = this.#left.get(key) ?? placesOf(this.#head.state, key, this.#params);
    this.#left.set(key, Math.max(0, left - 1));
    return left > 0;
  }
}

/** Whether a record on `head` that closes round `round` may hold the contribution; its author's places aside. */
export function mayRecord(unit: Unit, head: Block, round: number, { rules, switches }: Params): boolean {
  const depth = head.height - unit.block.height;
  if (depth < 0 || depth > 2 || !unit.admitted) return false;
  const lag = round - unit.start;
  if (lag < 0 || lag > switches.lag || above(head, depth) !== unit.block) return false;
  if (seasonOf(unit.block, rules.seasonBlocks) !== seasonOf(head, rules.seasonBlocks)) return false;
  if (depth > 0) {
    const child = above(head, depth - 1) as Block;
    // A state that the next block did not carry is on no branch of this head.
    if (unit.start - (unit.block.first[unit.task] as number) > (child.carried[unit.task] as number)) return false;
  }
  return !isRecorded(unit, head);
}

/** Number of the round that is open on a desk. */
export const roundOf = ({ block, task, records }: Desk): number => (block.first[task] as number) + records.length;

/** Takes what goes into the open round's record off the desk. */
export function gather(desk: Desk, places: Places, params: Params): Unit[] {
  const { leader, block } = desk;
  const round = roundOf(desk);
  const chosen: Unit[] = [];
  const rest: Unit[] = [];
  for (const unit of desk.pending) {
    if (!mayRecord(unit, block, round, params)) continue;
    if (!isOwn(unit, leader) && !leader.strategy.records(unit, leader)) continue;
    if (chosen.length < MAX_ENTRIES && places.take(unit)) chosen.push(unit);
    else rest.push(unit);
  }
  desk.pending = rest;
  return chosen;
}

/** Whether the leader closes now: all expected have come, the record is full, or nobody is waited for any longer. */
export function mayClose(desk: Desk, { lanes, params, agenda: { now } }: Network, deadline: number): boolean {
  const { block, pending, records, openedAt, present, leader } = desk;
  // On genesis there are no leader records.
  if (block.height === 0 || pending.length === 0 || records.length >= MAX_RECORDS) return false;
  if (pending.length >= MAX_ENTRIES || now >= openedAt + deadline) return true;
  if (leader.strategy.rushes) return pending.some((unit) => isOwn(unit, leader));
  const oldest = roundOf(desk) - EXPECTED_ROUNDS;
  for (const { number, task, lastRound, lastTime, lastLag } of lanes) {
    if (lastLag > params.switches.expectedLag) continue;
    const isExpected = task === desk.task && lastRound >= oldest && now - lastTime <= EXPECTED_SECONDS;
    if (isExpected && !present.has(number)) return false;
  }
  return true;
}
