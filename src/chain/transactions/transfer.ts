// `transfer`: moves money from the sender to an address.
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { z } from "zod";
import { ACCEPT, declareRefusals, hexBytes, reject, toHex, u64Text } from "../../base/index.ts";
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

/** The unsigned transaction of a transfer; amounts in the smallest unit of money. */
export function transferOf(order: Transfer & Omit<UnsignedTransaction, "kind" | "payload">): UnsignedTransaction {
  const { to, amount, genesis, from, nonce, fee } = order;
  return { genesis, from, nonce, fee, kind: transfer.tag, payload: transfer.payload.encode({ to, amount }) };
}
