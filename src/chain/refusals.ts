// Every reason for which the chain or a validator refuses an object, in one table, each with the sentence people read.
import { ignore, reject, type Verdict } from "../base/index.ts";

/** code -> meaning. Codes are stable: the API, logs and attack tests name them. */
export const REFUSALS = {
  "wrong-version": "the header has another protocol version",
  "wrong-parent": "the block does not build on this state's tip",
  "wrong-height": "the height is not the parent's plus one",
  "time-not-after-parent": "the time is not after the parent's",
  "time-in-future": "the time is too far ahead of the clock",
  "wrong-target": "the target is not the one the parent's state demands",
  "unknown-task": "the task is not on this chain",
  "wrong-start": "the start state is not the round's common state",
  "nonce-out-of-range": "the nonce is not one that the unit earned",
  "draw-above-target": "the draw does not win",
  "not-first-win": "an earlier draw of the unit wins",
  banned: "the author is banned for an offence",
  "bad-signature": "the signature is not the author's",
  "wrong-body-root": "the body is not the one the header commits to",
  "block-too-large": "the encoded block is above the limit",
  "wrong-contribution": "the winning contribution does not match the header",
  "wrong-round": "the round does not follow from the records",
  "stale-round": "the round is closed",
  "unknown-round": "the round has not begun here",
  "other-block": "the record builds on another block",
  "not-leader": "the signer does not lead this round",
  "wrong-previous": "the record does not follow the previous one",
  "empty-record": "a record needs a contribution",
  unordered: "the contributions are not in strictly ascending order",
  "unknown-codec": "the delta codec is not known",
  "delta-size": "the delta's size is not allowed",
  "height-ahead": "the contribution is for a block not yet known",
  "height-expired": "the contribution is for a block too far back",
  "wrong-network": "the transfer is for another network",
  "zero-amount": "the transfer moves nothing",
  "nonce-used": "the account nonce was used before",
  "nonce-ahead": "an earlier transfer of the account is missing",
  "low-balance": "the account cannot pay amount and fee",
  "no-offence": "the evidence shows no offence",
  "evidence-expired": "the offence is too long ago",
  "evidence-ahead": "the offence is in the future of this block",
  "already-punished": "the offence was punished before",
  "wrong-state-root": "the state after the block is not the one the header commits to",
  "bad-outcome": "the verdict has no known outcome",
} as const;

export type RefusalCode = keyof typeof REFUSALS;
export type Refusal = Exclude<Verdict, { readonly kind: "accept" }>;

/** Provably wrong: counts against whoever sent it. */
export const refuse = (code: RefusalCode, detail = ""): Refusal =>
  reject(code, detail === "" ? REFUSALS[code] : `${REFUSALS[code]}: ${detail}`) as Refusal;
/** Not usable now, and nobody's fault. */
export const skip = (code: RefusalCode, detail = ""): Refusal =>
  ignore(code, detail === "" ? REFUSALS[code] : `${REFUSALS[code]}: ${detail}`) as Refusal;

/** Inside a block nothing is merely early or late: what gossip would ignore, a block is refused for. */
export function insist(verdict: Verdict): Verdict {
  return verdict.kind === "ignore" ? { ...verdict, kind: "reject" } : verdict;
}
