// An expected refusal is a value. `reject` blames the sender, `ignore` does not.

/** accept: good. ignore: not usable now, nobody's fault. reject: provably wrong, counts against whoever sent it. */
export type Verdict =
  | { readonly kind: "accept" }
  | { readonly kind: "ignore" | "reject"; readonly code: string; readonly reason: string };

export const ACCEPT: Verdict = { kind: "accept" };
export const ignore = (code: string, reason: string): Verdict => ({ kind: "ignore", code, reason });
export const reject = (code: string, reason: string): Verdict => ({ kind: "reject", code, reason });
