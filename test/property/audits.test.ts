// The laws of the chain under random histories with audits: units forged and honest, attesters that work, make it up or stay away, and evidence that an executor found true.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytesEqual, toHex } from "../../src/base/index.ts";
import {
  apply,
  evidenceOf,
  falseAttestation,
  forgedUnit,
  heldIn,
  paymentsOf,
  type State,
  selectEvidence,
} from "../../src/chain/index.ts";
import { stakersOf } from "../../src/chain/state/stakers.ts";
import { Block, type Contribution, type Evidence, OUTCOMES, type Transaction } from "../../src/codec/index.ts";
import { checkBlock } from "../../src/consensus/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import { contributionsOf } from "../../src/work/index.ts";
import { aForgery, allAudited, Bench, madeUpTrace, rightWord, type Says } from "../support/audits.ts";
import { aContribution, aKey, aStake, mineBlock, onTask } from "../support/chain.ts";
import { decodeState, encodeState } from "../support/state-bytes.ts";

const people = Array.from({ length: 6 }, (_, i) => aKey(`auditor ${i}`));
const person = (i: number): KeyPair => people[i % people.length] as KeyPair;
const { rules, state: start } = allAudited({
  allocations: people.map(({ address }) => ({ address: toHex(address), amount: "900", stake: "400" })),
  auditOneIn: 2,
  auditBlocks: 2,
  evidenceBlocks: 8,
  maturity: 10,
  unbonding: 12,
  banBlocks: 9,
});

interface Step {
  readonly miner: number;
  readonly authors: readonly { readonly who: number; readonly forges: boolean }[];
  readonly moves: { readonly who: number; readonly amount: number; readonly takes: boolean } | null;
}
const steps = (length: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.record({
      miner: fc.nat(5),
      authors: fc.uniqueArray(fc.record({ who: fc.nat(5), forges: fc.nat(3).map((n) => n === 0) }), {
        maxLength: 3,
        selector: ({ who }) => who,
      }),
      moves: fc.option(fc.record({ who: fc.nat(5), amount: fc.integer({ min: 1, max: 400 }), takes: fc.boolean() })),
    }),
    { minLength: length, maxLength: length, size: "max" },
  );

/** The first two make traces up at times, the third stays away, the others work. */
const says: Says = (contribution, seat, state) => {
  const odd = ((seat.audit[0] as number) & 1) === 0;
  const who = people.findIndex(({ address }) => bytesEqual(address, seat.attester));
  if (who < 2 && odd) return { outcome: "valid", trace: madeUpTrace(`${who}`) };
  return who === 2 ? undefined : rightWord(state, contribution);
};

/** What happened, for the controls. */
interface Seen {
  opened: number;
  forged: number;
  lied: number;
}

class Player {
  state: State;
  readonly blocks: Block[] = [];
  readonly bench: Bench;
  readonly #held: Evidence[] = [];
  readonly #seen: Seen;

  constructor(seen: Seen, state = start, bench = new Bench(people, rules, says)) {
    this.state = state;
    this.bench = bench;
    this.#seen = seen;
  }

  play({ miner, authors, moves }: Step): void {
    const before = this.state;
    const free = people.filter(({ address }) => !before.isBanned(address));
    const mines = free[miner % free.length];
    if (mines === undefined) return;
    const evidence = selectEvidence(onTask(before, rules), this.#held, rules);
    const words = this.bench.words(before);
    const others = this.#units(before, authors);
    const transactions = moved(before, moves);
    const { block, state } = mineBlock(before, mines, rules, { ...words, others, evidence, transactions, index: 40 });
    expect(checkBlock(before, block, {}, rules)).toMatchObject({ kind: "state" });
    checkMoney(before, block, state);
    this.bench.saw(block);
    this.#execute(before, block, state);
    this.#seen.forged += evidence.filter(({ kind }) => kind === forgedUnit.tag).length;
    this.#seen.lied += evidence.filter(({ kind }) => kind === falseAttestation.tag).length;
    this.#seen.opened += block.body.reveals.length;
    this.blocks.push(block);
    this.state = state;
  }

  #units(state: State, authors: Step["authors"]): Contribution[] {
    const may = ({ address }: KeyPair): boolean =>
      !state.isBanned(address) && state.collateralOf(address) >= rules.minCollateral;
    return authors
      .filter(({ who }) => may(person(who)))
      .map(({ who, forges }) =>
        forges ? aForgery(state, person(who), rules) : aContribution(state, person(who), {}, rules),
      );
  }

  /** What an executor finds that runs all that a block records and all words that it opens. */
  #execute(before: State, block: Block, state: State): void {
    for (const contribution of contributionsOf(block)) {
      // Whatever is recorded can be shown, should it be forged.
      expect(state.isStart(contribution)).toBe(true);
      if (rightWord(state, contribution).outcome === "invalid")
        this.#held.push(evidenceOf(forgedUnit, { contribution }));
    }
    for (const { audit, height, attester, outcome, trace } of block.body.reveals) {
      const contribution = this.bench.audited({ audit });
      const right = rightWord(before, contribution);
      if (OUTCOMES[outcome] !== right.outcome || !bytesEqual(trace, right.trace))
        this.#held.push(evidenceOf(falseAttestation, { contribution, height, attester }));
    }
  }
}

