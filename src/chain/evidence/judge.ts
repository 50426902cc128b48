// A block's evidence judged as a whole, and which of what a node holds the next block can carry (protocol section 5).
import { type Refusal, toHex } from "../../base/index.ts";
import { type Evidence, MAX_EVIDENCE } from "../../codec/index.ts";
import type { Rules } from "../rules.ts";
import type { State } from "../state/state.ts";
import { WorkingState } from "../state/working-state.ts";
import type { Offence } from "./kind.ts";
import { judge } from "./kinds.ts";

/** The offences that a body shows for a block of `height`, or the first piece of evidence that shows none. */
export function judgeEvidence(
  evidence: readonly Evidence[],
  height: number,
  rules: Rules,
): { readonly kind: "offences"; readonly offences: readonly Offence[] } | Refusal {
  const offences: Offence[] = [];
  for (const piece of evidence) {
    const result = judge(piece, height, rules);
    if (result.kind !== "offence") return result;
    offences.push(result);
  }
  return { kind: "offences", offences };
}

/** Of the evidence that a node holds, what a block on `state` can carry, as far as it has room. */
export const selectEvidence = (state: State, held: readonly Evidence[], rules: Rules): Evidence[] =>
  carriable(state, held, rules).slice(0, MAX_EVIDENCE);

/** Each offence shown, in time, once, not punished yet, and by a key that has something to lose still. */
export function carriable(state: State, held: readonly Evidence[], rules: Rules): Evidence[] {
  const seen = new Set(state.punished.map((entry) => toHex(entry.offence)));
  const working = new WorkingState(state);
  working.ripen();
  const fresh = (piece: Evidence): boolean => {
    const judged = judge(piece, state.height + 1, rules);
    if (judged.kind !== "offence" || seen.has(toHex(judged.id))) return false;
    const { taken, voided } = working.strip(judged.offender);
    if (taken + voided === 0n) return false;
    seen.add(toHex(judged.id));
    return true;
  };
  return held.filter(fresh);
}
