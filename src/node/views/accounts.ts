// An account as people and programs read it.
import { z } from "zod";
import { addressForm, amountForm, heightForm, u64Form } from "./forms.ts";
import { moneyFields } from "./money.ts";

export const accountSchema = z
  .object({
    address: addressForm,
    ...moneyFields,
    pendingOut: amountForm.describe("What its waiting transactions take from the balance, fees included."),
    pendingIn: amountForm.describe("What waiting transfers bring it."),
    nonce: u64Form.describe("Nonce of the account's next transaction, those waiting included."),
    bannedUntil: heightForm.optional().describe("Not a miner again before this height; absent when not banned."),
  })
  .readonly()
  .meta({ id: "Account", description: "An account at the tip of the best chain." });
export type AccountView = z.infer<typeof accountSchema>;
