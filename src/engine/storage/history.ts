// History: rows about blocks of the best chain, written in the batch that makes a block part of it and deleted in the batch that drops it.
import { toHex } from "../../base/index.ts";
import { type Block, type Decoded, Transaction } from "../../codec/index.ts";

export interface HistoryRow {
  /** Below `history/<source's name>/`. */
  readonly key: string;
  readonly value: Uint8Array;
}

/** A kind of rows; each is a function of the block alone, so that dropping the block deletes the same keys. */
export interface HistorySource {
  readonly name: string;
  readonly rows: (block: Decoded<Block>) => readonly HistoryRow[];
}

/** Which block carries a transaction. */
export const transactionRows: HistorySource = {
  name: "transaction",
  rows: ({ value, id }) =>
    value.body.transactions.map((transaction) => ({ key: toHex(Transaction.id(transaction)), value: id })),
};

/** Every kind of rows; a new one is a line. */
export const HISTORY: readonly HistorySource[] = [transactionRows];

export const historyKey = (source: HistorySource, key: string): string => `history/${source.name}/${key}`;
