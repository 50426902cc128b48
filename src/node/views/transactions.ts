// A transfer as people and programs read it, wherever it is: waiting or in a block.
import { z } from "zod";
import { addressForm, amountForm, hashForm, heightForm, u64Form } from "./forms.ts";

export const transferSchema = z
  .object({
    id: hashForm.describe("The transfer's id."),
    from: addressForm.describe("Who pays and signed."),
    to: addressForm.describe("Who receives."),
    amount: amountForm.describe("What the receiver gets."),
    fee: amountForm.describe("What the sender pays on top, to those who made the block."),
    nonce: u64Form.describe("How many transfers the sender had made before."),
    height: heightForm.optional().describe("Height of its block; absent while it waits for one."),
    block: hashForm.optional().describe("Hash of its block; absent while it waits for one."),
  })
  .readonly()
  .meta({ id: "Transfer", description: "A signed transfer of money." });
export type TransferView = z.infer<typeof transferSchema>;
