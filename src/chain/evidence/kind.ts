// What a kind of evidence is: one file with its shape and its judgement. A new kind is that file and a line in kinds.ts.
import { type Hash32, type Refusal, reject } from "../../base/index.ts";
import type { Codec, Contribution, Outcome } from "../../codec/index.ts";
import type { Rules } from "../rules.ts";
import type { State } from "../state/state.ts";

/** `id` names the offence, not the pair that shows it: a third block of one win is not a second offence. */
export interface Offence {
  readonly kind: "offence";
  readonly id: Hash32;
  readonly offender: Uint8Array;
  readonly height: number;
  /** What must be run to see it: whoever checks the block does. */
  readonly shown?: ShownUnit;
}

/** A unit that a piece of evidence is about. */
export interface ShownUnit {
  readonly contribution: Contribution;
  /** What an attester said of it. Undefined: the offence is the contribution itself. */
  readonly word?: { readonly outcome: Outcome; readonly trace: Uint8Array };
}

/** The block that carries the evidence: its height, and the state that it stands on. */
export interface EvidencePlace {
  readonly height: number;
  readonly state: State;
}

export interface EvidenceKind<P> {
  /** As people and the API name it. */
  readonly name: string;
  /** As the encoding names it. */
  readonly tag: number;
  readonly payload: Codec<P>;
  /** The offence that it shows, or why it shows none. Nothing is run. */
  judge(payload: P, place: EvidencePlace, rules: Rules): Offence | Refusal;
}

/** Two signatures that contradict each other: they show it whatever the state. */
export interface SignedTwice<P> extends EvidenceKind<P> {
  judge(payload: P, place: Pick<EvidencePlace, "height">, rules: Rules): Offence | Refusal;
}

/** An offence is shown within `evidenceBlocks`: while the offender has something to lose, and so that the state need not remember it for ever. */
export function checkAge(offence: number, height: number, rules: Rules): Refusal | undefined {
  if (offence > height) return reject("evidence-ahead", `height ${offence} in block ${height}`);
  if (offence <= height - rules.evidenceBlocks)
    return reject("evidence-expired", `height ${offence} in block ${height}`);
  return undefined;
}
