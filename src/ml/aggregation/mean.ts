// The rule `mean` (protocol section 3): contributions of a record in, the next common state out. Integers only, order-free.
import { PouwError, type Steps } from "../../base/index.ts";
import { checkLength, fromGrid, GRID_MAX, GRID_MIN, type GridLayout, toGrid } from "../delta/index.ts";

/** Contributions of one record at most. With it, weights up to 128 and deltas below 2^23 every sum stays far below 2^53. */
const MAX_DELTAS = 64;
/** Weight of a contribution that is on time; each round of lag halves it. */
const ON_TIME = 128;
const MAX_LAG = 7;
/** Coordinates of a piece of work. */
const PIECE = 20_000;

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
  const state = toGrid(layout, start);
  // Clipping to the median norm and the trimmed mean from five contributions up go here, on the deltas, before the sum.
  const sums = new Float64Array(state.length);
  for (const { delta, lag } of contributions) {
    checkLength(layout, delta, "a delta");
    const weight = weightOf(lag);
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + weight * (delta[i] as number);
    yield sums.length / PIECE;
  }
  for (let i = 0; i < sums.length; i++) {
    const next = (state[i] as number) + divideToEven(sums[i] as number, ON_TIME * count);
    state[i] = Math.min(Math.max(next, GRID_MIN), GRID_MAX);
  }
  return fromGrid(layout, state);
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
