// What the checker knows of a tensor: an interval, the grid its values are on, and how it relates to dynamic scales.
import { EXACT_LIMIT } from "./grid.ts";
import type { Constant } from "./ir.ts";

/** A power of two that a graph computes as it runs: 2^a with low <= a <= high, one for a whole tensor. */
export interface Scale {
  readonly id: string;
  readonly low: number;
  readonly high: number;
}

/** All values are integers of magnitude at most `max`, times 2^exponent, times the product of `scales`. */
export interface Grid {
  readonly exponent: number;
  readonly scales: readonly Scale[];
  readonly max: number;
}

/** low * S <= x <= high * S for a scale S. */
export interface Within {
  readonly scale: Scale;
  readonly low: number;
  readonly high: number;
}

/** Tensors that a value bounds, by id. */
export type Bounds = ReadonlyMap<string, number>;

export interface Fact {
  readonly low: number;
  readonly high: number;
  readonly grid: Grid | undefined;
  readonly within: readonly Within[];
  /** This is exactly `factor` times a scale (a tensor of one value). */
  readonly power: { readonly scale: Scale; readonly factor: number } | undefined;
  /** No value of these tensors, times the number beside it, is above the value of this one that is broadcast to it. */
  readonly tops: Bounds;
  /** No value of these tensors, negated and times the number, is above it. */
  readonly depths: Bounds;
  /** No value of these tensors, times the number, is below it. */
  readonly bottoms: Bounds;
}

export const MAX_FLOAT = (2 - 2 ** -23) * 2 ** 127;
export const MIN_EXPONENT = -126;

const NONE: Bounds = new Map();

/** A fact with what is given, and the grid that the interval alone implies: in [2^k, 2^(k+1)] a float32 is a multiple of 2^(k-23). */
export function fact(low: number, high: number, more: Partial<Fact> = {}): Fact {
  const made = {
    grid: undefined,
    within: [],
    power: undefined,
    tops: NONE,
    depths: NONE,
    bottoms: NONE,
    ...more,
    low,
    high,
  };
  return { ...made, grid: made.grid ?? binadeGrid(low, high) };
}

function binadeGrid(low: number, high: number): Grid | undefined {
  if (!(low > 0) || !Number.isFinite(high)) return undefined;
  const k = Math.floor(Math.log2(low));
  return high <= 2 ** (k + 1) ? { exponent: k - 23, scales: [], max: high / 2 ** (k - 23) } : undefined;
}

/** Largest e with x = integer * 2^e; 0 for zero. */
function lastBit(x: number): number {
  if (x === 0) return 0;
  let e = Math.floor(Math.log2(Math.abs(x)));
  while (!Number.isInteger(x / 2 ** e)) e--;
  while (Number.isInteger(x / 2 ** (e + 1))) e++;
  return e;
}

export function constantFact({ data }: Constant): Fact {
  const low = data.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = data.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const nonZero = [...new Set(data)].filter((x) => x !== 0);
  const exponent = nonZero.length === 0 ? 0 : Math.min(...nonZero.map(lastBit));
  const max = Math.max(Math.abs(low), Math.abs(high)) / 2 ** exponent;
  return fact(low, high, { grid: max <= EXACT_LIMIT ? { exponent, scales: [], max } : undefined });
}

export const magnitude = ({ low, high }: Fact): number => Math.max(Math.abs(low), Math.abs(high));

/** The same grid with steps of 2^exponent, if those are as fine and still exact. */
export function refine(grid: Grid, exponent: number): Grid | undefined {
  const max = grid.max * 2 ** (grid.exponent - exponent);
  return exponent <= grid.exponent && max <= EXACT_LIMIT ? { ...grid, exponent, max } : undefined;
}

const scaleKey = (grid: Grid): string => grid.scales.map(({ id }) => id).join();

/** A grid both are on: that of the finer step. */
export function common(a: Grid | undefined, b: Grid | undefined): readonly [Grid, Grid] | undefined {
  if (a === undefined || b === undefined || scaleKey(a) !== scaleKey(b)) return undefined;
  const exponent = Math.min(a.exponent, b.exponent);
  const [x, y] = [refine(a, exponent), refine(b, exponent)];
  return x === undefined || y === undefined ? undefined : [x, y];
}

/** Grid of the products of values on two grids, summed `count` times; undefined when that could round. */
export function productGrid(a: Grid | undefined, b: Grid | undefined, count: number): Grid | undefined {
  if (a === undefined || b === undefined) return undefined;
  const max = a.max * b.max * count;
  if (max > EXACT_LIMIT) return undefined;
  const scales = [...a.scales, ...b.scales].sort((x, y) => (x.id < y.id ? -1 : 1));
  return { exponent: a.exponent + b.exponent, scales, max };
}

/** What dividing by a tensor of one value means, where that is always a power of two; undefined elsewhere. */
export interface Power {
  readonly exponent: number;
  readonly scales: readonly Scale[];
}

/** The power of two, fixed or dynamic, that a tensor is; undefined when it is not proven to be one. */
export function powerOf({ power, low, high }: Fact): Power | undefined {
  const factor = power?.factor ?? (low === high ? low : 0);
  const exponent = Math.log2(factor);
  return Number.isInteger(exponent) ? { exponent, scales: power === undefined ? [] : [power.scale] } : undefined;
}

/** Smallest and largest exponent that the grid's step can have. */
export const stepRange = ({ exponent, scales }: Grid): readonly [number, number] => [
  scales.reduce((sum, { low }) => sum + low, exponent),
  scales.reduce((sum, { high }) => sum + high, exponent),
];

/** What holds for a value that is one of several. */
export function join(facts: readonly Fact[]): Fact {
  const low = Math.min(...facts.map((item) => item.low));
  const high = Math.max(...facts.map((item) => item.high));
  const grid = facts
    .map((item) => item.grid)
    .reduce((a, b) => {
      const both = common(a, b);
      return both && { ...both[0], max: Math.max(both[0].max, both[1].max) };
    });
  return fact(low, high, { grid });
}