function moved(state: State, moves: Step["moves"]): Transaction[] {
  if (moves === null) return [];
  const key = person(moves.who);
  const amount = BigInt(moves.amount);
  const { balance, stake } = state.account(key.address);
  if (moves.takes ? stake < amount || balance < 1n : balance < amount + 1n) return [];
  return [aStake(state, key, moves.takes ? "unstake" : "stake", amount)];
}

/** Every coin in one place, and as many more as the block's work and words earned. */
function checkMoney(before: State, block: Block, state: State): void {
  expect(heldIn(state)).toBe(state.supply);
  const { minted } = paymentsOf(before, block, 0n, rules);
  const words = block.body.reveals.reduce((sum, reveal) => sum + (before.seat(reveal)?.pay ?? 0n), 0n);
  expect(state.supply).toBe(before.supply + minted + words - (state.burnt - before.burnt));
  expect(state.stakers).toEqual(stakersOf(state.accounts()));
}

const applied = (from: State, blocks: readonly Block[]): State =>
  blocks.reduce((state, block) => {
    const result = apply(state, block, rules);
    if (result.kind !== "state") throw new Error(`refused: ${result.code}`);
    return result.state;
  }, from);

describe("random histories with audits", () => {
  it("keep every coin in one place, list stakes as the accounts do, and punish only whom they should", () => {
    const seen: Seen = { opened: 0, forged: 0, lied: 0 };
    fc.assert(
      fc.property(steps(50), (history) => {
        const player = new Player(seen);
        for (const step of history) player.play(step);
        // Nobody makes traces up but the first two.
        const liars = player.blocks
          .flatMap(({ body }) => body.evidence)
          .filter(({ kind }) => kind === falseAttestation.tag)
          .map(({ payload }) => toHex(falseAttestation.payload.decode(payload).attester));
        for (const liar of liars) expect(people.slice(0, 2).map(({ address }) => toHex(address))).toContain(liar);
      }),
      { numRuns: 8, endOnFailure: true },
    );
    // The controls: all of it was tried.
    for (const count of [seen.opened, seen.forged, seen.lied]) expect(count).toBeGreaterThan(3);
  }, 60_000);

  it("lead to the same root from storage at any height, and from bytes", () => {
    const seen: Seen = { opened: 0, forged: 0, lied: 0 };
    fc.assert(
      fc.property(steps(30), fc.integer({ min: 1, max: 29 }), (history, cut) => {
        const player = new Player(seen);
        for (const step of history) player.play(step);
        const { blocks } = player;
        const half = applied(start, blocks.slice(0, cut));
        const back = decodeState(encodeState(half));
        expect([toHex(back.root), back.stakers]).toEqual([toHex(half.root), half.stakers]);
        const rest = blocks.slice(cut).map((block) => Block.codec.decode(Block.codec.encode(block)));
        const end = applied(back, rest);
        expect([toHex(end.root), toHex(end.tipId)]).toEqual([toHex(player.state.root), toHex(player.state.tipId)]);
        for (let height = 0; height <= end.height; height++)
          expect(end.seatsOf(height)).toEqual(player.state.seatsOf(height));
      }),
      { numRuns: 5, endOnFailure: true },
    );
    expect(seen.opened).toBeGreaterThan(10);
  }, 60_000);

  it("lead to the same root by way of another branch as directly, and leave that branch as it was", () => {
    const seen: Seen = { opened: 0, forged: 0, lied: 0 };
    fc.assert(
      fc.property(steps(12), steps(14), steps(14), (common, left, right) => {
        const trunk = new Player(seen);
        for (const step of common) trunk.play(step);
        const branch = (history: readonly Step[]): Player => {
          const player = new Player(seen, trunk.state, trunk.bench);
          for (const step of history) player.play(step);
          return player;
        };
        const [one, two] = [branch(left), branch(right)];
        const root = toHex(one.state.root);
        // States of both share memos with the trunk's; these start from bytes, and share with nobody.
        const clean = (blocks: readonly Block[]): string =>
          toHex(applied(applied(decodeState(encodeState(start)), trunk.blocks), blocks).root);
        expect([clean(two.blocks), clean(one.blocks)]).toEqual([toHex(two.state.root), root]);
        expect(toHex(applied(trunk.state, one.blocks).root)).toBe(root);
        expect(toHex(decodeState(encodeState(one.state)).root)).toBe(root);
      }),
      { numRuns: 5, endOnFailure: true },
    );
    expect(seen.opened).toBeGreaterThan(10);
  }, 60_000);
});
