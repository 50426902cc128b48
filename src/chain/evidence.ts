// Evidence that anyone can check: one win behind two blocks, one round under two records (protocol sections 2, 3 and 5).
import { bytesEqual, type Hash32, type Refusal, reject, toHex, u32be, u64be } from "../base/index.ts";
import { type Body, type DoubleBlock, type DoubleRecord, Header, MAX_EVIDENCE, RoundRecord } from "../codec/index.ts";
import { taggedHash } from "../crypto/index.ts";
import type { Rules } from "./rules.ts";
import type { State } from "./state/state.ts";

/** `id` names the offence, not the pair that shows it: a third block of one win is not a second offence. */
export interface Offence {
  readonly kind: "offence";
  readonly id: Hash32;
  readonly offender: Uint8Array;
  readonly height: number;
}

/**
 * Two different signed headers with one win. Their parents may differ: a unit's digest depends on the beacon it was run
 * upon, so one digest on two parents is still one unit. The blocks need not be valid: signing one win twice is the offence.
 */
export function judgeDoubleBlock({ a, b }: DoubleBlock, height: number, rules: Rules): Offence | Refusal {
  const sameWin =
    a.height === b.height &&
    a.round === b.round &&
    a.mlNode === b.mlNode &&
    a.index === b.index &&
    a.nonce === b.nonce &&
    bytesEqual(a.miner, b.miner) &&
    bytesEqual(a.task, b.task) &&
    bytesEqual(a.startDigest, b.startDigest) &&
    bytesEqual(a.digest, b.digest);
  if (!sameWin || bytesEqual(Header.id(a), Header.id(b))) return reject("no-offence", "not two blocks of one win");
  const age = checkAge(a.height, height, rules);
  if (age !== undefined) return age;
  if (!Header.verify(a, rules.genesis) || !Header.verify(b, rules.genesis))
    return reject("no-offence", "a header is not signed by its miner");
  const unit = [a.task, u32be(a.round), u32be(a.mlNode), u32be(a.index), a.digest, u64be(a.nonce)];
  return {
    kind: "offence",
    id: taggedHash("double block", a.miner, u32be(a.height), ...unit),
    offender: a.miner,
    height: a.height,
  };
}

/** Two different signed records of one leader for one round on one block. */
export function judgeDoubleRecord({ a, b }: DoubleRecord, height: number, rules: Rules): Offence | Refusal {
  const sameRound =
    a.round === b.round &&
    a.height === b.height &&
    bytesEqual(a.leader, b.leader) &&
    bytesEqual(a.task, b.task) &&
    bytesEqual(a.block, b.block);
  if (!sameRound || bytesEqual(RoundRecord.id(a), RoundRecord.id(b)))
    return reject("no-offence", "not two records of one round");
  const age = checkAge(a.height, height, rules);
  if (age !== undefined) return age;
  if (!RoundRecord.verify(a, rules.genesis) || !RoundRecord.verify(b, rules.genesis))
    return reject("no-offence", "a record is not signed by its leader");
  return {
    kind: "offence",
    id: taggedHash("double record", a.leader, u32be(a.height), a.task, u32be(a.round), a.block),
    offender: a.leader,
    height: a.height,
  };
}

/** An offence is punished within `maturity` blocks: as long as there are rewards to lose, and so that the state need not remember it for ever. */
function checkAge(offence: number, height: number, rules: Rules): Refusal | undefined {
  if (offence > height) return reject("evidence-ahead", `height ${offence} in block ${height}`);
  if (offence <= height - rules.maturity) return reject("evidence-expired", `height ${offence} in block ${height}`);
  return undefined;
}

/** The offences that a body shows for a block of `height`, or the first piece of evidence that shows none. */
export function judgeEvidence(
  body: Pick<Body, "doubleBlocks" | "doubleRecords">,
  height: number,
  rules: Rules,
): { readonly kind: "offences"; readonly offences: readonly Offence[] } | Refusal {
  const offences: Offence[] = [];
  const judged = function* (): Generator<Offence | Refusal> {
    for (const evidence of body.doubleBlocks) yield judgeDoubleBlock(evidence, height, rules);
    for (const evidence of body.doubleRecords) yield judgeDoubleRecord(evidence, height, rules);
  };
  for (const result of judged()) {
    if (result.kind !== "offence") return result;
    offences.push(result);
  }
  return { kind: "offences", offences };
}

/** Of the evidence that a node holds, what a block on `state` can carry: each offence shown, in time, once, and not punished yet. */
export function selectEvidence(
  state: State,
  held: Pick<Body, "doubleBlocks" | "doubleRecords">,
  rules: Rules,
): Pick<Body, "doubleBlocks" | "doubleRecords"> {
  const seen = new Set(state.punished.map((entry) => toHex(entry.offence)));
  const fresh = (judged: Offence | Refusal): boolean => {
    if (judged.kind !== "offence" || seen.has(toHex(judged.id))) return false;
    seen.add(toHex(judged.id));
    return true;
  };
  const height = state.height + 1;
  const doubleBlocks = held.doubleBlocks.filter((evidence) => fresh(judgeDoubleBlock(evidence, height, rules)));
  const doubleRecords = held.doubleRecords.filter((evidence) => fresh(judgeDoubleRecord(evidence, height, rules)));
  return { doubleBlocks: doubleBlocks.slice(0, MAX_EVIDENCE), doubleRecords: doubleRecords.slice(0, MAX_EVIDENCE) };
}
