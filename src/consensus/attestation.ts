// Validity of a verifier's signed word on a block's winning unit (protocol section 5).
import { ACCEPT, reject, type Verdict } from "../base/index.ts";
import type { Rules } from "../chain/index.ts";
import { Attestation, OUTCOMES } from "../codec/index.ts";

/** Form and signature; whether the word is true takes a re-execution. */
export function checkAttestation(verdict: Attestation, rules: Rules): Verdict {
  if (OUTCOMES[verdict.outcome] === undefined) return reject("bad-outcome", `${verdict.outcome}`);
  if (!Attestation.verify(verdict, rules.genesis)) return reject("bad-signature", "of the verdict");
  return ACCEPT;
}
