// The rule `mean` (protocol section 3): contributions of a record in, the next common state out. Integers only, order-free.
import { PouwError, type Steps } from "../../base/index.ts";
import {
  checkLength,
  fits,
  GRID_MAX,
  GRID_MIN,
  type GridLayout,
  offGrid,
  spans,
  type TensorSpan,
} from "../delta/index.ts";

/** Contributions of one record at most. With it, weights up to 128 and deltas below 2^23 every sum stays far below 2^53. */
const MAX_DELTAS = 64;
/** Weight of a contribution that is on time; each round of lag halves it. */
const ON_TIME = 128;
const MAX_LAG = 7;
/** Coordinates that are added up at a time: a piece of work, and all the memory that it takes beside the result. */
const PIECE = 8192;
/** What a piece costs beside its deltas, in deltas: the state's integers, the division. */
const OWN_COST = 2;
/** Additions of a piece of some 0.1 ms. */
const ADDITIONS = 20_000;

/** What a contribution changed, in grid steps and flat layout, and how many rounds late it is. */
export interface Weighted {
  readonly delta: Int32Array;
  readonly lag: number;
}

/**
 * P(t+1) = P(t) + (sum of w d) / (128 n), coordinate by coordinate, w = 128 >> lag: the exact quotient is rounded to the nearest
 * integer, halves to the even one, and the sum clamped to the grid's range. One delta on time gives exactly its P'. The order of
 * `contributions` cannot matter. Throws NOT_FINITE or BAD_ENCODING for a start off its grid or a wrong length.
 */
export function* aggregate(
  layout: GridLayout,
  start: Float32Array,
  contributions: readonly Weighted[],
): Steps<Float32Array> {
  const count = contributions.length;
  if (count < 1 || count > MAX_DELTAS) throw new PouwError("INTERNAL", `cannot aggregate ${count} deltas`);
  checkLength(layout, start, "a parameter vector");
  const weights = contributions.map(({ delta, lag }) => {
    checkLength(layout, delta, "a delta");
    return weightOf(lag);
  });
  const next = new Float32Array(start.length);
  // Clipping to the median norm and the trimmed mean from five contributions up go here, on the deltas, before the sum.
  const sums = new Float64Array(PIECE);
  for (const span of spans(layout))
    for (let from = span.from; from < span.to; from += PIECE) {
      const to = Math.min(from + PIECE, span.to);
      sums.fill(0);
      for (const [k, { delta }] of contributions.entries())
        addWeighted(sums, delta, weights[k] as number, { from, to });
      if (!step({ ...span, from, to }, { start, sums, divisor: ON_TIME * count }, next)) throw offGrid(span, start);
      yield ((to - from) * (count + OWN_COST)) / ADDITIONS;
    }
  return next;
}

function addWeighted(
  sums: Float64Array,
  delta: Int32Array,
  weight: number,
  { from, to }: Pick<TensorSpan, "from" | "to">,
): void {
  for (let i = from; i < to; i++) sums[i - from] = (sums[i - from] as number) + weight * (delta[i] as number);
}

/** Writes start + sums / divisor to `next`; false where a value of `start` is off its grid. */
function step(
  { from, to, scale }: TensorSpan,
  { start, sums, divisor }: { readonly start: Float32Array; readonly sums: Float64Array; readonly divisor: number },
  next: Float32Array,
): boolean {
  const inverse = 1 / scale;
  let bad = 0;
  for (let i = from; i < to; i++) {
    const exact = (start[i] as number) * inverse;
    const before = exact | 0;
    bad += before === exact && fits(before) ? 0 : 1;
    const after = before + divideToEven(sums[i - from] as number, divisor);
    next[i] = Math.min(Math.max(after, GRID_MIN), GRID_MAX) * scale;
  }
  return bad === 0;
}

function weightOf(lag: number): number {
  if (!Number.isInteger(lag) || lag < 0 || lag > MAX_LAG) throw new PouwError("INTERNAL", `no weight for lag ${lag}`);
  return ON_TIME >> lag;
}

/** Integer quotient rounded to nearest, halves to even. Exact for dividends below 2^40 and divisors from 1 to 2^13. */
export function divideToEven(dividend: number, divisor: number): number {
  // A quotient that is no integer is 2^-13 or more from the next one, a double of this size is not off by that much.
  const toZero = Math.trunc(dividend / divisor);
  const rest = dividend - toZero * divisor;
  const twice = 2 * (rest < 0 ? -rest : rest);
  const away = twice > divisor || (twice === divisor && toZero % 2 !== 0);
  // Adding zero makes -0 plain.
  return away ? toZero + (dividend < 0 ? -1 : 1) : toZero + 0;
}
