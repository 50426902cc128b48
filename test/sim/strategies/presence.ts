// The rule of version 0.1, kept as a control: the whole subsidy is paid in every block, to whoever stands in it.
import { toHex } from "../../../src/base/index.ts";

interface Reward {
  readonly address: Uint8Array;
  readonly amount: bigint;
}
interface Record {
  readonly leader: Uint8Array;
  readonly contributions: readonly { readonly author: Uint8Array }[];
}

/** The contributions' part equally over all contributions, the leader's over the records, the rest to the winner: all of it when nothing was recorded. */
export function splitReward(
  income: { readonly subsidy: bigint; readonly fees: bigint },
  winner: Uint8Array,
  records: readonly Record[],
  split: { readonly contributions: number; readonly leader: number },
): Reward[] {
  const shares = new Map<string, Reward>();
  const pay = (address: Uint8Array, amount: bigint): void => {
    const name = toHex(address);
    shares.set(name, { address, amount: (shares.get(name)?.amount ?? 0n) + amount });
  };
  pay(winner, income.fees);
  let rest = income.subsidy;
  const payAll = (payees: readonly Uint8Array[], parts: number): void => {
    if (payees.length === 0) return;
    const each = (income.subsidy * BigInt(parts)) / 1000n / BigInt(payees.length);
    for (const payee of payees) pay(payee, each);
    rest -= each * BigInt(payees.length);
  };
  const authors = records.flatMap((record) => record.contributions.map((contribution) => contribution.author));
  payAll(authors, split.contributions);
  payAll(
    records.map((record) => record.leader),
    split.leader,
  );
  pay(winner, rest);
  return [...shares.values()].filter((reward) => reward.amount > 0n);
}
