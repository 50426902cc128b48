// Honest histories that fork and reorganise: units of every branch, recorded or not, void leader's records among their starts, and attesters' words on all of it.
import { toHex } from "../../src/base/index.ts";
import {
  evidenceOf,
  falseAttestation,
  forgedUnit,
  judgeOn,
  type Rules,
  SEALED,
  type State,
} from "../../src/chain/index.ts";
import { Contribution, type Evidence, type RoundRecord } from "../../src/codec/index.ts";
import { checkShown, shownUnits } from "../../src/consensus/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import { contributionsOf } from "../../src/work/index.ts";
import { Bench, foundOf } from "./audits.ts";
import { aContribution, mineBlock, someRecords } from "./chain.ts";
import type { Chance } from "./mutate.ts";

/** What became of accusations of honest keys. */
export interface Tried {
  /** Units and words that were tried. */
  readonly units: number;
  readonly words: number;
  /** By their form and place alone, by code. */
  readonly refused: ReadonlyMap<string, number>;
  /** By running the unit. */
  readonly refuted: number;
  /** Must be none. */
  readonly punished: number;
  readonly reorganisations: number;
}

/** Indexes of units that each miner runs beyond those in records, from each start. */
const MORE = 3;

export class ForkedHistory {
  readonly #people: readonly KeyPair[];
  readonly #rules: Rules;
  readonly #chance: Chance;
  readonly #bench: Bench;
  readonly #units = new Map<string, Contribution>();
  readonly #words = new Set<string>();
  readonly #refused = new Map<string, number>();
  #refuted = 0;
  #punished = 0;
  #reorganisations = 0;

  constructor(people: readonly KeyPair[], rules: Rules, chance: Chance) {
    this.#people = people;
    this.#rules = rules;
    this.#chance = chance;
    this.#bench = new Bench(people, rules);
  }

  /** Grows from `start` until there are `count` units; every one is tried on each state that it could be evidence for. */
  grow(start: State, count: number): Tried {
    let head = start;
    while (this.#units.size < count) {
      const branches = Array.from({ length: 1 + Number(this.#chance.below(3) === 0) }, () => this.#branch(head));
      // Whoever extended the other branch first has to come over.
      if (branches.length > 1) this.#reorganisations++;
      // Judged when all branches are there, so that each meets the other's units.
      for (const state of branches.flat()) this.#tryAll(state);
      head = this.#chance.of(branches).at(-1) as State;
    }
    return {
      ...{ units: this.#units.size, words: this.#words.size, refused: this.#refused, refuted: this.#refuted },
      ...{ punished: this.#punished, reorganisations: this.#reorganisations },
    };
  }

  /** One to three blocks on `state`. */
  #branch(state: State): State[] {
    const states: State[] = [];
    for (let left = 1 + this.#chance.below(3); left > 0; left--) states.push(this.#block(states.at(-1) ?? state));
    return states;
  }

  /** A block that carries some of what its parent's miner led, and all words of attesters. */
  #block(state: State): State {
    const leader = this.#people.find(({ address }) => toHex(address) === toHex(state.tip.miner));
    const led = leader === undefined ? [] : someRecords(state, leader, this.#people, 2, this.#rules);
    this.#run(state, led);
    const records = led.slice(0, this.#chance.below(led.length + 1));
    const miner = this.#chance.of(this.#people);
    const plan = { ...this.#bench.words(state), records, index: 10 + this.#chance.below(50) };
    const mined = mineBlock(state, miner, this.#rules, plan);
    this.#bench.saw(mined.block);
    const lost = contributionsOf(mined.block).find((unit) => !mined.state.isStart(unit));
    if (lost !== undefined) throw new Error("recorded, but it could never be shown");
    for (const { contributions } of [...led, mined.block.body.closing])
      for (const unit of contributions) this.#keep(unit);
    return mined.state;
  }

  /** Everybody runs units from each state that the leader made, carried later or not. */
  #run(state: State, led: readonly RoundRecord[]): void {
    for (const previous of [undefined, ...led])
      for (const key of this.#people)
        for (let index = 1; index <= MORE; index++)
          this.#keep(aContribution(state, key, { previous, index }, this.#rules));
  }

  #keep(unit: Contribution): void {
    this.#units.set(toHex(Contribution.id(unit)), unit);
  }

  #tryAll(state: State): void {
    const oldest = state.height - this.#rules.evidenceBlocks - 1;
    for (const contribution of this.#units.values())
      if (contribution.height >= oldest) this.#accuse(state, evidenceOf(forgedUnit, { contribution }));
    for (let height = Math.max(1, oldest); height < state.height; height++)
      for (const seat of state.seatsOf(height)) {
        const { attester } = seat;
        const contribution = this.#bench.audited(seat);
        if (seat.outcome !== SEALED) this.#words.add(`${toHex(seat.audit)}/${toHex(attester)}`);
        this.#accuse(state, evidenceOf(falseAttestation, { contribution, height, attester }));
      }
  }

  /** As whoever checks a block with this evidence would. */
  #accuse(state: State, evidence: Evidence): void {
    const judged = judgeOn(state, evidence, this.#rules);
    if (judged.kind !== "offence") {
      this.#refused.set(judged.code, (this.#refused.get(judged.code) ?? 0) + 1);
      return;
    }
    const [shown] = judged.shown === undefined ? shownUnits(state, [evidence], this.#rules) : [judged.shown];
    if (shown === undefined) throw new Error("an offence that nobody can check");
    if (checkShown(shown, foundOf(state, shown.contribution)).kind === "accept") this.#punished++;
    else this.#refuted++;
  }
}
