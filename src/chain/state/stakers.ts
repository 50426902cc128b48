// Who has stake, in order of address: derived from the accounts, handed from state to state, so that a draw need not look at every account.
import { compareBytes, placeIn } from "../../base/index.ts";
import type { Account } from "./state-type.ts";

export type Staker = Readonly<Pick<Account, "address" | "stake">>;

/** O(accounts). */
export const stakersOf = (accounts: readonly Readonly<Account>[]): readonly Staker[] =>
  accounts
    .filter(({ stake }) => stake > 0n)
    .map(({ address, stake }) => ({ address, stake }))
    .sort((a, b) => compareBytes(a.address, b.address));

/** The same after some accounts have changed. O(stakers). */
export function changedStakers(before: readonly Staker[], changed: Iterable<Readonly<Account>>): readonly Staker[] {
  let after: Staker[] | undefined;
  for (const { address, stake } of changed) {
    const list: readonly Staker[] = after ?? before;
    const at = placeOf(list, address);
    const known = list[at] !== undefined && compareBytes(list[at].address, address) === 0;
    if ((known ? (list[at] as Staker).stake : 0n) === stake) continue;
    after ??= [...before];
    after.splice(at, known ? 1 : 0, ...(stake > 0n ? [{ address, stake }] : []));
  }
  return after ?? before;
}

/** Where an address is, or would be. */
const placeOf = (stakers: readonly Staker[], address: Uint8Array): number =>
  placeIn(stakers, (staker) => compareBytes(staker.address, address) < 0);
