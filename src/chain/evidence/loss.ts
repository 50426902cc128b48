// What an offence shown in the next block would cost, without a change of anything: whoever is shown one asks this first.
import { bytesEqual, toHex } from "../../base/index.ts";
import type { State } from "../state/state.ts";
import type { Loss } from "../state/working-state.ts";

const NONE: ReadonlySet<string> = new Set();

/**
 * What `strip` would take in a block on `state` that has punished these keys before: what ripens in that block is out of reach, what was for
 * a punished key's contributions is void.
 */
export function lossOf(state: State, offender: Uint8Array, punished: ReadonlySet<string> = NONE): Loss {
  if (punished.has(toHex(offender))) return { taken: 0n, voided: 0n };
  let [taken, voided] = [state.collateralOf(offender), 0n];
  const ripe = state.height + 1;
  for (const { amount, height } of state.unbonding(offender))
    if (height + state.unbondingBlocks > ripe) taken += amount;
  for (const { address, author, amount, height } of state.rewardsNaming(offender)) {
    if (height + state.maturityBlocks <= ripe) continue;
    const isOwn = bytesEqual(address, offender);
    if (punished.has(toHex(isOwn ? author : address))) continue;
    if (isOwn) taken += amount;
    else voided += amount;
  }
  return { taken, voided };
}

/** What of its own a key would lose. */
export const atRisk = (state: State, key: Uint8Array): bigint => lossOf(state, key).taken;
