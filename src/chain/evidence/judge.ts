// A block's evidence judged as a whole, and which of what a node holds the next block can carry (protocol section 5).
import { type Refusal, reject, toHex } from "../../base/index.ts";
import { type Evidence, MAX_EVIDENCE } from "../../codec/index.ts";
import type { Rules } from "../rules.ts";
import type { State } from "../state/state.ts";
import { WorkingState } from "../state/working-state.ts";
import type { EvidencePlace, Offence } from "./kind.ts";
import { judge } from "./kinds.ts";
import { costsEnough } from "./punish.ts";

/** Units that the evidence of one block may be about: everybody who checks it runs them. */
export const MAX_SHOWN_UNITS = 2;

const placeOn = (state: State): EvidencePlace => ({ state, height: state.height + 1 });

/** The offences that a body on `state` shows, or the first piece of evidence that shows none. */
export function judgeEvidence(
  evidence: readonly Evidence[],
  state: State,
  rules: Rules,
): { readonly kind: "offences"; readonly offences: readonly Offence[] } | Refusal {
  const offences: Offence[] = [];
  for (const piece of evidence) {
    const result = judge(piece, placeOn(state), rules);
    if (result.kind !== "offence") return result;
    offences.push(result);
  }
  if (offences.filter(({ shown }) => shown !== undefined).length > MAX_SHOWN_UNITS) return reject("too-many-units");
  return { kind: "offences", offences };
}

/** Of the evidence that a node holds, what a block on `state` can carry, as far as it has room. */
export function selectEvidence(state: State, held: readonly Evidence[], rules: Rules): Evidence[] {
  let units = 0;
  const fits = (piece: Evidence): boolean => {
    const judged = judge(piece, placeOn(state), rules);
    return judged.kind === "offence" && (judged.shown === undefined || ++units <= MAX_SHOWN_UNITS);
  };
  return carriable(state, held, rules).filter(fits).slice(0, MAX_EVIDENCE);
}

/** Each offence shown, in time, once, not punished yet, and by a key that has enough to lose still. */
export function carriable(state: State, held: readonly Evidence[], rules: Rules): Evidence[] {
  const seen = new Set(state.punished.map((entry) => toHex(entry.offence)));
  const working = new WorkingState(state);
  working.ripen();
  const fresh = (piece: Evidence): boolean => {
    const judged = judge(piece, placeOn(state), rules);
    if (judged.kind !== "offence" || seen.has(toHex(judged.id))) return false;
    if (!costsEnough(judged, working.strip(judged.offender), rules)) return false;
    seen.add(toHex(judged.id));
    return true;
  };
  return held.filter(fresh);
}
