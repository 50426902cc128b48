// One account at the tip.
import { z } from "zod";
import { accountSchema } from "../../node/index.ts";
import { addressInput } from "../inputs.ts";
import { resource } from "../resource.ts";

export const account = resource({
  method: "GET",
  path: "/v1/accounts/:address",
  summary:
    "Balance, stake, what is not yet spendable or on its way, and next nonce; of an address that no block has touched too.",
  params: z.object({ address: addressInput }),
  reply: accountSchema,
  handle: (view, { params: { address } }) => view.account(address),
});
