// `stake`: puts money of the sender's balance at stake.
import { type Amount, amountOnly } from "./amount.ts";
import type { TransactionKind } from "./kind.ts";

export const stake: TransactionKind<Amount> = {
  ...amountOnly("stake"),
  name: "stake",
  tag: 1,
  cost: ({ amount }) => amount,
  apply: (working, { amount }, { from }) => {
    working.deposit(from, amount);
    return undefined;
  },
};
