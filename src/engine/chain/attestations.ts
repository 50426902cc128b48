// Attestations: a node that does not re-execute a block goes by two thirds of the verifiers it trusts, or of all stake (protocol section 5).
import { ACCEPT, bytesEqual, ignore, Lru, memoised, toHex, type Verdict } from "../../base/index.ts";
import type { Rules, State } from "../../chain/index.ts";
import { type Attestation, OUTCOMES, type Outcome } from "../../codec/index.ts";
import { checkAttestation } from "../../consensus/index.ts";

/** Blocks whose attestations are remembered, of each kind of key. */
const MAX_BLOCKS = 256;
/** Words on one block of keys with stake, and of those that count for nothing here. */
const MAX_STAKED = 256;
const MAX_OTHERS = 64;

/** What enough others found of a block. */
export type Decided = Extract<Outcome, "valid" | "invalid">;

/** Blocks known to lead to one that enough others vouched for: what a sync takes in next, with room for several. */
const MAX_FORETOLD = 4_096;

/** Key -> its word on one block. */
type Words = Map<string, Attestation>;
/** What a key's words count by here. */
type Kind = "trusted" | "staked" | "others";

export interface AttestationsOptions {
  readonly rules: Rules;
  readonly trusted: readonly Uint8Array[];
}

export class Attestations {
  readonly #options: AttestationsOptions;
  readonly #state: () => State;
  /** Of trusted verifiers, of keys with stake, and of all others: a crowd must not push out the words that count. */
  readonly #words = {
    trusted: new Lru<string, Words>(MAX_BLOCKS),
    staked: new Lru<string, Words>(MAX_BLOCKS),
    others: new Lru<string, Words>(MAX_BLOCKS),
  };
  readonly #foretold = new Lru<string, true>(MAX_FORETOLD);
  /** All stake of a state: summed once, and only where the words of staked keys are counted. */
  readonly #totalOf = memoised(({ stakers }: State) => stakers.reduce((sum, { stake }) => sum + stake, 0n));

  /** `state`: after the best block; says whose words are kept as those of keys with stake. */
  constructor(options: AttestationsOptions, { state }: { readonly state: () => State }) {
    this.#options = options;
    this.#state = state;
  }

  /** Judges and keeps an attestation. Only the first word of a key on a block counts. */
  add(attestation: Attestation): Verdict {
    const { block, verifier } = attestation;
    const kind = this.#kindOf(verifier);
    const words = this.#words[kind].get(toHex(block)) ?? new Map<string, Attestation>();
    if (words.has(toHex(verifier))) return ignore("known");
    const room = kind === "trusted" || words.size < (kind === "staked" ? MAX_STAKED : MAX_OTHERS);
    const least = room || kind === "others" ? undefined : this.#leastOf(words);
    if (!room && (least === undefined || least.stake >= this.#stakeOf(verifier)))
      return ignore("full", "attestations of the block");
    const form = checkAttestation(attestation, this.#options.rules);
    if (form.kind !== "accept") return form;
    if (least !== undefined) words.delete(least.name);
    words.set(toHex(verifier), attestation);
    this.#words[kind].set(toHex(block), words);
    return ACCEPT;
  }

  /** Whether a key's word on a block is held. */
  has(block: Uint8Array, key: Uint8Array): boolean {
    return Object.values(this.#words).some((words) => words.get(toHex(block))?.has(toHex(key)) === true);
  }

  /** Words that may count, of each block one for every height that they give it. */
  blocks(): Pick<Attestation, "block" | "height">[] {
    const { trusted, staked } = this.#words;
    return [...trusted.values(), ...staked.values()].flatMap((words) => [
      ...new Map([...words.values()].map((word) => [word.height, word])).values(),
    ]);
  }

  /** These blocks lie under one that enough others vouched for: it speaks for them. */
  foretell(blocks: readonly Uint8Array[]): void {
    for (const block of blocks) this.#foretold.set(toHex(block), true);
  }

  /**
   * `valid` or `invalid` once two thirds of the trusted verifiers say so, or keys with two thirds of all stake in `state`, the one after
   * the last block that others vouched for; undefined before.
   */
  decided(block: Uint8Array, state: State): Decided | undefined {
    if (this.#foretold.has(toHex(block))) return "valid";
    return this.#byTrust(block) ?? this.#byStake(block, state);
  }

  #byTrust(block: Uint8Array): Decided | undefined {
    const { trusted } = this.#options;
    const words = this.#words.trusted.get(toHex(block));
    if (words === undefined || trusted.length === 0) return undefined;
    return twoThirds([...words.values()], () => 1n, BigInt(trusted.length));
  }

  #byStake(block: Uint8Array, state: State): Decided | undefined {
    const name = toHex(block);
    const words = [this.#words.trusted, this.#words.staked].flatMap((kind) => [...(kind.get(name)?.values() ?? [])]);
    const stakeOf = ({ verifier }: Attestation): bigint => state.collateralOf(verifier);
    if (words.every((word) => stakeOf(word) === 0n)) return undefined;
    return twoThirds(words, stakeOf, this.#totalOf(state));
  }

  #kindOf(verifier: Uint8Array): Kind {
    if (this.isTrusted(verifier)) return "trusted";
    return this.#stakeOf(verifier) >= this.#options.rules.minCollateral ? "staked" : "others";
  }

  #stakeOf(verifier: Uint8Array): bigint {
    return this.#state().collateralOf(verifier);
  }

  #leastOf(words: Words): { readonly name: string; readonly stake: bigint } | undefined {
    let least: { name: string; stake: bigint } | undefined;
    for (const [name, { verifier }] of words) {
      const stake = this.#stakeOf(verifier);
      if (least === undefined || stake < least.stake) least = { name, stake };
    }
    return least;
  }

  isTrusted(verifier: Uint8Array): boolean {
    return this.#options.trusted.some((trusted) => bytesEqual(trusted, verifier));
  }
}

function twoThirds(
  words: readonly Attestation[],
  weightOf: (word: Attestation) => bigint,
  total: bigint,
): Decided | undefined {
  const sums = new Map<Outcome, bigint>();
  for (const word of words) {
    const outcome = OUTCOMES[word.outcome] as Outcome;
    sums.set(outcome, (sums.get(outcome) ?? 0n) + weightOf(word));
  }
  return (["valid", "invalid"] as const).find((outcome) => {
    const sum = sums.get(outcome) ?? 0n;
    return sum > 0n && 3n * sum >= 2n * total;
  });
}
