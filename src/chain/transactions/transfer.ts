// `transfer`: moves money from the sender to an address.
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { z } from "zod";
import {
  Address,
  addressText,
  coinsText,
  declareRefusals,
  formatAddress,
  formatCoins,
  ignore,
  PouwError,
} from "../../base/index.ts";
import { Bytes32, codecOf, U64, type UnsignedTransaction } from "../../codec/index.ts";
import { checkMoves } from "./amount.ts";
import { parseWith } from "./fields.ts";
import type { TransactionKind } from "./kind.ts";

const own = declareRefusals({
  "below-account-fee": "to an address without an account goes twice the account fee at least",
});

const TransferType = new ContainerType({ to: Bytes32, amount: U64 });
export type Transfer = ValueOf<typeof TransferType>;

export const transfer: TransactionKind<Transfer> = {
  name: "transfer",
  tag: 0,
  payload: codecOf("transfer", TransferType),
  check: checkMoves,
  cost: ({ amount }) => amount,
  pays: ({ to, amount }) => ({ to, amount }),
  // The fee is burnt, and an account below the fee is removed: with less the receiver would get nothing at all.
  ask: (accounts, { to, amount }, _transaction, { accountFee }) =>
    accounts.hasAccount(to) || amount >= 2n * accountFee
      ? undefined
      : ignore(own["below-account-fee"], formatCoins(2n * accountFee)),
  apply: (working, { to, amount }, _transaction, { rules }) => {
    const burnt = working.hasAccount(to) ? 0n : rules.accountFee;
    working.burn(burnt);
    working.credit(to, amount - burnt);
    return undefined;
  },
  show: ({ to, amount }, network) => ({ to: formatAddress(to, network), amount: formatCoins(amount) }),
  parse: parseWith(z.strictObject({ to: addressText, amount: coinsText })),
};

/** An amount of money as callers give it. */
function checkMoney(what: string, value: bigint): void {
  if (typeof value === "bigint" && value >= 0n && value < 2n ** 64n) return;
  throw new PouwError("BAD_AMOUNT", `The ${what} of a transfer must be a bigint from 0 to 2^64 - 1.`, {
    remedy: 'Give it in millionths of a coin: 1000000n, or coins("1"), is one coin.',
  });
}

/** The unsigned transaction of a transfer; amounts in the smallest unit of money. Throws BAD_ID for a receiver that is no address, BAD_AMOUNT for amounts that are none. */
export function transferOf(order: Transfer & Omit<UnsignedTransaction, "kind" | "payload">): UnsignedTransaction {
  const { amount, genesis, from, nonce, fee } = order;
  const to = Address(order.to);
  checkMoney("amount", amount);
  checkMoney("fee", fee);
  return { genesis, from, nonce, fee, kind: transfer.tag, payload: transfer.payload.encode({ to, amount }) };
}
