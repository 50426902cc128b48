// The tables of docs/quality.md, and what they are judged by.
import { markdown } from "../support/sections.ts";
import { DROPPING, type Kind, type Learnt, MINERS, SCALES, trafficOf } from "./cells.ts";

/** Networks of one kind that a line of traffic is the mean of. */
const SEEDS = 5;
/** Up to so many miners a network may learn this much less than one miner, and has to record this share of its work. */
const JUDGED = 8;
const MOST_LOST = 0.01;
const LEAST_RECORDED = 0.95;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const points = (share: number): string => `${share < 0 ? "-" : "+"}${Math.abs(100 * share).toFixed(2)}`;
const nameOf = ({ miners, drops }: Kind): string[] => [`${miners}`, drops ? "dropped" : "finished"];

/** Records and blocks of each network at each length of a unit. */
export function trafficTable(): string {
  const kinds = [
    ...MINERS.map((miners) => ({ miners, drops: false })),
    ...DROPPING.map((miners) => ({ miners, drops: true })),
  ];
  const lines = SCALES.flatMap((scale) =>
    kinds.map((kind) => {
      const { recorded, ofTime, blocks, longestGap, lag } = trafficOf(kind, scale, SEEDS);
      const unit = percent((0.425 * scale) / 5);
      const shares = [recorded, ofTime].map(percent);
      return [unit, ...nameOf(kind), ...shares, lag.toFixed(2), blocks.toFixed(2), longestGap.toFixed(1)];
    }),
  );
  const head = [
    ...["unit / block time", "miners", "later units", "recorded", "time that became units"],
    ...["mean lag", "blocks a block time", "longest without a block"],
  ];
  return markdown(head, lines);
}

/** Scores by units trained, in brackets the difference to one miner in points. */
export function learntTable(learnt: readonly Learnt[], counts: readonly number[]): string {
  const one = learnt.find(({ kind }) => kind.miners === 1)?.scores;
  const shown = (score: number, count: number, isOne: boolean): string => {
    const base = one?.[count];
    return base === undefined || isOne ? score.toFixed(4) : `${score.toFixed(4)} (${points(score - base)})`;
  };
  const lines = learnt.map(({ kind, recorded, scores, sameTime }) => [
    ...nameOf(kind),
    percent(recorded),
    ...scores.map((score, i) => shown(score, i, kind.miners === 1)),
    sameTime === undefined ? "" : `${sameTime.score.toFixed(4)} (${sameTime.units})`,
  ]);
  const head = [
    ...["miners", "later units", "recorded", ...counts.map((count) => `${count} units`)],
    `in the time of ${counts.at(-1)} finished`,
  ];
  return markdown(head, lines);
}

/** What is below what is asked of a network that finishes all units, by its last score. */
export function misses(learnt: readonly Learnt[]): string[] {
  const one = learnt.find(({ kind }) => kind.miners === 1)?.scores.at(-1) ?? 0;
  return learnt.flatMap(({ kind: { miners, drops }, recorded, scores }) => {
    if (drops || miners > JUDGED) return [];
    const lost = one - (scores.at(-1) as number);
    return [
      ...(lost > MOST_LOST ? [`${miners} miners are ${points(-lost)} points from one`] : []),
      ...(recorded < LEAST_RECORDED ? [`${miners} miners record ${percent(recorded)} of their work`] : []),
    ];
  });
}
