// Evidence about a unit against the unit itself: whoever checks a block runs it (protocol section 5).
import { ACCEPT, bytesEqual, reject, type Verdict } from "../base/index.ts";
import { judgeOn, type Rules, type ShownUnit, type State } from "../chain/index.ts";
import type { Evidence } from "../codec/index.ts";
import { checkUnit, type FoundUnit } from "../work/index.ts";

/** A unit's end, and what only who ran it knows. */
export type TracedUnit = (NonNullable<FoundUnit> & { readonly trace: Uint8Array }) | undefined;

/** The trace of a unit that does not end in finite numbers. */
export const NO_TRACE: Uint8Array = new Uint8Array(32);

/** The units that a block's evidence is about; `parent` is the state that it stands on. */
export function shownUnits(parent: State, evidence: readonly Evidence[], rules: Rules): ShownUnit[] {
  return evidence.flatMap((piece) => {
    const judged = judgeOn(parent, piece, rules);
    return judged.kind === "offence" && judged.shown !== undefined ? [judged.shown] : [];
  });
}

/** Whether the unit, as it was found, is the offence that the evidence says: a forged one, or one that an attester's word contradicts. */
export function checkShown({ contribution, word }: ShownUnit, found: TracedUnit): Verdict {
  const honest = checkUnit(contribution, found).kind === "accept";
  if (word === undefined) return honest ? reject("false-evidence", "the unit ends where it claims") : ACCEPT;
  const right = (word.outcome === "valid") === honest && bytesEqual(word.trace, found?.trace ?? NO_TRACE);
  return right ? reject("false-evidence", "the attester's word is right") : ACCEPT;
}
