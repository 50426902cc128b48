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
/** Words of one key with stake on blocks of one height that are not here: there may be a fork, and hardly more. */
const MAX_UNKNOWN = 2;

/** What enough others found of a block. */
export type Decided = Extract<Outcome, "valid" | "invalid">;

/** Blocks known to lead to one that enough others vouched for: what a sync takes in next, with room for several. */
const MAX_FORETOLD = 4_096;

/** Key -> its word on one block. */
type Words = Map<string, Attestation>;
/** What keys with stake said of one block. */
interface Staked {
  readonly block: Uint8Array;
  /** As the first word has it. */
  readonly height: number;
  readonly words: Words;
  /** What was at stake for these words when they came. */
  stake: bigint;
}
/** What a key's words count by here. */
const KINDS = ["trusted", "staked", "others"] as const;
type Kind = (typeof KINDS)[number];

export interface AttestationsOptions {
  readonly rules: Rules;
  readonly trusted: readonly Uint8Array[];
}

export interface AttestationsDeps {
  /** State after the best block: says whose words are kept as those of keys with stake. */
  readonly state: () => State;
  /** A block of the last ones, where it is here. */
  readonly recent: (id: Uint8Array) => { readonly height: number } | undefined;
}

export class Attestations {
  readonly #options: AttestationsOptions;
  readonly #deps: AttestationsDeps;
  /** Of trusted verifiers, of keys with stake, and of all others: a crowd must not push out the words that count. */
  readonly #trusted = new Lru<string, Words>(MAX_BLOCKS);
  readonly #staked = new Map<string, Staked>();
  readonly #others = new Lru<string, Words>(MAX_BLOCKS);
  /** Key and height -> its words on blocks that were not here. */
  readonly #unknown = new Lru<string, number>(MAX_BLOCKS * MAX_STAKED);
  readonly #foretold = new Lru<string, true>(MAX_FORETOLD);
  /** All stake of a state: summed once, and only where the words of staked keys are counted. */
  readonly #totalOf = memoised(({ stakers }: State) => stakers.reduce((sum, { stake }) => sum + stake, 0n));

  constructor(options: AttestationsOptions, deps: AttestationsDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** Judges and keeps an attestation. Only the first word of a key on a block counts. On a block that is not here only those that may count are kept. */
  add(attestation: Attestation): Verdict {
    const { block, verifier, height } = attestation;
    const known = this.#deps.recent(block);
    if (known !== undefined && known.height !== height) return ignore("far-height", "not the block's");
    const kind = this.#kindOf(verifier);
    if (kind === "others" && known === undefined) return ignore("no-say");
    if (this.#of(kind, block)?.has(toHex(verifier)) === true) return ignore("known");
    if (kind === "staked") return this.#addStaked(attestation, known === undefined);
    const words = this.#of(kind, block) ?? new Map<string, Attestation>();
    if (kind === "others" && words.size >= MAX_OTHERS) return ignore("full", "attestations of the block");
    const form = checkAttestation(attestation, this.#options.rules);
    if (form.kind !== "accept") return form;
    words.set(toHex(verifier), attestation);
    (kind === "trusted" ? this.#trusted : this.#others).set(toHex(block), words);
    return ACCEPT;
  }

  #addStaked(attestation: Attestation, isUnknown: boolean): Verdict {
    const { block, verifier, height } = attestation;
    const stake = this.#stakeOf(verifier);
    const name = `${toHex(verifier)}/${height}`;
    const unknown = this.#unknown.get(name) ?? 0;
    if (isUnknown && unknown >= MAX_UNKNOWN) return ignore("full", "attestations of blocks that are not here");
    const staked = this.#staked.get(toHex(block)) ?? { block, height, words: new Map(), stake: 0n };
    const least = staked.words.size < MAX_STAKED ? undefined : this.#leastOf(staked.words);
    if (least !== undefined && least.stake >= stake) return ignore("full", "attestations of the block");
    const replaced = this.#staked.has(toHex(block)) ? undefined : this.#blockToForget();
    if (replaced !== undefined && !this.#isLess(replaced, { ...staked, stake })) return ignore("full", "blocks");
    const form = checkAttestation(attestation, this.#options.rules);
    if (form.kind !== "accept") return form;
    if (replaced !== undefined) this.#staked.delete(toHex(replaced.block));
    if (least !== undefined) staked.words.delete(least.name);
    staked.words.set(toHex(verifier), attestation);
    staked.stake += stake - (least?.stake ?? 0n);
    this.#staked.set(toHex(block), staked);
    if (isUnknown) this.#unknown.set(name, unknown + 1);
    return ACCEPT;
  }

  /** The block whose words of keys with stake make room for another's; undefined while there is room. */
  #blockToForget(): Staked | undefined {
    if (this.#staked.size < MAX_BLOCKS) return undefined;
    return [...this.#staked.values()].reduce((least, one) => (this.#isLess(one, least) ? one : least));
  }

  /** Blocks that are not here are of less use, then those for which less is at stake: words on made-up blocks must not push out the others. */
  #isLess(a: Staked, b: Staked): boolean {
    const [here, there] = [a, b].map(({ block }) => this.#deps.recent(block) !== undefined);
    if (here !== there) return there === true;
    return a.stake === b.stake ? a.height < b.height : a.stake < b.stake;
  }

  #of(kind: Kind, block: Uint8Array): Words | undefined {
    const name = toHex(block);
    if (kind === "staked") return this.#staked.get(name)?.words;
    return (kind === "trusted" ? this.#trusted : this.#others).get(name);
  }

  /** Whether a key's word on a block is held. */
  has(block: Uint8Array, key: Uint8Array): boolean {
    return KINDS.some((kind) => this.#of(kind, block)?.has(toHex(key)) === true);
  }

  /** Words that may count, of each block one for every height that they give it. */
  blocks(): Pick<Attestation, "block" | "height">[] {
    return [...this.#trusted.values(), ...[...this.#staked.values()].map(({ words }) => words)].flatMap((words) => [
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
    const words = this.#of("trusted", block);
    if (words === undefined || trusted.length === 0) return undefined;
    return twoThirds([...words.values()], () => 1n, BigInt(trusted.length));
  }

  #byStake(block: Uint8Array, state: State): Decided | undefined {
    const words = (["trusted", "staked"] as const).flatMap((kind) => [...(this.#of(kind, block)?.values() ?? [])]);
    const stakeOf = ({ verifier }: Attestation): bigint => state.collateralOf(verifier);
    if (words.every((word) => stakeOf(word) === 0n)) return undefined;
    return twoThirds(words, stakeOf, this.#totalOf(state));
  }

  #kindOf(verifier: Uint8Array): Kind {
    if (this.isTrusted(verifier)) return "trusted";
    return this.#stakeOf(verifier) >= this.#options.rules.minCollateral ? "staked" : "others";
  }

  #stakeOf(verifier: Uint8Array): bigint {
    return this.#deps.state().collateralOf(verifier);
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
