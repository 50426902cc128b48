// All money that exists, counted where it lies: what the state's supply must be.
import type { State } from "../state/state.ts";

/** Balances, stakes, withdrawals and immature rewards. O(state). */
export function heldIn(state: State): bigint {
  const amounts = [
    ...state.accounts().flatMap(({ balance, stake }) => [balance, stake]),
    ...state.unbonding().map(({ amount }) => amount),
    ...state.immature().map(({ amount }) => amount),
  ];
  return amounts.reduce((sum, amount) => sum + amount, 0n);
}
