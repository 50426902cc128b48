// Every reason for which any room refuses an object, in one table, each with the sentence people read.

/** code -> meaning. Codes are stable: the API, logs and attack tests name them. */
export const REFUSALS = {
  // Form
  "bad-encoding": "the bytes do not decode as the object they claim to be",
  "bad-signature": "the signature is not the author's",
  "bad-outcome": "the attestation has no known outcome",
  "wrong-version": "the header has another protocol version",
  "wrong-network": "the object is for another network",
  // Headers and bodies
  "unknown-parent": "the block's parent is not here yet",
  "old-parent": "the block parts from the chain too far back for gossip",
  "wrong-parent": "the block does not build on this state's tip",
  "wrong-height": "the height is not the parent's plus one",
  "time-not-after-parent": "the time is not after the parent's",
  "time-in-future": "the time is too far ahead of the clock",
  "wrong-target": "the target is not the one the parent's state demands",
  "wrong-body-root": "the body is not the one the header commits to",
  "block-too-large": "the encoded block is above the limit",
  "wrong-state-root": "the state after the block is not the one the header commits to",
  "no-block": "the announced block was not served",
  // Work
  "unknown-task": "the task is not on this chain",
  "task-without-nonces": "a unit of the task earns no nonce",
  "wrong-start": "the start state is not the round's common state",
  "idle-unit": "the unit changed no parameter",
  "nonce-out-of-range": "the nonce is not one that the unit earned",
  "draw-above-target": "the draw does not win",
  "not-lowest-draw": "another draw of the unit is lower",
  "wrong-contribution": "the winning contribution does not match the header",
  "forged-unit": "the unit does not end where its author claims",
  "forged-delta": "the winning contribution's delta is not the unit's",
  "forged-before": "the block was found forged before",
  "forged-parent": "the block stands on a forged one",
  "not-checked": "the block's unit was not confirmed in time",
  banned: "the author is banned for an offence",
  // Rounds
  "wrong-round": "the round does not follow from the records",
  "stale-round": "the round is closed",
  "unknown-round": "the round has not begun here",
  "other-block": "the record builds on another block",
  "other-branch": "the contribution's block is not on this chain",
  "low-collateral": "the author has not enough at stake",
  "not-admitted": "the contribution is not among those that a block has room for",
  "already-recorded": "the unit was recorded before",
  "too-many": "the author has as many contributions in this block as its stake covers",
  "too-many-records": "the task has no room for more records on this block",
  "not-leader": "the signer does not lead this round",
  "wrong-previous": "the record does not follow the previous one",
  "wrong-next": "the contributions do not make the state that the record claims",
  "empty-record": "a record needs a contribution",
  "second-record": "the leader signed other records for this round",
  unordered: "the contributions or records are not in strictly ascending order",
  "unknown-codec": "the delta codec is not the task's",
  "delta-size": "the delta's size is not allowed",
  "bad-delta": "the delta is malformed",
  "wrong-delta": "the delta does not lead from the start to the contribution's digest",
  "no-delta": "a delta could not be had from any peer",
  "no-parameters": "the parameters to start from are not here",
  "height-ahead": "the contribution is for a block not yet known",
  "height-expired": "the contribution is for a block too far back",
  "not-followed": "this node does not follow the task",
  // Transactions
  "unknown-kind": "this version has no such kind of transaction or evidence",
  "nonce-used": "the account nonce was used before",
  "nonce-ahead": "an earlier transaction of the account is missing",
  "nonce-taken": "a transaction with this account nonce waits already, and only a fee a tenth higher replaces it",
  "low-fee": "the fee is below what this node keeps and passes on",
  "low-balance": "the account cannot pay what the transaction takes",
  "mempool-full": "too many transactions wait",
  // Evidence
  "no-offence": "the evidence shows no offence",
  "evidence-expired": "the offence is too long ago",
  "evidence-ahead": "the offence is in the future of this block",
  "already-punished": "the offence was punished before",
  "nothing-to-lose": "the offender has nothing that could be taken, or too little for a unit to be run",
  "too-many-units": "the evidence is about more units than a block may make others run",
  "false-evidence": "the evidence says what running the unit contradicts",
  // Audits
  "no-seat": "the key does not attest in this audit",
  "not-now": "attesters give this word in other blocks",
  "already-committed": "the attester has committed before",
  "already-revealed": "the attester has revealed before",
  "wrong-word": "the word is not the one that was committed",
  "not-shown": "no evidence has shown that the unit is forged",
  // Gossip
  known: "the object is here already",
  full: "there is no room for more of these",
  "far-height": "the object is too far from the head",
  "no-say": "the key has no say in a block that is not here",
  closing: "the node is stopping",
  failed: "judging the object failed",
} as const;

declare const declared: unique symbol;
/** A code that a plug-in table declared for itself, such as a transaction kind's. */
type DeclaredCode = string & { readonly [declared]: true };
export type RefusalCode = keyof typeof REFUSALS | DeclaredCode;

const sentences = new Map<string, string>(Object.entries(REFUSALS));

/** Adds a room's own codes to the table; throws on a code that is taken, since one code must mean one thing. */
export function declareRefusals<C extends string>(
  table: { readonly [code in C]: string },
): {
  readonly [code in C]: RefusalCode;
} {
  for (const code of Object.keys(table))
    if (sentences.has(code)) throw new TypeError(`the refusal code "${code}" is taken`);
  for (const [code, sentence] of Object.entries<string>(table)) sentences.set(code, sentence);
  return Object.fromEntries(Object.keys(table).map((code) => [code, code])) as { [code in C]: RefusalCode };
}

/** What a refusal says to people: the table's sentence, and the detail behind a colon. */
export function sentenceOf(code: RefusalCode, detail = ""): string {
  const sentence = sentences.get(code) as string;
  return detail === "" ? sentence : `${sentence}: ${detail}`;
}

/** Every code with its sentence, declared ones included. */
export const allRefusals = (): ReadonlyMap<string, string> => sentences;
