// Validity of a whole block, re-execution aside: body, records, money and the state root (protocol section 5).
import { ACCEPT, bytesEqual, compareBytes, insist, type Refusal, reject, type Verdict } from "../base/index.ts";
import { type Applied, apply, type Rules, type State } from "../chain/index.ts";
import {
  type Block,
  type Body,
  BodyType,
  type Contribution,
  type RoundRecord,
  type UnsignedHeader,
} from "../codec/index.ts";
import { type Move, movesOf } from "../work/index.ts";
import { checkWinning, type OpenRound, stoodOn } from "./contribution.ts";
import { type CheckOptions, checkHeader } from "./header.ts";
import { checkContributions, checkRecord, checkShape, nextRound, openRound, Recorded } from "./record.ts";

/** The commitment to a body, 32 bytes. */
export const bodyRoot = (body: Body): Uint8Array => BodyType.hashTreeRoot(body);

/** The body against its header and the parent's state: root, records, the winning contribution. Money is `apply`'s, size the codec's. */
export function checkBody(parent: State, block: Block, rules: Rules): Verdict {
  if (!bytesEqual(bodyRoot(block.body), block.header.bodyRoot)) return reject("wrong-body-root");
  return checkWork(parent, block.header, block.body, rules);
}

/** The records in their order and the closing one; what a draft and a check share. */
export function checkWork(parent: State, header: UnsignedHeader, body: Body, rules: Rules): Verdict {
  const recorded = new Recorded(parent, rules);
  let open = openRound(parent, header.task);
  let previous: Uint8Array | undefined;
  for (const records of byTask(body.records)) {
    const { task } = records[0] as RoundRecord;
    if (previous !== undefined && compareBytes(previous, task) >= 0) return reject("unordered", "tasks");
    previous = task;
    const followed = followRecords(parent, records, recorded, rules);
    if (followed.kind !== "open") return followed;
    if (bytesEqual(task, header.task)) open = followed.open;
  }
  if (open === undefined) return reject("unknown-task");
  const start = checkStart(parent, header, open);
  return start.kind === "accept" ? checkClosing(parent, { header, body }, { open, recorded }, rules) : start;
}

/** Neighbours of one task together. */
function byTask(records: readonly RoundRecord[]): RoundRecord[][] {
  const groups: RoundRecord[][] = [];
  for (const record of records) {
    const group = groups.at(-1);
    if (group?.[0] !== undefined && bytesEqual(group[0].task, record.task)) group.push(record);
    else groups.push([record]);
  }
  return groups;
}

/** The round that a task's records leave open. */
function followRecords(
  state: State,
  records: readonly RoundRecord[],
  recorded: Recorded,
  rules: Rules,
): { readonly kind: "open"; readonly open: OpenRound } | Refusal {
  let open = openRound(state, (records[0] as RoundRecord).task);
  for (const [i, record] of records.entries()) {
    if (open === undefined) return reject("unknown-task");
    const verdict = checkRecord({ state, open, before: records.slice(0, i), recorded }, record, rules);
    if (verdict.kind !== "accept") return insist(verdict) as Refusal;
    open = nextRound(open, record);
  }
  return open === undefined ? reject("unknown-task") : { kind: "open", open };
}

/** The winning unit was run on the parent, from its own state or from one that a record before the closing one made, a few rounds ago at most. */
function checkStart(
  parent: State,
  { round, startDigest }: UnsignedHeader,
  { round: now, commons }: OpenRound,
): Verdict {
  const start = commons.find((common) => common.round === round && stoodOn(common, parent.height));
  if (start === undefined) return reject("wrong-round", `${round}, the records lead to ${now}`);
  return bytesEqual(start.digest, startDigest) ? ACCEPT : reject("wrong-start");
}

/** The closing record: the winning contribution, as the header says, and others that could stand in a leader's record here. */
function checkClosing(
  parent: State,
  block: { readonly header: UnsignedHeader; readonly body: Body },
  place: { readonly open: OpenRound; readonly recorded: Recorded },
  rules: Rules,
): Verdict {
  const closing = movesOf(block, block.header.task).at(-1) as Move;
  const { winning } = closing;
  if (winning === undefined || !isOfHeader(winning, block.header)) return reject("wrong-contribution");
  const shape = checkShape(closing);
  if (shape.kind !== "accept") return shape;
  const won = checkWinning(parent, winning, rules);
  if (won.kind !== "accept") return won;
  const once = place.recorded.takeWinning(winning);
  if (once.kind !== "accept") return insist(once);
  return checkContributions({ state: parent, ...place }, closing, rules);
}

function isOfHeader(contribution: Contribution, header: UnsignedHeader): boolean {
  return (
    bytesEqual(contribution.block, header.parent) &&
    bytesEqual(contribution.task, header.task) &&
    bytesEqual(contribution.startDigest, header.startDigest) &&
    bytesEqual(contribution.digest, header.digest)
  );
}

/**
 * All checks of a block short of running its winning unit and summing its deltas, cheapest first; the state after it, or the refusal.
 * For a caller that has judged the header already there is `checkJudged`.
 */
export function checkBlock(parent: State, block: Block, options: CheckOptions, rules: Rules): Applied | Refusal {
  const header = checkHeader(parent, block.header, options, rules);
  return header.kind === "accept" ? checkJudged(parent, block, rules) : header;
}

/** The same of a block whose header passed `checkHeader` on this parent. */
export function checkJudged(parent: State, block: Block, rules: Rules): Applied | Refusal {
  const body = checkBody(parent, block, rules);
  if (body.kind !== "accept") return body;
  const applied = apply(parent, block, rules);
  if (applied.kind !== "state") return insist(applied);
  if (!bytesEqual(applied.state.root, block.header.stateRoot)) return reject("wrong-state-root");
  return applied;
}
