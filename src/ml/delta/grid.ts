// Parameters as the integers that they are: float32 value = integer * 2^exponent, integer in [-2^22, 2^22).
import { PouwError } from "../../base/index.ts";

/** The part of a model manifest that this room needs; the flat layout is the tensors in this order, one after the other. */
export interface GridLayout {
  readonly parameters: readonly GridTensor[];
}
interface GridTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** e: the tensor's values are multiples of 2^e. */
  readonly exponent: number;
}

/** Largest and smallest integer of a parameter, see exact-training "Parameters live on a grid". */
export const GRID_MAX: number = 2 ** 22 - 1;
export const GRID_MIN: number = -(2 ** 22);

export interface TensorSpan {
  readonly name: string;
  /** Half-open range in the flat layout. */
  readonly from: number;
  readonly to: number;
  /** 2^e. */
  readonly scale: number;
}

/** Where each tensor lies in the flat layout. */
export function spans(layout: GridLayout): TensorSpan[] {
  let at = 0;
  return layout.parameters.map(({ name, shape, exponent }) => {
    const from = at;
    at += shape.reduce((product, extent) => product * extent, 1);
    return { name, from, to: at, scale: 2 ** exponent };
  });
}

/** Number of parameters. */
export function flatLength(layout: GridLayout): number {
  return spans(layout).at(-1)?.to ?? 0;
}

/** Throws BAD_ENCODING unless `flat` has the layout's length. */
export function checkLength(layout: GridLayout, flat: { readonly length: number }, what: string): void {
  const length = flatLength(layout);
  if (flat.length !== length)
    throw new PouwError("BAD_ENCODING", `${what} has ${flat.length} values, the model has ${length}`);
}

/** The integers of `flat`. Throws NOT_FINITE, or BAD_ENCODING for a value that is off its tensor's grid. */
export function toGrid(layout: GridLayout, flat: Float32Array): Int32Array {
  checkLength(layout, flat, "a parameter vector");
  const out = new Int32Array(flat.length);
  for (const { name, from, to, scale } of spans(layout)) {
    const inverse = 1 / scale;
    let bad = 0;
    for (let i = from; i < to; i++) {
      const exact = (flat[i] as number) * inverse;
      const integer = exact | 0;
      out[i] = integer;
      // One branch-free pass; NaN, infinities, fractions and integers out of range all make the sum positive.
      bad += integer === exact && fits(integer) ? 0 : 1;
    }
    if (bad > 0) throw offGrid({ name, from, to }, flat);
  }
  return out;
}

/** Integers of end - start, in one pass. Throws as `toGrid` does, for either of them. */
export function gridDifference(layout: GridLayout, start: Float32Array, end: Float32Array): Int32Array {
  checkLength(layout, start, "a parameter vector");
  checkLength(layout, end, "a parameter vector");
  const out = new Int32Array(end.length);
  for (const { name, from, to, scale } of spans(layout)) {
    const inverse = 1 / scale;
    let bad = 0;
    for (let i = from; i < to; i++) {
      const before = (start[i] as number) * inverse;
      const after = (end[i] as number) * inverse;
      const a = before | 0;
      const b = after | 0;
      out[i] = b - a;
      bad += a === before && b === after && fits(a) && fits(b) ? 0 : 1;
    }
    if (bad > 0) throw offGrid({ name, from, to }, start, end);
  }
  return out;
}

/** Whether an integer is one that a parameter may be. */
export const fits = (integer: number): boolean => integer >= GRID_MIN && integer <= GRID_MAX;

/** Why what lies there in one of `vectors` cannot be a parameter: NOT_FINITE or BAD_ENCODING. */
export function offGrid(
  { name, from, to }: Pick<TensorSpan, "name" | "from" | "to">,
  ...vectors: readonly Float32Array[]
): PouwError {
  if (vectors.some((flat) => flat.subarray(from, to).some((value) => !Number.isFinite(value))))
    return new PouwError("NOT_FINITE", `parameter ${name} holds a NaN or an infinity`);
  return new PouwError("BAD_ENCODING", `parameter ${name} holds a value that is not on its grid`);
}
