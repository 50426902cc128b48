// Validity of a whole block, re-execution aside: body, records, money and the state root (protocol section 5).
import {
  ACCEPT,
  bytesEqual,
  compareBytes,
  finish,
  insist,
  type Refusal,
  reject,
  type Steps,
  type Verdict,
} from "../base/index.ts";
import { type Applied, applySteps, type Rules, type State } from "../chain/index.ts";
import {
  AuditCommit,
  type Block,
  type Body,
  BodyType,
  ClosingType,
  type Contribution,
  EvidenceType,
  RevealType,
  RoundRecord,
  Transaction,
  type UnsignedHeader,
} from "../codec/index.ts";
import { type Move, movesOf } from "../work/index.ts";
import { checkWinning, type OpenRound, stoodOn } from "./contribution.ts";
import { type CheckOptions, checkHeader } from "./header.ts";
import { checkContributions, checkRecordSteps, checkShape, nextRound, openRound, Recorded } from "./record.ts";

/** The commitment to a body, 32 bytes. */
export const bodyRoot = (body: Body): Uint8Array => BodyType.hashTreeRoot(body);

/** The same in pieces: the parts remember their roots, so what is left in the end is short. */
export function* bodyRootSteps(body: Body): Steps<Uint8Array> {
  const { records, closing, transactions, reveals, commits, evidence } = body;
  for (const record of records) {
    RoundRecord.type.hashTreeRoot(record);
    yield record.contributions.length / 4;
  }
  ClosingType.hashTreeRoot(closing);
  yield closing.contributions.length / 4;
  for (const transaction of transactions) {
    Transaction.type.hashTreeRoot(transaction);
    yield weightOf(transaction);
  }
  for (const reveal of reveals) yield RevealType.hashTreeRoot(reveal).length / 128;
  for (const commit of commits) yield AuditCommit.type.hashTreeRoot(commit).length / 128;
  for (const piece of evidence) {
    EvidenceType.hashTreeRoot(piece);
    yield weightOf(piece);
  }
  return bodyRoot(body);
}

/** Of hashing an object whose payload is most of it. */
const weightOf = ({ payload }: { readonly payload: Uint8Array }): number => 0.25 + payload.length / 4096;

/** The body against its header and the parent's state: root, records, the winning contribution. Money is `apply`'s, size the codec's. */
export function* checkBody(parent: State, block: Block, rules: Rules): Steps<Verdict> {
  if (!bytesEqual(yield* bodyRootSteps(block.body), block.header.bodyRoot)) return reject("wrong-body-root");
  return yield* checkWork(parent, block.header, block.body, rules);
}

/** The records in their order and the closing one; what a draft and a check share. */
export function* checkWork(parent: State, header: UnsignedHeader, body: Body, rules: Rules): Steps<Verdict> {
  const recorded = new Recorded(parent, rules);
  let open = openRound(parent, header.task);
  let previous: Uint8Array | undefined;
  for (const records of byTask(body.records)) {
    const { task } = records[0] as RoundRecord;
    if (previous !== undefined && compareBytes(previous, task) >= 0) return reject("unordered", "tasks");
    previous = task;
    const followed = yield* followRecords(parent, records, recorded, rules);
    if (followed.kind !== "open") return followed;
    if (bytesEqual(task, header.task)) open = followed.open;
  }
  if (open === undefined) return reject("unknown-task");
  const start = checkStart(parent, header, open);
  return start.kind === "accept" ? yield* checkClosing(parent, { header, body }, { open, recorded }, rules) : start;
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
function* followRecords(
  state: State,
  records: readonly RoundRecord[],
  recorded: Recorded,
  rules: Rules,
): Steps<{ readonly kind: "open"; readonly open: OpenRound } | Refusal> {
  let open = openRound(state, (records[0] as RoundRecord).task);
  for (const [i, record] of records.entries()) {
    if (open === undefined) return reject("unknown-task");
    const verdict = yield* checkRecordSteps({ state, open, before: records.slice(0, i), recorded }, record, rules);
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
function* checkClosing(
  parent: State,
  block: { readonly header: UnsignedHeader; readonly body: Body },
  place: { readonly open: OpenRound; readonly recorded: Recorded },
  rules: Rules,
): Steps<Verdict> {
  const closing = movesOf(block, block.header.task).at(-1) as Move;
  const { winning } = closing;
  if (winning === undefined || !isOfHeader(winning, block.header)) return reject("wrong-contribution");
  const shape = checkShape(closing);
  if (shape.kind !== "accept") return shape;
  const won = checkWinning(parent, winning, rules);
  if (won.kind !== "accept") return won;
  const once = place.recorded.takeWinning(winning);
  if (once.kind !== "accept") return insist(once);
  return yield* checkContributions({ state: parent, ...place }, closing, rules);
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
export function* checkBlockSteps(
  parent: State,
  block: Block,
  options: CheckOptions,
  rules: Rules,
): Steps<Applied | Refusal> {
  const header = checkHeader(parent, block.header, options, rules);
  return header.kind === "accept" ? yield* checkJudged(parent, block, rules) : header;
}

export const checkBlock = (...block: Parameters<typeof checkBlockSteps>): Applied | Refusal =>
  finish(checkBlockSteps(...block));

/** The same of a block whose header passed `checkHeader` on this parent. */
export function* checkJudged(parent: State, block: Block, rules: Rules): Steps<Applied | Refusal> {
  const body = yield* checkBody(parent, block, rules);
  if (body.kind !== "accept") return body;
  const applied = yield* applySteps(parent, block, rules);
  if (applied.kind !== "state") return insist(applied);
  if (!bytesEqual(yield* applied.state.rootSteps(), block.header.stateRoot)) return reject("wrong-state-root");
  return applied;
}
