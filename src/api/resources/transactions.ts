// Transfers of money: taking a signed one, and showing one wherever it is.
import { z } from "zod";
import { PouwError } from "../../base/index.ts";
import { transferOf } from "../../chain/index.ts";
import { Transaction } from "../../codec/index.ts";
import { type NodeView, type TransferView, transferSchema } from "../../node/index.ts";
import { RefusedError } from "../errors.ts";
import { asBytes, hashInput, hexBytes, u64 } from "../inputs.ts";
import { resource } from "../resource.ts";
import { acceptedSchema } from "../schemas.ts";

const signedTransfer = z
  .strictObject({
    genesis: hexBytes(32).describe("Hash of the network's genesis block, 64 hex digits."),
    from: hexBytes(32).describe("Who pays, 64 hex digits."),
    to: hexBytes(32).describe("Who receives, 64 hex digits."),
    amount: u64.describe("Decimal string, below 2^64."),
    fee: u64.describe("Decimal string, below 2^64."),
    nonce: u64.describe("The account's next nonce, a decimal string."),
    signature: hexBytes(64).describe("The sender's Ed25519 signature, 128 hex digits."),
  })
  .meta({ id: "SignedTransfer", description: "A transfer field by field." });

const encode = ({ signature, ...order }: z.output<typeof signedTransfer>): Uint8Array =>
  Transaction.codec.encode({ ...transferOf(order), signature });

/** A signed transfer in one of two forms; parsed to the bytes of its transaction. Those of `hex` are not decoded yet. */
export const transferInput = z
  .strictObject({
    hex: z
      .string("must be hex")
      .regex(/^(0x)?([0-9a-fA-F]{2})*$/, "must be hex")
      .transform(asBytes)
      .optional()
      .describe("The signed transfer as its codec writes it, in hex."),
    transfer: signedTransfer.optional(),
  })
  .refine(
    (body) => (body.hex === undefined) !== (body.transfer === undefined),
    "exactly one of hex and transfer is needed",
  )
  .transform(({ hex, transfer }) => hex ?? encode(transfer as z.output<typeof signedTransfer>))
  .meta({
    id: "TransferInput",
    description: "A signed transfer, as hex or field by field: exactly one of the two.",
    minProperties: 1,
    maxProperties: 1,
  });

export const submitTransfer = resource({
  method: "POST",
  path: "/v1/transfers",
  summary: "Takes a signed transfer and passes it on; 422 with the refusal when the mempool does not want it.",
  body: transferInput,
  reply: acceptedSchema,
  status: 202,
  async handle(view, { body }) {
    Transaction.codec.decode(body);
    const { id, verdict } = await view.submitTransfer(body);
    if (verdict.kind === "accept") return { id, accepted: true as const };
    throw new RefusedError(`The transfer was refused: ${verdict.reason}.`, verdict.code);
  },
});

const idParams = z.object({ id: hashInput("the transfer's id") });

async function findTransfer(view: NodeView, id: string): Promise<TransferView> {
  const transfer = await view.transfer(id);
  if (transfer === undefined) throw new PouwError("NOT_FOUND", `There is no transfer ${id} here.`);
  return transfer;
}

export const transferById = resource({
  method: "GET",
  path: "/v1/transfers/:id",
  summary: "One transfer, waiting or in a block: where the id that POST /v1/transfers answers leads.",
  params: idParams,
  reply: transferSchema,
  handle: (view, { params }) => findTransfer(view, params.id),
});

export const chainTransfer = resource({
  method: "GET",
  path: "/v1/chain/tx/:id",
  summary: "One transfer, waiting or in a block, beside the blocks of the chain.",
  params: idParams,
  reply: transferSchema,
  handle: (view, { params }) => findTransfer(view, params.id),
});
