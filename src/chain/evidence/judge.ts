// A block's evidence judged as a whole, and which of what a node holds the next block can carry (protocol section 5).
import { bytesEqual, finish, type Refusal, reject, type Steps, toHex } from "../../base/index.ts";
import { type Evidence, MAX_EVIDENCE } from "../../codec/index.ts";
import type { Rules } from "../rules.ts";
import type { State } from "../state/state.ts";
import type { Offence } from "./kind.ts";
import { judge } from "./kinds.ts";
import { atRisk, lossOf } from "./loss.ts";
import { costsEnough } from "./punish.ts";

/** Units that the evidence of one block may be about: everybody who checks it runs them. */
export const MAX_SHOWN_UNITS = 2;

/** The offence that a piece of evidence shows to a block on `state`, or why it shows none. */
export const judgeOn = (state: State, piece: Evidence, rules: Rules): Offence | Refusal =>
  judge(piece, { state, height: state.height + 1 }, rules);

/** The block that carries evidence: what it stands on, and the task that it was won in. */
export interface CarryingBlock {
  readonly state: State;
  readonly task: Uint8Array;
}

/** Whoever checks a block follows the task that it was won in, and perhaps no other: units of another would be taken on trust. */
const isOfBlock = ({ shown }: Offence, task: Uint8Array): boolean =>
  shown === undefined || bytesEqual(shown.contribution.task, task);

/** The offences that a body shows, or the first piece of evidence that shows none. */
export function* judgeEvidence(
  evidence: readonly Evidence[],
  { state, task }: CarryingBlock,
  rules: Rules,
): Steps<{ readonly kind: "offences"; readonly offences: readonly Offence[] } | Refusal> {
  const offences: Offence[] = [];
  for (const piece of evidence) {
    // Two records of a full round, decoded and hashed.
    yield 1 + piece.payload.length / 1024;
    const result = judgeOn(state, piece, rules);
    if (result.kind !== "offence") return result;
    if (!isOfBlock(result, task)) return reject("unknown-task", "the block was won in another one than the unit's");
    offences.push(result);
  }
  if (offences.filter(({ shown }) => shown !== undefined).length > MAX_SHOWN_UNITS) return reject("too-many-units");
  return { kind: "offences", offences };
}

export const selectEvidence = (...args: Parameters<typeof selectEvidenceSteps>): Evidence[] =>
  finish(selectEvidenceSteps(...args));

/** Of the evidence that a node holds, what a block can carry, as far as it has room. */
export function* selectEvidenceSteps(
  { state, task }: CarryingBlock,
  held: readonly Evidence[],
  rules: Rules,
): Steps<Evidence[]> {
  let units = 0;
  const fits = ({ offence }: Shown): boolean =>
    isOfBlock(offence, task) && (offence.shown === undefined || ++units <= MAX_SHOWN_UNITS);
  const chosen = (yield* offencesIn(state, held, rules)).filter(fits);
  return chosen.slice(0, MAX_EVIDENCE).map(({ piece }) => piece);
}

/**
 * Each offence shown, in time, once, not punished yet, and by a key that has enough to lose still; who has most at risk comes first:
 * offences of keys with a little must not keep a forger's out of blocks until nobody may show it any more.
 */
export const carriable = (state: State, held: readonly Evidence[], rules: Rules): Evidence[] =>
  finish(offencesIn(state, held, rules)).map(({ piece }) => piece);

/** A piece of evidence that a block could carry, and what it shows. */
interface Shown {
  readonly piece: Evidence;
  readonly offence: Offence;
}

/** Who holds evidence has judged it: what it says is remembered, its two signatures may be not. */
const JUDGED_AGAIN = 3;

function* offencesIn(state: State, held: readonly Evidence[], rules: Rules): Steps<Shown[]> {
  const seen = new Set(state.punished.map((entry) => toHex(entry.offence)));
  const punished = new Set<string>();
  const fresh = ({ offence }: Shown): boolean => {
    const { id, offender } = offence;
    if (seen.has(toHex(id)) || !costsEnough(offence, lossOf(state, offender, punished), rules)) return false;
    seen.add(toHex(id));
    punished.add(toHex(offender));
    return true;
  };
  const weighed: (Shown & { readonly weight: bigint })[] = [];
  for (const piece of held) {
    const offence = judgeOn(state, piece, rules);
    if (offence.kind === "offence") weighed.push({ piece, offence, weight: atRisk(state, offence.offender) });
    yield JUDGED_AGAIN;
  }
  // What is taken of one may have been another's only risk, so they are looked at in the order in which they will stand.
  return weighed.sort((a, b) => (a.weight === b.weight ? 0 : a.weight > b.weight ? -1 : 1)).filter(fresh);
}
