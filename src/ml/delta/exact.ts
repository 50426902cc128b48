// The `exact` delta codec (protocol section 3): the integers (P' - P) / 2^e, lossless, Rice-coded in blocks, one valid encoding.
import { PouwError } from "../../base/index.ts";
import { BitReader, BitWriter } from "./bits.ts";
import {
  checkLength,
  fits,
  GRID_MAX,
  GRID_MIN,
  type GridLayout,
  gridDifference,
  spans,
  type TensorSpan,
  toGrid,
} from "./grid.ts";

/** Values that share one Rice parameter; a block never crosses a tensor's border. */
const BLOCK_VALUES = 128;
/** A block opens with 5 bits: 0 when all its values are zero, else its Rice parameter k plus 1. */
const PARAMETER_BITS = 5;
/** Differences of two grid integers fold to at most 25 bits. */
const MAX_K = 24;
const MAX_FOLDED = 2 * (GRID_MAX - GRID_MIN);

/** Signed to unsigned, small magnitudes first: 0, -1, 1, -2, ... -> 0, 1, 2, 3, ... */
const fold = (value: number): number => (value << 1) ^ (value >> 31);
const unfold = (value: number): number => (value >>> 1) ^ -(value & 1);

/**
 * The Rice parameter of a block, from the sum of its folded values: the smallest k with sum * ln 2 <= count * 2^k, which
 * is within one of the best for a geometric distribution. ln 2 is 177/256 here, so the rule is integers only and has one answer;
 * it keeps every quotient below count / ln 2 < MAX_UNARY.
 */
function riceParameter(sum: number, count: number): number {
  let k = 0;
  while (isTooSmall(k, sum, count)) k++;
  return k;
}

const isTooSmall = (k: number, sum: number, count: number): boolean => k < MAX_K && sum * 177 > count * 256 * (1 << k);

/** Canonical bytes of integer differences in flat layout. Throws BAD_ENCODING for a wrong length or a difference out of range. */
export function encodeIntegers(layout: GridLayout, values: Int32Array): Uint8Array {
  checkLength(layout, values, "a delta");
  const out = new BitWriter(values.length * 2);
  for (const { from, to } of spans(layout)) {
    for (let start = from; start < to; start += BLOCK_VALUES) {
      writeBlock(out, values, start, Math.min(start + BLOCK_VALUES, to));
    }
  }
  return out.finish();
}

/** Counts with indexes: iterators and a view for each block cost a tenth of the whole encoding. */
function writeBlock(out: BitWriter, values: Int32Array, start: number, stop: number): void {
  const sum = foldedSum(values, start, stop);
  if (sum === 0) {
    out.write(0, PARAMETER_BITS);
    return;
  }
  const k = riceParameter(sum, stop - start);
  const mask = 2 ** k - 1;
  out.write(k + 1, PARAMETER_BITS);
  for (let i = start; i < stop; i++) {
    const folded = fold(values[i] as number);
    out.rice(folded >>> k, folded & mask, k);
  }
}

function foldedSum(values: Int32Array, start: number, stop: number): number {
  let sum = 0;
  for (let i = start; i < stop; i++) {
    const folded = fold(values[i] as number) >>> 0;
    if (folded > MAX_FOLDED) throw refuse(`a difference of ${values[i]} grid steps`);
    sum += folded;
  }
  return sum;
}

/**
 * Integer differences of `bytes`, in flat layout. Throws BAD_ENCODING unless `bytes` is the one encoding of what it returns.
 * Memory is bounded by the layout, whatever the bytes say; `into`, where it is given, holds the result, or rubbish after a throw.
 */
export function decodeDelta(layout: GridLayout, bytes: Uint8Array, into?: Int32Array): Int32Array {
  const ranges = spans(layout);
  const out = into ?? new Int32Array(ranges.at(-1)?.to ?? 0);
  checkLength(layout, out, "a delta");
  const input = new BitReader(bytes);
  for (const { from, to } of ranges)
    for (let start = from; start < to; start += BLOCK_VALUES)
      readBlock(input, out, start, Math.min(start + BLOCK_VALUES, to));
  input.end();
  return out;
}

function readBlock(input: BitReader, out: Int32Array, start: number, stop: number): void {
  const code = input.read(PARAMETER_BITS);
  if (code === 0) {
    out.fill(0, start, stop);
    return;
  }
  const k = code - 1;
  if (k > MAX_K) throw refuse("no such Rice parameter");
  let sum = 0;
  for (let i = start; i < stop; i++) {
    const folded = input.rice(k);
    if (folded > MAX_FOLDED) throw refuse("a number is out of range");
    sum += folded;
    out[i] = unfold(folded);
  }
  const count = stop - start;
  if (sum === 0 || isTooSmall(k, sum, count) || (k > 0 && !isTooSmall(k - 1, sum, count)))
    throw refuse("not in canonical form");
}

/** Canonical `exact` encoding of end - start. Throws NOT_FINITE, or BAD_ENCODING when a value is off its grid. */
export function encodeDelta(layout: GridLayout, start: Float32Array, end: Float32Array): Uint8Array {
  return encodeIntegers(layout, gridDifference(layout, start, end));
}

/**
 * start + delta. Throws as `toGrid` does for `start`, and BAD_ENCODING when a sum leaves the grid: no unit ends there, so such a delta is a forgery.
 * `into`, where it is given, holds the result, or rubbish after a throw.
 */
export function applyDelta(
  layout: GridLayout,
  start: Float32Array,
  delta: Int32Array,
  into?: Float32Array,
): Float32Array {
  checkLength(layout, start, "a parameter vector");
  checkLength(layout, delta, "a delta");
  const end = into ?? new Float32Array(start.length);
  checkLength(layout, end, "a parameter vector");
  if (spans(layout).every((span) => addSpan(span, start, delta, end))) return end;
  toGrid(layout, start);
  throw refuse("it leaves the parameter grid");
}

/** Adds the integers of a tensor in one pass that makes nothing else; false where one of them, or a sum, is off the grid. */
function addSpan({ from, to, scale }: TensorSpan, start: Float32Array, delta: Int32Array, end: Float32Array): boolean {
  const inverse = 1 / scale;
  let bad = 0;
  for (let i = from; i < to; i++) {
    const exact = (start[i] as number) * inverse;
    const before = exact | 0;
    const after = before + (delta[i] as number);
    end[i] = after * scale;
    bad += before === exact && fits(before) && fits(after) ? 0 : 1;
  }
  return bad === 0;
}

const refuse = (why: string): PouwError => new PouwError("BAD_ENCODING", `not a delta: ${why}`);

/**
 * Bytes of an encoding at most, whatever the shapes of the tensors: a value takes up to MAX_K + 1 bits and the quotients of a block
 * less than 2 a value, 27 in all, and a block's 5 are a value's share at worst. No valid contribution claims more (consensus), so nobody fetches more.
 */
export function maxDeltaBytes(parameterCount: number): number {
  return 4 * parameterCount;
}
