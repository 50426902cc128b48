// An expected refusal is a value. `reject` blames the sender, `ignore` does not.
import { type RefusalCode, sentenceOf } from "./refusals.ts";

/** A check that did not pass. `reason` is the code's sentence, with detail. */
export interface Refusal {
  /** ignore: not usable now, nobody's fault. reject: provably wrong, counts against whoever sent it. */
  readonly kind: "ignore" | "reject";
  readonly code: RefusalCode;
  readonly reason: string;
}
/** A check's answer. */
export type Verdict = { readonly kind: "accept" } | Refusal;

export const ACCEPT: Verdict = { kind: "accept" };
/** Not usable now, and nobody's fault. */
export const ignore = (code: RefusalCode, detail?: string): Refusal => ({
  kind: "ignore",
  code,
  reason: sentenceOf(code, detail),
});
/** Provably wrong: counts against whoever sent it. */
export const reject = (code: RefusalCode, detail?: string): Refusal => ({
  kind: "reject",
  code,
  reason: sentenceOf(code, detail),
});

/** Inside a block nothing is merely early or late: what gossip would ignore, a block is refused for. */
export function insist<V extends Verdict>(verdict: V): V {
  return verdict.kind === "ignore" ? { ...verdict, kind: "reject" } : verdict;
}
