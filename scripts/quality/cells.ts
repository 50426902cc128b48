// What one network learns, and how its records go: the cells of docs/quality.md.
import { learn } from "../../test/sim/quality/learn.ts";
import { networkOf } from "../../test/sim/quality/machines.ts";
import { type Schedule, scheduleOf } from "../../test/sim/quality/schedule.ts";
import { PLANNED } from "../../test/sim/strategies/strategies.ts";
import { HONEST } from "../../test/sim/strategies/strategy.ts";
import type { Subject } from "../seasons/subject.ts";

export const MINERS = [1, 2, 4, 8, 16] as const;
/** Networks in which dropping later units is tried beside finishing them (decision 0012). */
export const DROPPING = [8, 16] as const;
/** How many times longer than a twelfth of the block time a unit takes on the usual machine: 9, 26 and 51 % of it. */
export const SCALES = [1, 3, 6] as const;

export interface Kind {
  readonly miners: number;
  /** Later units (i > 0) are dropped when a newer state comes. */
  readonly drops: boolean;
}

export const scheduleFor = ({ miners, drops }: Kind, scale = 1, seed = 1): Schedule =>
  scheduleOf(networkOf(miners, scale), seed, drops ? PLANNED : HONEST);

/** Means of some networks that differ by chance only. */
export interface Traffic {
  readonly recorded: number;
  readonly ofTime: number;
  readonly blocks: number;
  /** The longest of all. */
  readonly longestGap: number;
  /** Rounds that a recorded contribution was late. */
  readonly lag: number;
}

export function trafficOf(kind: Kind, scale: number, seeds: number): Traffic {
  const all = Array.from({ length: seeds }, (_, i) => scheduleFor(kind, scale, i + 1));
  const mean = (of: (one: Schedule) => number): number => all.reduce((sum, one) => sum + of(one), 0) / seeds;
  return {
    recorded: mean(({ recorded }) => recorded),
    ofTime: mean(({ ofTime }) => ofTime),
    blocks: mean(({ blocks }) => blocks),
    longestGap: Math.max(...all.map(({ longestGap }) => longestGap)),
    lag: mean(({ records }) => {
      const lags = records.flatMap(({ entries }) => entries.map(({ lag }) => lag));
      return lags.reduce((sum, lag) => sum + lag, 0) / lags.length;
    }),
  };
}

export interface Lesson {
  /** Units trained by the whole network at which it is scored, ascending. */
  readonly counts: readonly number[];
  /** Season whose first parameters and setting are trained. */
  readonly season: number;
  /** Hears of the units trained so far. */
  readonly told: (trained: number) => void;
}

export interface Learnt {
  readonly kind: Kind;
  readonly recorded: number;
  /** Share of held-back predictions that is right at each count of units. */
  readonly scores: readonly number[];
  /** Units that the network trains while one that finishes all trains the last count, and the score there; where it drops. */
  readonly sameTime?: { readonly units: number; readonly score: number };
}

/** Trains a network's schedule up to the last of `counts` units. */
export async function learntBy(subject: Subject, kind: Kind, { counts, season, told }: Lesson): Promise<Learnt> {
  const schedule = scheduleFor(kind);
  const last = counts.at(-1) as number;
  const all = kind.drops ? scheduleFor({ ...kind, drops: false }) : schedule;
  const units = Math.round((last * schedule.rate) / all.rate);
  const at = [...new Set([...counts, units])].sort((a, b) => a - b);
  const seed = `${subject.model.name}/${kind.miners}/${kind.drops}`;
  const scores = await learn(subject, schedule, { at, season, seed, onRecord: told });
  const scoreAt = (count: number): number => scores[at.indexOf(count)] as number;
  const learnt = { kind, recorded: schedule.recorded, scores: counts.map(scoreAt) };
  return kind.drops ? { ...learnt, sameTime: { units, score: scoreAt(units) } } : learnt;
}
