// Putting values on a grid: integers times a power of two, held as the real numbers they stand for (exact-training rule 1).
import type { GraphBuilder } from "./builder.ts";
import type { Value } from "./ir.ts";
import { add, clip, largestOf, neg, reduceMax, reduceMin, scale, sub } from "./ops.ts";

/** Largest integer up to which float32 holds every integer: the bound of every reduction. */
export const EXACT_LIMIT = 2 ** 24;

/** A tensor on a grid: integers of magnitude at most `max`, times one power of two for the whole tensor. */
export interface Gridded {
  readonly value: Value;
  readonly max: number;
}

/**
 * The constant M with (x + M) - M = x rounded half to even to multiples of 2^e, for |x| <= 2^(22+e).
 * In [2^(23+e), 2^(24+e)] a float32 is a multiple of 2^e, and M is the middle of that range, so the addition does the rounding.
 */
export const magic = (e: number): number => 1.5 * 2 ** (23 + e);

/** x rounded half to even to multiples of 2^e; |x| <= 2^(22+e) must hold (the checker proves it). */
export function roundTo(g: GraphBuilder, x: Value, e: number): Value {
  const m = g.scalar(magic(e));
  return sub(g, add(g, x, m), m);
}

/** The same with `unit`, a tensor of one power of two, for 2^e. */
export function roundToUnit(g: GraphBuilder, x: Value, unit: Value, e: number): Value {
  const m = scale(g, unit, magic(e));
  return sub(g, add(g, x, m), m);
}

/**
 * 2^floor(log2 m) for m > 0, without a table: the sums round so that only the leading bit is left
 * (Rump, Zimmermann, Boldo, Melquiond, "Computing predecessor and successor in rounding to nearest", 2009).
 */
function leadingPower(g: GraphBuilder, m: Value): Value {
  const q = scale(g, m, 2 ** 23 + 1);
  return sub(g, q, scale(g, q, 1 - 2 ** -24));
}

/** What the largest magnitude is taken for is this much larger: then 7 bits and a sign hold it, rounded, without -128. */
const MARGIN = 1 + 2 ** -7;
/** Share of a power of two that bounded values stay within, for the same reason. */
export const INSIDE = 1 - 2 ** -7;

export interface PowerOptions {
  /** Smallest magnitude that the power follows: keeps products far from denormals. A power of two. */
  readonly floor: number;
  /** The tensor is known to have no negative value: saves one pass. */
  readonly nonNegative?: boolean;
}

/** The power of two S with |x| <= 2 S / MARGIN for every value of x, as small as that allows: a tensor of one value. */
export function powerOver(g: GraphBuilder, x: Value, { floor, nonNegative = false }: PowerOptions): Value {
  const axes = x.shape.map((_, axis) => axis);
  // Largest and smallest value take two passes that write nothing: cheaper than |x| and its largest.
  const top = reduceMax(g, x, axes, false);
  const ends = nonNegative ? [top] : [top, neg(g, reduceMin(g, x, axes, false))];
  return leadingPower(g, scale(g, largestOf(g, [...ends, g.scalar(floor)]), MARGIN));
}

/** Parameters are multiples of 2^e of at most this magnitude between stretches; within one they only stay inside it. */
export const parameterLimit = (exponent: number): number => INSIDE * 2 ** (22 + exponent);

export const clampParameter = (g: GraphBuilder, p: Value, exponent: number): Value =>
  clip(g, p, -parameterLimit(exponent), parameterLimit(exponent));

/** A parameter on its grid and inside its range. */
export const settle = (g: GraphBuilder, p: Value, exponent: number): Value =>
  roundTo(g, clampParameter(g, p, exponent), exponent);

/** Most bits that rounding by a magic constant leaves. */
const MAX_BITS = 22;

/** Bits at which `count` values on one grid add up exactly. */
export function bitsForSum(count: number): number {
  return Math.min(MAX_BITS, 24 - Math.ceil(Math.log2(count)));
}
