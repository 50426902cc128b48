// What a kind of transaction is: one file with its shape, what it asks, what it does and its own refusals. A new kind is that file and a line in kinds.ts.
import type { Refusal, Verdict } from "../../base/index.ts";
import type { Codec, Transaction } from "../../codec/index.ts";
import type { Rules } from "../rules.ts";
import type { Account } from "../state/state-type.ts";
import type { WorkingState } from "../state/working-state.ts";

/** Where a transaction is applied. */
export interface ApplyContext {
  /** Height of the block that carries it. */
  readonly height: number;
  readonly rules: Rules;
}

/** A payload as people read and write it. */
export interface PayloadFields {
  readonly [field: string]: string;
}

/** Accounts as they stand before a transaction: a state's, or those of a block that is being applied. */
export interface Accounts {
  account(address: Uint8Array): Readonly<Account>;
  hasAccount(address: Uint8Array): boolean;
}

export interface TransactionKind<P> {
  /** As people and the API name it. */
  readonly name: string;
  /** As the encoding names it. */
  readonly tag: number;
  readonly payload: Codec<P>;
  /** What holds whatever the state. */
  check(payload: P, rules: Rules): Verdict;
  /** What it takes from the sender's balance besides the fee. */
  cost(payload: P): bigint;
  /** Whom it pays from the sender's balance, where it does. */
  pays?(payload: P): { readonly to: Uint8Array; readonly amount: bigint };
  /** What it asks of the accounts besides a balance that covers it. Ignored, not blamed: another branch may differ. */
  ask?(accounts: Accounts, payload: P, transaction: Transaction, rules: Rules): Refusal | undefined;
  /** Changes the state. Nonce, fee and cost are taken already; a refusal undoes nothing, it voids the block. */
  apply(working: WorkingState, payload: P, transaction: Transaction, context: ApplyContext): Refusal | undefined;
  /** The payload as people of a network read it: addresses, coins, hex and decimal strings. */
  show(payload: P, network: string): PayloadFields;
  /** The payload from the fields that `show` writes, for the doors only; without it people must send bytes. Throws BAD_ENCODING naming the field. */
  parse?(fields: PayloadFields): P;
}
