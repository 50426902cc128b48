// One account at the tip.
import { z } from "zod";
import { type AccountView, accountSchema } from "../../node/index.ts";
import { hashInput } from "../inputs.ts";
import { resource } from "../resource.ts";

/** What an address that no block has touched owns. */
const untouched = (address: string): AccountView => ({
  address,
  balance: "0",
  stake: "0",
  unbonding: "0",
  immature: "0",
  nonce: "0",
});

export const account = resource({
  method: "GET",
  path: "/v1/accounts/:address",
  summary: "Balance, stake, what is not yet spendable, and next nonce; of an address that no block has touched too.",
  params: z.object({ address: hashInput("the account's address") }),
  reply: accountSchema,
  handle: (view, { params: { address } }) => view.account(address) ?? untouched(address),
});
