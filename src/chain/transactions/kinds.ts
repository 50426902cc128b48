// Every kind of transaction, and what all of them share: form, nonce, balance, and their order in a block (protocol sections 1 and 8).
import { isMalformed, PouwError, type Refusal, reject } from "../../base/index.ts";
import type { Transaction } from "../../codec/index.ts";
import type { Rules } from "../rules.ts";
import type { Accounts, PayloadFields, TransactionKind } from "./kind.ts";
import { stake } from "./stake.ts";
import { transfer } from "./transfer.ts";
import { unstake } from "./unstake.ts";

/** A new kind is a file and a line here. */
export const TRANSACTION_KINDS = { transfer, stake, unstake } as const satisfies {
  readonly [name: string]: TransactionKind<unknown>;
};

const kindOf = (tag: number): TransactionKind<unknown> | undefined =>
  Object.values<TransactionKind<unknown>>(TRANSACTION_KINDS).find((kind) => kind.tag === tag);

/** A transaction's kind with its payload decoded. */
export interface Opened {
  readonly kind: "opened";
  readonly of: TransactionKind<unknown>;
  readonly payload: unknown;
}

/** Looks inside; refused when the kind is unknown or the payload is not one of it. */
export function open({ kind, payload }: Pick<Transaction, "kind" | "payload">): Opened | ReturnType<typeof reject> {
  const of = kindOf(kind);
  if (of === undefined) return reject("unknown-kind", `${kind}`);
  try {
    return { kind: "opened", of, payload: of.payload.decode(payload) };
  } catch (error) {
    if (isMalformed(error)) return reject("bad-encoding", error.message);
    throw error;
  }
}

/** What a transaction takes from its sender's balance, the fee included; undefined when it is not one. */
export function costOf(transaction: Transaction): bigint | undefined {
  const opened = open(transaction);
  return opened.kind === "opened" ? opened.of.cost(opened.payload) + transaction.fee : undefined;
}

/** Whom a transaction pays how much; undefined when nobody. */
export function paymentOf(
  transaction: Transaction,
): ReturnType<NonNullable<TransactionKind<unknown>["pays"]>> | undefined {
  const opened = open(transaction);
  return opened.kind === "opened" ? opened.of.pays?.(opened.payload) : undefined;
}

/** What a transaction's kind asks of the accounts and they do not have; nothing when it is not one. */
export function askOf(accounts: Accounts, transaction: Transaction, rules: Rules): Refusal | undefined {
  const opened = open(transaction);
  return opened.kind === "opened" ? opened.of.ask?.(accounts, opened.payload, transaction, rules) : undefined;
}

/** A transaction's kind and payload as people of a network read them. */
export function showTransaction(
  transaction: Pick<Transaction, "kind" | "payload">,
  network: string,
): { readonly kind: string; readonly payload: PayloadFields } {
  const opened = open(transaction);
  if (opened.kind !== "opened") return { kind: `unknown (${transaction.kind})`, payload: {} };
  return { kind: opened.of.name, payload: opened.of.show(opened.payload, network) };
}

/**
 * What `showTransaction` shows, back in the transaction's own fields: a kind by name or tag, a payload by its fields or encoded. Bytes are
 * not looked into. Throws BAD_ENCODING for a name that no kind has and for fields that are not the kind's.
 */
export function readPayload(
  kind: string | number,
  payload: Uint8Array | PayloadFields,
): Pick<Transaction, "kind" | "payload"> {
  const kinds = Object.values<TransactionKind<unknown>>(TRANSACTION_KINDS);
  const of = kinds.find(({ name, tag }) => name === kind || tag === kind);
  if (typeof kind === "string" && of === undefined) {
    const known = kinds.map(({ name }) => name);
    throw new PouwError("BAD_ENCODING", `"${kind}" is no kind of transaction, as ${known.join(", ")} are`);
  }
  const tag = of?.tag ?? Number(kind);
  if (payload instanceof Uint8Array) return { kind: tag, payload };
  if (of?.parse === undefined) throw new PouwError("BAD_ENCODING", `the payload of kind ${kind} is read as hex only`);
  return { kind: tag, payload: of.payload.encode(of.parse(payload)) };
}
