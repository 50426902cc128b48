// Verifiers' attestations: a node that cannot train goes by two thirds of the verifiers it trusts (protocol section 5).
import { ACCEPT, bytesEqual, ignore, Lru, toHex, type Verdict } from "../../base/index.ts";
import type { Rules } from "../../chain/index.ts";
import { type Attestation, OUTCOMES, type Outcome } from "../../codec/index.ts";
import { checkAttestation } from "../../consensus/index.ts";

/** Blocks whose attestations are remembered, and attestations per block. */
const MAX_BLOCKS = 256;
const MAX_PER_BLOCK = 64;

/** Verifier -> its word on one block. */
type Words = Map<string, Attestation>;

export class Attestations {
  readonly #rules: Rules;
  readonly #trusted: readonly Uint8Array[];
  /** Of trusted verifiers, and of all others: a crowd must not push out the words that count. */
  readonly #words = { trusted: new Lru<string, Words>(MAX_BLOCKS), others: new Lru<string, Words>(MAX_BLOCKS) };

  constructor(rules: Rules, trusted: readonly Uint8Array[]) {
    this.#rules = rules;
    this.#trusted = trusted;
  }

  /** Judges and keeps an attestation. Only the first word of a verifier on a block counts. */
  add(attestation: Attestation): Verdict {
    const key = toHex(attestation.block);
    const words = this.#isTrusted(attestation.verifier) ? this.#words.trusted : this.#words.others;
    const held = words.get(key) ?? new Map<string, Attestation>();
    const verifier = toHex(attestation.verifier);
    if (held.has(verifier)) return ignore("known");
    if (held.size >= MAX_PER_BLOCK && words === this.#words.others) return ignore("full", "attestations of the block");
    const form = checkAttestation(attestation, this.#rules);
    if (form.kind !== "accept") return form;
    held.set(verifier, attestation);
    words.set(key, held);
    return ACCEPT;
  }

  /** `valid` or `invalid` once two thirds of the trusted verifiers say so; undefined before, and always when none is trusted. */
  decided(block: Uint8Array): Outcome | undefined {
    const held = this.#words.trusted.get(toHex(block));
    if (held === undefined || this.#trusted.length === 0) return undefined;
    const counts = new Map<Outcome, number>();
    for (const verifier of this.#trusted) {
      const attestation = held.get(toHex(verifier));
      if (attestation === undefined) continue;
      const outcome = OUTCOMES[attestation.outcome] as Outcome;
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    for (const outcome of ["valid", "invalid"] as const) {
      if (3 * (counts.get(outcome) ?? 0) >= 2 * this.#trusted.length) return outcome;
    }
    return undefined;
  }

  #isTrusted(verifier: Uint8Array): boolean {
    return this.#trusted.some((trusted) => bytesEqual(trusted, verifier));
  }
}
