// Who is paid for a block: integer arithmetic whose remainders go to the winner, so the parts always make the whole (protocol section 4).
import { toHex } from "../../base/index.ts";
import type { RoundRecord } from "../../codec/index.ts";
import type { Split } from "../rules.ts";
import type { Reward } from "../state/state-type.ts";

/** What somebody gets for a block. */
type Payment = Pick<Reward, "address" | "amount">;

/**
 * Splits subsidy and fees: the contributions' part equally over all recorded contributions (a task's units are equal work), the
 * leader's part over the records, the rest and the fees to the winner; all to the winner when nothing was recorded.
 * One reward per address, the winner's first, then in order of appearance.
 */
export function splitReward(
  income: { readonly subsidy: bigint; readonly fees: bigint },
  winner: Uint8Array,
  records: readonly Pick<RoundRecord, "leader" | "contributions">[],
  split: Pick<Split, "contributions" | "leader">,
): Payment[] {
  const shares = new Map<string, Payment>();
  const pay = (address: Uint8Array, amount: bigint): void => {
    const name = toHex(address);
    shares.set(name, { address, amount: (shares.get(name)?.amount ?? 0n) + amount });
  };
  pay(winner, income.fees);
  const authors = records.flatMap((record) => record.contributions.map((contribution) => contribution.author));
  let rest = income.subsidy;
  const payAll = (payees: readonly Uint8Array[], parts: number): void => {
    if (payees.length === 0) return;
    const each = (income.subsidy * BigInt(parts)) / 1000n / BigInt(payees.length);
    for (const payee of payees) pay(payee, each);
    rest -= each * BigInt(payees.length);
  };
  payAll(authors, split.contributions);
  payAll(
    records.map((record) => record.leader),
    split.leader,
  );
  pay(winner, rest);
  return [...shares.values()].filter((reward) => reward.amount > 0n);
}
