// `unstake`: withdraws stake of the sender, which is balance again after the unbonding time and at risk until then.
import { declareRefusals, formatCoins, ignore } from "../../base/index.ts";
import { type Amount, amountOnly } from "./amount.ts";
import type { TransactionKind } from "./kind.ts";

const own = declareRefusals({ "low-stake": "the account has less at stake" });

export const unstake: TransactionKind<Amount> = {
  ...amountOnly("unstake"),
  name: "unstake",
  tag: 2,
  cost: () => 0n,
  ask: (accounts, { amount }, { from }) => {
    const { stake } = accounts.account(from);
    return amount > stake ? ignore(own["low-stake"], `it has ${formatCoins(stake)}`) : undefined;
  },
  apply: (working, { amount }, { from }) => {
    working.withdraw(from, amount);
    return undefined;
  },
};
