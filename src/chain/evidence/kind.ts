// What a kind of evidence is: one file with its shape and its judgement. A new kind is that file and a line in kinds.ts.
import { type Hash32, type Refusal, reject } from "../../base/index.ts";
import type { Codec } from "../../codec/index.ts";
import type { Rules } from "../rules.ts";

/** `id` names the offence, not the pair that shows it: a third block of one win is not a second offence. */
export interface Offence {
  readonly kind: "offence";
  readonly id: Hash32;
  readonly offender: Uint8Array;
  readonly height: number;
}

export interface EvidenceKind<P> {
  /** As people and the API name it. */
  readonly name: string;
  /** As the encoding names it. */
  readonly tag: number;
  readonly payload: Codec<P>;
  /** The offence that it shows to a block of `height`, or why it shows none. */
  judge(payload: P, height: number, rules: Rules): Offence | Refusal;
}

/** An offence is shown within `evidenceBlocks`: while the offender has something to lose, and so that the state need not remember it for ever. */
export function checkAge(offence: number, height: number, rules: Rules): Refusal | undefined {
  if (offence > height) return reject("evidence-ahead", `height ${offence} in block ${height}`);
  if (offence <= height - rules.evidenceBlocks)
    return reject("evidence-expired", `height ${offence} in block ${height}`);
  return undefined;
}
