// A payload that is an amount of money and nothing else, as deposits and withdrawals of stake have it.
import { ContainerType, type ValueOf } from "@chainsafe/ssz";
import { z } from "zod";
import { ACCEPT, coinsText, declareRefusals, formatCoins, reject, type Verdict } from "../../base/index.ts";
import { type Codec, codecOf, U64 } from "../../codec/index.ts";
import { parseWith } from "./fields.ts";
import type { TransactionKind } from "./kind.ts";

const AmountType = new ContainerType({ amount: U64 });
export type Amount = ValueOf<typeof AmountType>;

const own = declareRefusals({ "zero-amount": "the transaction moves nothing" });

/** Of any payload with an amount: it moves something. */
export const checkMoves = ({ amount }: Amount): Verdict => (amount === 0n ? reject(own["zero-amount"]) : ACCEPT);

const codecFor = (what: string): Codec<Amount> => codecOf(what, AmountType);

/** What kinds whose payload is an amount have in common. */
export const amountOnly = (name: string): Pick<TransactionKind<Amount>, "payload" | "check" | "show" | "parse"> => ({
  payload: codecFor(name),
  check: checkMoves,
  show: ({ amount }) => ({ amount: formatCoins(amount) }),
  parse: parseWith(z.strictObject({ amount: coinsText })),
});
