// Validity of a whole block, re-execution aside: body, records, money and the state root (protocol section 5).
import { bytesEqual, insist, type Refusal, reject, type Verdict } from "../base/index.ts";
import { type Applied, apply, type Rules, type State } from "../chain/index.ts";
import { type Block, type Body, BodyType, blockCodec, MAX_BLOCK_BYTES, type UnsignedHeader } from "../codec/index.ts";
import { checkContribution } from "./contribution.ts";
import { type CheckOptions, checkHeader } from "./header.ts";
import { checkRecord, openRound } from "./record.ts";

/** The commitment to a body, 32 bytes. */
export const bodyRoot = (body: Body): Uint8Array => BodyType.hashTreeRoot(body);

/** The body against its header and the parent's state: size, root, records, the winning contribution. Money is `apply`'s. */
export function checkBody(parent: State, block: Block, rules: Rules): Verdict {
  if (blockCodec.encode(block).length > MAX_BLOCK_BYTES) return reject("block-too-large");
  if (!bytesEqual(bodyRoot(block.body), block.header.bodyRoot)) return reject("wrong-body-root");
  return checkWork(parent, block.header, block.body, rules);
}

/** The records in their order and the winning contribution; what a draft and a check share. */
export function checkWork(parent: State, header: UnsignedHeader, body: Body, rules: Rules): Verdict {
  let previous: Body["records"][number] | undefined;
  for (const record of body.records) {
    if (!bytesEqual(record.task, header.task)) return reject("unknown-task", "a record of another task");
    // Before block 1 nobody has won: whoever makes it led itself.
    if (parent.height === 0 && !bytesEqual(record.leader, header.miner)) return reject("not-leader");
    const verdict = insist(checkRecord(parent, previous, record, rules));
    if (verdict.kind !== "accept") return verdict;
    previous = record;
  }
  const open = openRound(parent, header.task, previous);
  if (open === undefined) return reject("unknown-task");
  if (header.round !== open.round) return reject("wrong-round", `${header.round}, the records lead to ${open.round}`);
  if (!bytesEqual(header.startDigest, open.startDigest)) return reject("wrong-start");
  const { contribution } = body;
  if (!isOfHeader(contribution, header)) return reject("wrong-contribution");
  return insist(checkContribution(parent, contribution, rules, open));
}

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
 * `headerChecked` skips the header's, when the caller has made them already.
 */
export function checkBlock(
  parent: State,
  block: Block,
  options: CheckOptions & { readonly headerChecked?: boolean },
  rules: Rules,
): Applied | Refusal {
  if (options.headerChecked !== true) {
    const header = checkHeader(parent, block.header, options, rules);
    if (header.kind !== "accept") return header;
  }
  const body = checkBody(parent, block, rules);
  if (body.kind !== "accept") return body;
  const applied = apply(parent, block, rules);
  if (applied.kind !== "state") return insist(applied) as Refusal;
  if (!bytesEqual(applied.state.root, block.header.stateRoot)) return reject("wrong-state-root");
  return applied;
}
