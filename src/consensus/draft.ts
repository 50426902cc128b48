// Making a block runs the same code as checking one, so what a miner drafts is what a verifier accepts (protocol section 4).
import { finish, insist, type Refusal, reject, type Steps } from "../base/index.ts";
import { applySteps, type Rules, type State, targetAt } from "../chain/index.ts";
import {
  type AuditCommit,
  type AuditReveal,
  Block,
  type Body,
  type ClosingRecord,
  type Contribution,
  type Evidence,
  Header,
  MAX_BLOCK_BYTES,
  type RoundRecord,
  type Transaction,
  type UnsignedHeader,
} from "../codec/index.ts";
import type { KeyPair } from "../crypto/index.ts";
import { bodyRootSteps, checkWork } from "./block.ts";

/** What goes into a block. The miner is the contribution's author. */
export interface DraftParts {
  /** The winning unit's signed contribution and the nonce that wins at `time`. */
  readonly contribution: Contribution;
  readonly nonce: bigint;
  /** The record that closes the round, with the winning contribution in it. */
  readonly closing: ClosingRecord;
  /** Milliseconds since 1970; after the parent's. */
  readonly time: number;
  readonly records?: readonly RoundRecord[];
  readonly transactions?: readonly Transaction[];
  readonly reveals?: readonly AuditReveal[];
  readonly commits?: readonly AuditCommit[];
  readonly evidence?: readonly Evidence[];
}

/** A block without its signature, and the state after it. */
export interface Draft {
  readonly kind: "draft";
  readonly header: UnsignedHeader;
  readonly body: Body;
  readonly state: State;
}

/** Builds the block on `parent`, roots filled in, or says which part is refused. The header's own checks are not run. */
export function* draftBlockSteps(parent: State, parts: DraftParts, rules: Rules): Steps<Draft | Refusal> {
  const { contribution, nonce, time } = parts;
  const body: Body = {
    transactions: [...(parts.transactions ?? [])],
    records: [...(parts.records ?? [])],
    closing: parts.closing,
    reveals: [...(parts.reveals ?? [])],
    commits: [...(parts.commits ?? [])],
    evidence: [...(parts.evidence ?? [])],
  };
  const bare: UnsignedHeader = {
    version: rules.version,
    height: parent.height + 1,
    parent: parent.tipId,
    time,
    miner: contribution.author,
    task: contribution.task,
    round: contribution.round,
    mlNode: contribution.mlNode,
    index: contribution.index,
    startDigest: contribution.startDigest,
    digest: contribution.digest,
    nonce,
    target: targetAt(parent, time, rules),
    bodyRoot: yield* bodyRootSteps(body),
    stateRoot: new Uint8Array(32),
  };
  const work = yield* checkWork(parent, bare, body, rules);
  if (work.kind !== "accept") return work;
  const applied = yield* applySteps(parent, { header: bare, body }, rules);
  if (applied.kind !== "state") return insist(applied) as Refusal;
  const header = { ...bare, stateRoot: yield* applied.state.rootSteps() };
  const size = Block.codec.encode({ header: { ...header, signature: new Uint8Array(64) }, body }).length;
  if (size > MAX_BLOCK_BYTES) return reject("block-too-large", `${size} bytes`);
  return { kind: "draft", header, body, state: applied.state };
}

export const draftBlock = (...draft: Parameters<typeof draftBlockSteps>): Draft | Refusal =>
  finish(draftBlockSteps(...draft));

/** Signs a draft; the key must be the miner's. */
export function sealBlock(draft: Pick<Draft, "header" | "body">, key: KeyPair, rules: Rules): Block {
  return { header: Header.sign(draft.header, key, rules.genesis), body: draft.body };
}
