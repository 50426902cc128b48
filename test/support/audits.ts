// Audits of made-up units: networks that audit all that is recorded, forged contributions, attesters' words, and chains that go on through the windows.
import { bytesEqual, toHex, u32be, utf8 } from "../../src/base/index.ts";
import {
  commitmentOf,
  commitWindow,
  type Genesis,
  isWithin,
  type Rules,
  revealWindow,
  SEALED,
  type Seat,
  type State,
} from "../../src/chain/index.ts";
import { WorkingState } from "../../src/chain/state/working-state.ts";
import {
  AuditCommit,
  type AuditReveal,
  type AuditSeat,
  type Block,
  Contribution,
  OUTCOMES,
  type Outcome,
} from "../../src/codec/index.ts";
import type { TracedUnit } from "../../src/consensus/index.ts";
import { type KeyPair, sha256, taggedHash } from "../../src/crypto/index.ts";
import { contributionsOf } from "../../src/work/index.ts";
import { aContribution, aWorld, fakeUnit, mineBlock, STAKES, type UnitPlace, type World } from "./chain.ts";

/** Every contribution is audited, and alice, bob and carol have stakes alike: each attests for the others. */
export const allAudited = (change: Partial<Genesis> = {}): World => aWorld({ ...STAKES, auditOneIn: 1, ...change });

/** The same state, but that its tip recorded `units` made-up units of `author`, each of which pays its attesters `pay`. */
export function recording(state: State, units: number, author: Uint8Array, pay = 90n): State {
  const working = new WorkingState(state);
  const recorded = Array.from({ length: units }, (_, i) => ({
    unit: taggedHash("made-up unit", author, u32be(i)),
    contribution: taggedHash("made-up contribution", author, u32be(i)),
    author,
    pay,
    won: false,
  }));
  working.turnRecorded(state.height, recorded);
  return working.finish(0n);
}

/** What running a contribution's unit again finds; its block is among the recent ones of `state`. */
export function foundOf(state: State, contribution: Contribution): NonNullable<TracedUnit> {
  const on = state.recentBlock(contribution.height);
  if (on === undefined) throw new Error(`block ${contribution.height} is too long ago`);
  return fakeUnit({ ...contribution, beacon: on.beacon });
}

/** The same contribution with fields changed, an end that is made up by default, and signed anew by its author. */
export function forged(
  contribution: Contribution,
  key: KeyPair,
  rules: Rules,
  change: Partial<Contribution> = { digest: sha256(utf8("made up")) },
): Contribution {
  const { signature: _, ...fields } = contribution;
  return Contribution.sign({ ...fields, ...change }, key, rules.genesis);
}

/** A contribution of `key` whose end is made up. */
export const aForgery = (state: State, key: KeyPair, rules: Rules, place: UnitPlace = {}): Contribution =>
  forged(aContribution(state, key, place, rules), key, rules);

/** What an attester says of a unit. */
export interface Word {
  readonly outcome: Outcome;
  readonly trace: Uint8Array;
}

/** What is true of a contribution. */
export function rightWord(state: State, contribution: Contribution): Word {
  const { digest, deltaHash, trace } = foundOf(state, contribution);
  const honest = bytesEqual(digest, contribution.digest) && bytesEqual(deltaHash, contribution.deltaHash);
  return { outcome: honest ? "valid" : "invalid", trace };
}

/** A trace that nobody found by running anything. */
export const madeUpTrace = (name: string): Uint8Array => taggedHash("made-up trace", utf8(name));

/** A word of a seat as it is opened; its salt is fixed, so that sealing and opening it need no memory. */
export function opened(place: AuditSeat, { outcome, trace }: Word, salt?: Uint8Array): AuditReveal {
  const { audit, height, attester } = place;
  const fixed = salt ?? taggedHash("test salt", audit, attester);
  return { audit, height, attester, outcome: OUTCOMES.indexOf(outcome), trace, salt: fixed };
}

/** The same word sealed, signed by the attester. */
export function sealed(
  reveal: AuditReveal,
  key: KeyPair,
  rules: Rules,
  change: Partial<AuditCommit> = {},
): AuditCommit {
  const { audit, height, attester } = reveal;
  return AuditCommit.sign({ audit, height, attester, commitment: commitmentOf(reveal), ...change }, key, rules.genesis);
}

/** The only seat of `attester` in the audits of what block `height` recorded, or the first seat there. */
export function seatIn(state: State, height: number, attester?: Uint8Array): Seat {
  const seats = state.seatsOf(height);
  const found = attester === undefined ? seats[0] : seats.find((seat) => bytesEqual(seat.attester, attester));
  if (found === undefined) throw new Error(`no such seat for block ${height}`);
  return found;
}

export const keyOf = (keys: readonly KeyPair[], address: Uint8Array): KeyPair => {
  const key = keys.find((one) => bytesEqual(one.address, address));
  if (key === undefined) throw new Error(`no key of ${toHex(address)}`);
  return key;
};

/** What the attester of a seat says of the contribution; undefined: nothing. */
export type Says = (contribution: Contribution, seat: Seat, state: State) => Word | undefined;
export const honestly: Says = (contribution, _seat, state) => rightWord(state, contribution);

/** Attesters that follow a chain: what each of them sends for the next block, by what it says of the units that it was drawn for. */
export class Bench {
  readonly #keys: readonly KeyPair[];
  readonly #rules: Rules;
  readonly #says: Says;
  readonly #recorded = new Map<string, Contribution>();

  constructor(keys: readonly KeyPair[], rules: Rules, says: Says = honestly) {
    this.#keys = keys;
    this.#rules = rules;
    this.#says = says;
  }

  /** Reads what a block recorded. */
  saw(block: Block): void {
    for (const contribution of contributionsOf(block))
      this.#recorded.set(toHex(Contribution.id(contribution)), contribution);
  }

  /** The contribution that an audit is of. */
  audited(seat: Pick<Seat, "audit">): Contribution {
    const contribution = this.#recorded.get(toHex(seat.audit));
    if (contribution === undefined) throw new Error("an audit of what no block recorded");
    return contribution;
  }

  /** The words that a block on `state` can carry, each at its window's first height. */
  words(state: State): { readonly reveals: AuditReveal[]; readonly commits: AuditCommit[] } {
    const { auditBlocks } = this.#rules;
    const next = state.height + 1;
    const commits = this.#said(state, next - 2).map((reveal) =>
      sealed(reveal, keyOf(this.#keys, reveal.attester), this.#rules),
    );
    return { commits, reveals: this.#said(state, next - 2 - auditBlocks) };
  }

  /** An unpunished attester opens what the seat holds sealed. Nobody says that a unit is forged before its author is banned for it. */
  #said(state: State, height: number): AuditReveal[] {
    const opens = isWithin(state.height + 1, revealWindow(height, this.#rules));
    if (!opens && !isWithin(state.height + 1, commitWindow(height, this.#rules))) return [];
    return state.seatsOf(height).flatMap((seat) => {
      const word = this.#says(this.audited(seat), seat, state);
      if (word === undefined || state.isBanned(seat.attester)) return [];
      const reveal = opened({ ...seat, height }, word);
      const stands = !opens || (bytesEqual(seat.commitment, commitmentOf(reveal)) && seat.outcome === SEALED);
      const shown = word.outcome === "valid" || !opens || state.isBanned(seat.author);
      return stands && shown ? [reveal] : [];
    });
  }
}

/** Empty blocks of `key` up to height `height`. */
export function mineTo(state: State, height: number, key: KeyPair, rules: Rules): State {
  let at = state;
  while (at.height < height) at = mineBlock(at, key, rules).state;
  return at;
}
