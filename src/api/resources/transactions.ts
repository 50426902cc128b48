// Transactions: taking a signed one of any kind, and showing one wherever it is.
import { z } from "zod";
import { addressText, asBytes, coinsText, hexBytes, isMalformed, PouwError, u64Text } from "../../base/index.ts";
import { readPayload } from "../../chain/index.ts";
import { MAX_PAYLOAD_BYTES, Transaction } from "../../codec/index.ts";
import { transactionSchema } from "../../node/index.ts";
import { RefusedError } from "../errors.ts";
import { hashInput } from "../inputs.ts";
import { resource } from "../resource.ts";
import { acceptedSchema } from "../schemas.ts";

const hexText = z
  .string("must be hex")
  .regex(/^(0x)?([0-9a-fA-F]{2})*$/, "must be hex")
  .transform(asBytes);

const KIND = "must be the name or the number of a kind";
const kindInput = z.union([z.string(), z.int(KIND).min(0, KIND).max(255, KIND)], KIND);
const payloadBytes = hexText.refine(
  ({ length }) => length <= MAX_PAYLOAD_BYTES,
  `must be of at most ${MAX_PAYLOAD_BYTES} bytes`,
);
const payloadInput = z.union(
  [payloadBytes, z.record(z.string(), z.string())],
  "must be hex, or the kind's fields as text",
);

/** Field by field; parsed to the transaction. The payload's fields are the kind's to read, so that a new kind needs nothing here. */
const signedTransaction = z
  .strictObject({
    genesis: hexBytes(32).describe("Hash of the network's genesis block, 64 hex digits."),
    from: addressText.describe("Whose account it is of: its address."),
    nonce: u64Text.describe("The account's next nonce, a decimal string."),
    fee: coinsText.describe("Coins, as text."),
    kind: kindInput.describe("The kind, by its name or its number."),
    payload: payloadInput.describe("The payload as the kind encodes it, in hex, or its fields as the kind shows them."),
    signature: hexBytes(64).describe("The account's Ed25519 signature, 128 hex digits."),
  })
  .transform(({ kind, payload, ...rest }, context): Transaction => {
    try {
      return { ...rest, ...readPayload(kind, payload) };
    } catch (error) {
      if (!isMalformed(error)) throw error;
      context.addIssue({ code: "custom", path: ["payload"], message: error.message });
      return z.NEVER;
    }
  })
  .meta({ id: "SignedTransaction", description: "A transaction field by field." });

/** A signed transaction in one of two forms; parsed to its bytes. Those of `hex` are not decoded yet. */
const transactionInput = z
  .strictObject({
    hex: hexText.optional().describe("The signed transaction as its codec writes it, in hex."),
    transaction: signedTransaction.optional(),
  })
  .refine(
    ({ hex, transaction }) => (hex === undefined) !== (transaction === undefined),
    "exactly one of hex and transaction is needed",
  )
  .transform(({ hex, transaction }) => hex ?? Transaction.codec.encode(transaction as Transaction))
  .meta({
    id: "TransactionInput",
    description: "A signed transaction, as hex or field by field: exactly one of the two.",
    minProperties: 1,
    maxProperties: 1,
  });

export const submitTransaction = resource({
  method: "POST",
  path: "/v1/transactions",
  summary: "Takes a signed transaction and passes it on; 422 with the refusal when the mempool does not want it.",
  body: transactionInput,
  reply: acceptedSchema,
  status: 202,
  async handle(view, { body }) {
    const { id, verdict } = await view.submitTransaction(body);
    if (verdict.kind === "accept") return { id, accepted: true as const };
    throw new RefusedError(`The transaction was refused: ${verdict.reason}.`, verdict.code);
  },
});

const idParams = z.object({ id: hashInput("the transaction's id") });

export const transactionById = resource({
  method: "GET",
  path: "/v1/transactions/:id",
  summary:
    "One transaction, waiting, in a block, or dropped and why: where the id that POST /v1/transactions answers leads.",
  params: idParams,
  reply: transactionSchema,
  handle: async (view, { params: { id } }) => {
    const transaction = await view.transaction(id);
    if (transaction !== undefined) return transaction;
    throw new PouwError("NOT_FOUND", `There is no transaction ${id} here.`, {
      remedy:
        "Check the id. What was dropped long ago, or before the node started, is not known any more: send it again.",
    });
  },
});
