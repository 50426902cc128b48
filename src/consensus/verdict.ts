// Validity of a verifier's signed word on a block's winning unit (protocol section 5).
import { ACCEPT, type Verdict } from "../base/index.ts";
import { type Rules, refuse } from "../chain/index.ts";
import { OUTCOMES, type SignedVerdict } from "../codec/index.ts";
import { verifyVerdict } from "../crypto/index.ts";

/** Form and signature; whether the word is true takes a re-execution. */
export function checkVerdict(verdict: SignedVerdict, rules: Rules): Verdict {
  if (OUTCOMES[verdict.outcome] === undefined) return refuse("bad-outcome", `${verdict.outcome}`);
  if (!verifyVerdict(verdict, rules.genesis)) return refuse("bad-signature", "of the verdict");
  return ACCEPT;
}
