// Validity of a whole block, re-execution aside: body, records, money and the state root (protocol section 5).
import { ACCEPT, bytesEqual, compareBytes, insist, type Refusal, reject, type Verdict } from "../base/index.ts";
import { type Applied, apply, type Rules, type State } from "../chain/index.ts";
import { type Block, type Body, BodyType, type RoundRecord, type UnsignedHeader } from "../codec/index.ts";
import { checkContribution } from "./contribution.ts";
import { type CheckOptions, checkHeader } from "./header.ts";
import { checkRecord, openRound } from "./record.ts";

/** The commitment to a body, 32 bytes. */
export const bodyRoot = (body: Body): Uint8Array => BodyType.hashTreeRoot(body);

/** The body against its header and the parent's state: root, records, the winning contribution. Money is `apply`'s, size the codec's. */
export function checkBody(parent: State, block: Block, rules: Rules): Verdict {
  if (!bytesEqual(bodyRoot(block.body), block.header.bodyRoot)) return reject("wrong-body-root");
  return checkWork(parent, block.header, block.body, rules);
}

/** The records in their order and the winning contribution; what a draft and a check share. */
export function checkWork(parent: State, header: UnsignedHeader, body: Body, rules: Rules): Verdict {
  const records = checkRecords(parent, header, body.records, rules);
  if (records.kind !== "accept") return records;
  const open = openRound(parent, header.task, lastOf(body.records, header.task));
  if (open === undefined) return reject("unknown-task");
  if (header.round !== open.round) return reject("wrong-round", `${header.round}, the records lead to ${open.round}`);
  if (!bytesEqual(header.startDigest, open.startDigest)) return reject("wrong-start");
  const { contribution } = body;
  if (!isOfHeader(contribution, header)) return reject("wrong-contribution");
  return insist(checkContribution(parent, contribution, rules, open));
}

/** Records stand by task, in ascending order of id, and follow each other within a task. */
function checkRecords(parent: State, header: UnsignedHeader, records: readonly RoundRecord[], rules: Rules): Verdict {
  let previous: RoundRecord | undefined;
  for (const record of records) {
    const order = previous === undefined ? -1 : compareBytes(previous.task, record.task);
    if (order > 0) return reject("unordered", "tasks");
    // Before block 1 nobody has won: whoever makes it led itself.
    if (parent.height === 0 && !bytesEqual(record.leader, header.miner)) return reject("not-leader");
    const verdict = insist(checkRecord(parent, order === 0 ? previous : undefined, record, rules));
    if (verdict.kind !== "accept") return verdict;
    previous = record;
  }
  return ACCEPT;
}

const lastOf = (records: readonly RoundRecord[], task: Uint8Array): RoundRecord | undefined =>
  records.findLast((record) => bytesEqual(record.task, task));

function isOfHeader(contribution: Body["contribution"], header: UnsignedHeader): boolean {
  return (
    contribution.height === header.height - 1 &&
    contribution.round === header.round &&
    contribution.mlNode === header.mlNode &&
    contribution.index === header.index &&
    bytesEqual(contribution.author, header.miner) &&
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
