// The rule `mean` (protocol section 3): contributions of a round in, the next common state out. Integers only, order-free.
import { PouwError } from "../../base/index.ts";
import { checkLength, fromGrid, GRID_MAX, GRID_MIN, type GridLayout, toGrid } from "../delta/index.ts";

/** Sums stay exact in a double, and in 32 bits, up to this many deltas. */
const MAX_DELTAS = 128;

/**
 * P(t+1) = P(t) + mean of the deltas, coordinate by coordinate: the mean of grid steps is rounded to the nearest integer, halves
 * to the even one, and the sum is clamped to the grid's range. One delta gives exactly its P'. The order of `deltas` cannot
 * matter. `start` and every delta are in flat layout. Throws NOT_FINITE or BAD_ENCODING for a start off its grid or a wrong length.
 */
export function aggregate(layout: GridLayout, start: Float32Array, deltas: readonly Int32Array[]): Float32Array {
  const count = deltas.length;
  if (count < 1 || count > MAX_DELTAS) throw new PouwError("INTERNAL", `cannot aggregate ${count} deltas`);
  for (const delta of deltas) checkLength(layout, delta, "a delta");
  const state = toGrid(layout, start);
  // Clipping to the median norm and the trimmed mean from five contributions up go here, on `deltas`, before the sum.
  const sums = new Int32Array(state.length);
  for (const delta of deltas)
    for (let i = 0; i < sums.length; i++) sums[i] = (sums[i] as number) + (delta[i] as number);
  for (let i = 0; i < sums.length; i++) {
    const next = (state[i] as number) + divideToEven(sums[i] as number, count);
    state[i] = Math.min(Math.max(next, GRID_MIN), GRID_MAX);
  }
  return fromGrid(layout, state);
}

/** Integer quotient rounded to nearest, halves to even. Exact for 32-bit operands, divisor > 0. */
export function divideToEven(dividend: number, divisor: number): number {
  const toZero = (dividend / divisor) | 0;
  const rest = dividend - toZero * divisor;
  const twice = 2 * (rest < 0 ? -rest : rest);
  const away = twice > divisor || (twice === divisor && (toZero & 1) !== 0);
  return away ? toZero + (rest < 0 ? -1 : 1) : toZero;
}
