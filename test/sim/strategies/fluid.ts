// Results that need no network: a newcomer's way to full pay, the target after power has left, what m forged contributions bring.
import { fromBigInt } from "../../../src/base/index.ts";
import {
  attesterPay,
  boundAttesterPay,
  carriedPay,
  contributionPay,
  leaderPay,
  nextTarget,
  winnerPay,
  workOf,
} from "../../../src/chain/index.ts";
import { Chance } from "./chance.ts";
import { placesOf } from "./ledger.ts";
import { easierBy } from "./make.ts";
import type { Params, SimRules } from "./params.ts";
import type { State } from "./types.ts";

const NONCES = 1420;

export interface Newcomer {
  readonly share: number;
  /** Units that a block takes. */
  readonly units: number;
}

const stateOf = (stake: bigint): State => ({
  accounts: [{ liquid: 0n, stake, unbonding: [], voidTo: -1, banned: false }],
  found: [],
});

/** Blocks until a newcomer without funds that stakes all it earns has its contributions recorded, and they and its words are paid in full. */
export function blocksToCover({ share, units }: Newcomer, params: Params, seed: number): number {
  const { rules } = params;
  const chance = new Chance(seed);
  const measure = { expected: BigInt(units * NONCES), nonces: NONCES };
  const whole = { unit: contributionPay(0, measure, "checked", rules), word: attesterPay(measure, rules) };
  const isCovered = (stake: bigint): boolean =>
    contributionPay(0, measure, stake, rules) === whole.unit && boundAttesterPay(whole.word, stake) === whole.word;
  const earned: bigint[] = [];
  let stake = 0n;
  for (let height = 1; ; height++) {
    stake += earned[height - rules.maturity] ?? 0n;
    const places = placesOf(stateOf(stake), 0, params);
    if (isCovered(stake) && places >= share * units) return height - 1;
    const recorded = Math.floor(Math.min(places, share * units) + chance.next());
    const pay = BigInt(recorded) * contributionPay(0, measure, stake, rules);
    const isWinner = chance.next() < share;
    earned[height] = pay + (isWinner ? whole.unit : 0n);
    if (isWinner) stake += winnerPay(rules);
  }
}

/** The value that this part of all is below. */
export const quantile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length * part)] as number;
export const median = (values: readonly number[]): number => quantile(values, 0.5);

export interface Fall {
  /** Power that is left, of 1. */
  readonly left: number;
  /** Whether a late block may use 2^k times the target. */
  readonly eases: boolean;
}

/** Block times from a fall of the power until blocks come on time again: until the target is within a tenth of where it settles. */
export function recovery({ left, eases }: Fall, params: Pick<Params, "rules">, seed: number): number {
  const { blockTimeMs } = params.rules;
  const chance = new Chance(seed);
  // Draws a millisecond, such that a block takes its time before the fall.
  const speed = 10_000 * left;
  let target = fromBigInt(2n ** 256n / BigInt(10_000 * blockTimeMs) - 1n, 32);
  let ms = 0;
  while (Number(workOf(target)) > 1.1 * speed * blockTimeMs) {
    const { solve, used } = solveOne(target, { speed, eases }, params, chance);
    ms += solve;
    target = nextTarget(used, Math.max(1, Math.round(solve)), params.rules);
  }
  return ms / blockTimeMs;
}

/** Waits for one block; the longer it takes, the easier it gets. */
function solveOne(
  target: Uint8Array,
  of: { speed: number; eases: boolean },
  params: Pick<Params, "rules">,
  chance: Chance,
) {
  const { blockTimeMs } = params.rules;
  const expected = Number(workOf(target));
  let left = chance.exponential(1);
  let at = 0;
  for (let k = 0; ; ) {
    const until = of.eases ? (20 + 10 * (k + 1)) * blockTimeMs : Number.POSITIVE_INFINITY;
    const rate = (of.speed * 2 ** k) / expected;
    if (left <= rate * (until - at)) {
      const solve = at + left / rate;
      const exponent = of.eases ? easierBy(solve / 1000, params) : 0;
      const used = fromBigInt(2n ** 256n / (BigInt(Math.round(expected)) / 2n ** BigInt(exponent) + 1n), 32);
      return { solve, used };
    }
    left -= rate * (until - at);
    at = until;
    k++;
  }
}

export interface Forgery {
  /** Contributions forged with one key, which then waits until they are paid out. */
  readonly count: number;
  readonly auditsDone: number;
  /** 8 as designed. */
  readonly factor: bigint;
  /** Whether leaders' pay for them goes to a friend. */
  readonly friend: boolean;
}

/** Coins that forging brings, over the collateral of its key; below 0 it loses. The pay is at the bound, where forging is best. */
export function forgingGain({ count, auditsDone, factor, friend }: Forgery, rules: SimRules): number {
  const collateral = 100n * rules.minCollateral;
  // A block that takes one unit: the share is so large that the bound is what counts.
  const measure = { expected: 1n, nonces: NONCES };
  const scaled = { ...rules, subsidy: rules.subsidy * 10_000n };
  const pay = contributionPay(0, measure, (collateral * 8n) / factor, scaled);
  const each = Number(pay + (friend ? carriedPay(leaderPay(pay, rules)).earner : 0n)) / Number(collateral);
  const escapes = (1 - auditsDone / rules.auditOneIn) ** count;
  return escapes * count * each - (1 - escapes);
}
