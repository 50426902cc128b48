// What an offence costs: all that the offender has at risk, and its part in the work for a while (protocol section 5).
import { bytesEqual, type Refusal, reject, type Steps } from "../../base/index.ts";
import type { Rules } from "../rules.ts";
import { NOBODY } from "../state/state-type.ts";
import type { Loss, WorkingState } from "../state/working-state.ts";
import type { Offence } from "./kind.ts";

/** Of what is taken one part in so many goes to the winner of the carrying block: a reporter's own claim would be copied. */
const FINDER_ONE_IN = 10n;

/**
 * Whether an offence costs enough to be looked at. Bans and offences are remembered, and keys are made up at no cost: who has nothing at
 * risk must not fill the state. A unit is run by everybody who checks the block: it must cost its author or attester the least
 * collateral, which whoever is recorded or drawn has at risk for as long as it can be shown.
 */
export const costsEnough = (
  { shown }: Pick<Offence, "shown">,
  { taken, voided }: Loss,
  { minCollateral }: Pick<Rules, "minCollateral">,
): boolean => (shown === undefined ? taken + voided > 0n : taken >= minCollateral);

/** Punishes a block's offences in order. `winner` is the block's; the first that cannot be punished voids it. */
export function* punishAll(
  working: WorkingState,
  offences: readonly Offence[],
  winner: Uint8Array,
  rules: Rules,
): Steps<Refusal | undefined> {
  const { height } = working;
  for (const offence of offences) {
    // All that waits for a height is looked through.
    yield 16;
    const { id, offender, height: committed } = offence;
    if (working.isPunished(id)) return reject("already-punished");
    const lost = yield* working.strip(offender);
    if (!costsEnough(offence, lost, rules)) return reject("nothing-to-lose");
    const { taken, voided } = lost;
    // Who shows its own offence gets nothing back.
    const finder = bytesEqual(offender, winner) ? 0n : taken / FINDER_ONE_IN;
    working.burn(taken + voided - finder);
    if (finder > 0n) working.earn([{ address: winner, author: NOBODY, amount: finder }]);
    working.punish(id, committed, height + 1 - rules.evidenceBlocks);
    working.ban(offender, height + rules.banBlocks);
  }
  return undefined;
}
