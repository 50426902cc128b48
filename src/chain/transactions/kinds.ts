// Every kind of transaction, and what all of them share: form, nonce, balance, and their order in a block (protocol sections 1 and 8).
import { isMalformed, reject } from "../../base/index.ts";
import type { Transaction } from "../../codec/index.ts";
import type { TransactionKind } from "./kind.ts";
import { transfer } from "./transfer.ts";

/** A new kind is a file and a line here. */
export const TRANSACTION_KINDS = { transfer } as const satisfies { readonly [name: string]: TransactionKind<unknown> };

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

/** A transaction's kind and payload as people read them. */
export function showTransaction(transaction: Pick<Transaction, "kind" | "payload">): {
  readonly kind: string;
  readonly payload: { readonly [field: string]: string };
} {
  const opened = open(transaction);
  if (opened.kind !== "opened") return { kind: `unknown (${transaction.kind})`, payload: {} };
  return { kind: opened.of.name, payload: opened.of.show(opened.payload) };
}
