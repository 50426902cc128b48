// `transfer`: moves money from the sender to an address.
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { z } from "zod";
import { ACCEPT, Address, declareRefusals, hexBytes, PouwError, reject, toHex, u64Text } from "../../base/index.ts";
import { Bytes32, codecOf, U64, type UnsignedTransaction } from "../../codec/index.ts";
import { parseWith } from "./fields.ts";
import type { TransactionKind } from "./kind.ts";

const own = declareRefusals({ "zero-amount": "the transfer moves nothing" });

const TransferType = new ContainerType({ to: Bytes32, amount: U64 });
export type Transfer = ValueOf<typeof TransferType>;

export const transfer: TransactionKind<Transfer> = {
  name: "transfer",
  tag: 0,
  payload: codecOf("transfer", TransferType),
  check: ({ amount }) => (amount === 0n ? reject(own["zero-amount"]) : ACCEPT),
  cost: ({ amount }) => amount,
  apply: (working, { to, amount }) => {
    working.credit(to, amount);
    return undefined;
  },
  show: ({ to, amount }) => ({ to: toHex(to), amount: `${amount}` }),
  parse: parseWith(z.strictObject({ to: hexBytes(32), amount: u64Text })),
};

/** An amount of money as callers give it. */
function checkMoney(what: string, value: bigint): void {
  if (typeof value === "bigint" && value >= 0n && value < 2n ** 64n) return;
  throw new PouwError("REFUSED", `The ${what} of a transfer must be a bigint from 0 to 2^64 - 1.`, {
    remedy: "Give it in millionths of a coin: 1000000n is one coin.",
  });
}

/** The unsigned transaction of a transfer; amounts in the smallest unit of money. Throws BAD_ID for a receiver that is no address, REFUSED for amounts that are none. */
export function transferOf(order: Transfer & Omit<UnsignedTransaction, "kind" | "payload">): UnsignedTransaction {
  const { amount, genesis, from, nonce, fee } = order;
  const to = Address(order.to);
  checkMoney("amount", amount);
  checkMoney("fee", fee);
  return { genesis, from, nonce, fee, kind: transfer.tag, payload: transfer.payload.encode({ to, amount }) };
}
