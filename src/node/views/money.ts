// Where an address has money, as people and programs read it.
import { formatCoins } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import { amountForm } from "./forms.ts";

/** The fields of a view that shows an account's money. */
export const moneyFields = {
  balance: amountForm.describe("What the account can spend now."),
  stake: amountForm.describe("At stake: collateral for the account's work, lost with an offence."),
  unbonding: amountForm.describe("Withdrawn stake that is not yet spendable, and at risk until then."),
  immature: amountForm.describe("Rewards that are not yet spendable, and at risk until then."),
};

const sum = (entries: readonly { readonly amount: bigint }[]): string =>
  formatCoins(entries.reduce((all, { amount }) => all + amount, 0n));

export function moneyOf(state: State, address: Uint8Array): { readonly [field in keyof typeof moneyFields]: string } {
  const { balance, stake } = state.account(address);
  const [unbonding, immature] = [sum(state.unbonding(address)), sum(state.immature(address))];
  return { balance: formatCoins(balance), stake: formatCoins(stake), unbonding, immature };
}
