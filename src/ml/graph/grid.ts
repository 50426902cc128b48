// Putting values on a grid: integers times a power of two, held as the real numbers they stand for (exact-training rule 1).
import type { GraphBuilder } from "./builder.ts";
import type { Value } from "./ir.ts";
import { add, clip, largestOf, neg, reduceMax, reduceMin, scale, shift, sub } from "./ops.ts";

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

/**
 * 2^floor(log2 m) for m > 0, without a table: the sums round so that only the leading bit is left
 * (Rump, Zimmermann, Boldo, Melquiond, "Computing predecessor and successor in rounding to nearest", 2009).
 */
function leadingPower(g: GraphBuilder, m: Value): Value {
  const q = scale(g, m, 2 ** 23 + 1);
  return sub(g, q, scale(g, q, 1 - 2 ** -24));
}

export interface QuantizeOptions {
  /** Integers of magnitude at most 2^bits. */
  readonly bits: number;
  /** Smallest magnitude that the scale follows: keeps products far from denormals. A power of two. */
  readonly floor: number;
  /** The tensor is known to have no negative value: saves one pass. */
  readonly nonNegative?: boolean;
}

/** x rounded to a grid whose step follows the largest magnitude in x. */
export function quantize(g: GraphBuilder, x: Value, { bits, floor, nonNegative = false }: QuantizeOptions): Gridded {
  const axes = x.shape.map((_, axis) => axis);
  // Largest and smallest value take two passes that write nothing: cheaper than |x| and its largest.
  const top = reduceMax(g, x, axes, false);
  const ends = nonNegative ? [top] : [top, neg(g, reduceMin(g, x, axes, false))];
  const power = leadingPower(g, largestOf(g, [...ends, g.scalar(floor)]));
  const m = scale(g, power, 1.5 * 2 ** (24 - bits));
  return { value: sub(g, add(g, x, m), m), max: 2 ** bits };
}

/** Parameters live in [-2^(22+e), 2^(22+e)) on multiples of 2^e, and inside a graph are carried as p + M_e. */
export const biasOf = (exponent: number): number => magic(exponent);

/** p + M_e, clipped to the parameter's range: one float32 binade, in which every number is on the parameter's grid. */
export function enter(g: GraphBuilder, p: Value, exponent: number): Value {
  return clampBiased(g, shift(g, p, biasOf(exponent)), exponent);
}

export function clampBiased(g: GraphBuilder, q: Value, exponent: number): Value {
  return clip(g, q, 2 ** (23 + exponent), 2 ** (24 + exponent) - 2 ** exponent);
}

/** The real parameter of a biased one: exact. */
export const leave = (g: GraphBuilder, q: Value, exponent: number): Value => sub(g, q, g.scalar(biasOf(exponent)));

/** The parameter as integers of magnitude at most 2^bits over its whole range: two passes from the biased form. */
export function gridWeight(g: GraphBuilder, q: Value, exponent: number, bits: number): Gridded {
  const coarse = exponent + 22 - bits;
  const m = biasOf(coarse);
  return { value: sub(g, shift(g, q, m - biasOf(exponent)), g.scalar(m)), max: 2 ** bits };
}

/** Most bits that rounding by a magic constant leaves. */
const MAX_BITS = 22;

/** Bits at which `count` values on one grid add up exactly. */
export function bitsForSum(count: number): number {
  return Math.min(MAX_BITS, 24 - Math.ceil(Math.log2(count)));
}
