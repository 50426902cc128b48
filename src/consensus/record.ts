// Validity of records: who leads, what follows what, and the contributions inside (protocol section 3).
import { ACCEPT, bytesEqual, compareBytes, ignore, insist, reject, type Verdict } from "../base/index.ts";
import { findTask, type Rules, type State } from "../chain/index.ts";
import { type Contribution, MAX_CONTRIBUTIONS, RoundRecord } from "../codec/index.ts";
import { checkContribution, type OpenRound } from "./contribution.ts";

/** Order of contributions in a record: ascending (author, mlNode, height, index). Zero only for one and the same unit slot. */
export function compareContributions(a: Contribution, b: Contribution): number {
  return compareBytes(a.author, b.author) || a.mlNode - b.mlNode || a.height - b.height || a.index - b.index;
}

/** The round that is open after `previous`, the last of the records on `state`'s tip; without records, the one the tip opened. */
export function openRound(state: State, task: Uint8Array, previous: RoundRecord | undefined): OpenRound | undefined {
  if (previous !== undefined) return { round: previous.round + 1, startDigest: previous.nextDigest };
  const stands = state.task(task);
  return stands === undefined ? undefined : { round: stands.round, startDigest: stands.parametersDigest };
}

/** Who leads on `state`'s tip: its miner. Before block 1 everyone leads itself, so undefined. */
export function leaderOf(state: State): Uint8Array | undefined {
  return state.height === 0 ? undefined : state.tip.miner;
}

/**
 * Whether `record` follows `previous` (undefined: it is the first on this tip). What belongs to another branch or moment is ignored;
 * a wrong leader, order, signature or content is the sender's fault. The digest `next` is not checked here: that takes the deltas.
 */
export function checkRecord(
  state: State,
  previous: RoundRecord | undefined,
  record: RoundRecord,
  rules: Rules,
): Verdict {
  const place = checkPlace(state, previous, record, rules);
  if (place.kind !== "accept") return place;
  const { contributions } = record;
  if (contributions.length === 0) return reject("empty-record");
  if (contributions.length > MAX_CONTRIBUTIONS) return reject("block-too-large", "too many contributions");
  for (const [i, contribution] of contributions.entries()) {
    const before = contributions[i - 1];
    if (before !== undefined && compareContributions(before, contribution) >= 0) return reject("unordered");
    // One record is of one task: a contribution of another would be checked against the wrong round.
    if (!bytesEqual(contribution.task, record.task)) return reject("unknown-task", "a contribution to another task");
  }
  if (!RoundRecord.verify(record, rules.genesis)) return reject("bad-signature", "of the record");
  const open = openRound(state, record.task, previous);
  for (const contribution of contributions) {
    const verdict = checkContribution(state, contribution, rules, open);
    // The leader vouches for its record: what it should have left out is its fault.
    if (verdict.kind !== "accept") return insist(verdict);
  }
  return ACCEPT;
}

/** Task, block, leader, round and previous record: all that needs no signature. */
function checkPlace(state: State, previous: RoundRecord | undefined, record: RoundRecord, rules: Rules): Verdict {
  const task = state.task(record.task);
  if (task === undefined || findTask(rules, record.task) === undefined) return reject("unknown-task");
  if (record.height !== state.height || !bytesEqual(record.block, state.tipId)) return ignore("other-block");
  const leader = leaderOf(state) ?? previous?.leader ?? record.leader;
  if (!bytesEqual(record.leader, leader)) return reject("not-leader");
  if (state.isBanned(record.leader)) return reject("banned", "the leader");
  const round = previous === undefined ? task.round : previous.round + 1;
  if (record.round < round) return ignore("stale-round", `${record.round}, now ${round}`);
  if (record.round > round) return ignore("unknown-round", `${record.round}, now ${round}`);
  const parent = previous === undefined ? task.lastRecord : RoundRecord.id(previous);
  if (!bytesEqual(record.parent, parent)) return ignore("wrong-previous");
  return ACCEPT;
}
