// A transaction as people and programs read it, wherever it is: waiting or in a block. What a kind holds is the kind's own
// word, so a new kind changes nothing here.
import { z } from "zod";
import { formatAddress, formatCoins, toHex } from "../../base/index.ts";
import { showTransaction } from "../../chain/index.ts";
import { Transaction } from "../../codec/index.ts";
import { addressForm, amountForm, hashForm, heightForm, u64Form } from "./forms.ts";

const payloadForm = z.record(z.string(), z.string()).meta({
  id: "Payload",
  description:
    "What a transaction of its kind holds: field -> text, such as an address under `to` and coins under `amount`.",
});

export const transactionSchema = z
  .object({
    id: hashForm.describe("The transaction's id."),
    kind: z.string().describe("Name of its kind, such as `transfer`."),
    from: addressForm.describe("Whose account it is of: who pays and signed."),
    nonce: u64Form.describe("How many transactions the account had made before."),
    fee: amountForm.describe("What the account pays for it, to those who make its block."),
    payload: payloadForm,
    height: heightForm.optional().describe("Height of its block; absent while it waits for one."),
    block: hashForm.optional().describe("Hash of its block; absent while it waits for one."),
    dropped: z
      .string()
      .optional()
      .describe(
        "Why it is in no block and waits for none any more: the node remembers the last 1,024 such. Absent for all others.",
      ),
  })
  .readonly()
  .meta({ id: "Transaction", description: "A signed transaction." });
export type TransactionView = z.infer<typeof transactionSchema>;

/** Where a transaction is, once it is in a block. */
export interface TransactionPlace {
  readonly height: number;
  /** Hash of the block, hex. */
  readonly block: string;
}

/** `place` is undefined where the transaction is in no block: while it waits, or because it was `dropped`. */
export function transactionView(
  transaction: Transaction,
  network: string,
  { place, dropped }: { readonly place?: TransactionPlace; readonly dropped?: string | undefined } = {},
): TransactionView {
  const { kind, payload } = showTransaction(transaction, network);
  return {
    id: toHex(Transaction.id(transaction)),
    kind,
    from: formatAddress(transaction.from, network),
    nonce: `${transaction.nonce}`,
    fee: formatCoins(transaction.fee),
    payload,
    height: place?.height,
    block: place?.block,
    dropped,
  };
}
