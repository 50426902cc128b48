// Matrix products whose result is the exact sum, rounded once. Bytes are summed in 32 bits; what is held in float32 is cut where a sum could
// pass 2^24, and the pieces are joined without losing what their additions round away.
import type { GraphBuilder } from "./builder.ts";
import { EXACT_LIMIT, type Gridded } from "./grid.ts";
import { dimAt, fixed, type Value } from "./ir.ts";
import type { Operand } from "./operand.ts";
import { add, byteProduct, gemm, matmul, reshape, split, sub, transpose } from "./ops.ts";

interface Transposes {
  readonly transA?: boolean;
  readonly transB?: boolean;
}

/** Fewest equal pieces of a reduction of length `length` that each stay within the exact range. */
export function pieces(a: Gridded, b: Gridded, length: number): number {
  for (let parts = 1; parts < length; parts++) {
    if (length % parts === 0 && a.max * b.max * (length / parts) <= EXACT_LIMIT) return parts;
  }
  return length;
}

/** A B over two axes, both held the same way. */
export function product(
  g: GraphBuilder,
  a: Operand,
  b: Operand,
  { transA = false, transB = false }: Transposes = {},
): Value {
  if (a.bytes !== undefined && b.bytes !== undefined) {
    const turned = (x: Value, flip: boolean): Value => (flip ? transpose(g, x, [1, 0]) : x);
    const [left, right] = [turned(a.value, transA), turned(b.value, transB)];
    return byteProduct(g, { value: left, ...a.bytes }, { value: right, ...b.bytes });
  }
  const [axisA, axisB] = [transA ? 0 : 1, transB ? 1 : 0];
  const parts = pieces(a, b, dimAt(a.value.shape, axisA));
  if (parts === 1) return gemm(g, a.value, b.value, { transA, transB });
  return joined(g, stackedProduct(g, stack(g, a.value, axisA, parts), stack(g, b.value, axisB, parts)));
}

/** [R, N] cut along an axis: [parts, R / parts, N], the cut axis second. */
function stack(g: GraphBuilder, x: Value, axis: number, parts: number): Value {
  const [rows, columns] = fixed(x.shape) as [number, number];
  if (axis === 0) return reshape(g, x, [parts, rows / parts, columns]);
  return transpose(g, reshape(g, x, [rows, parts, columns / parts]), [1, 2, 0]);
}

/** A^T B of each piece, A[P, K, M] and B[P, K, N]: the narrower side is transposed before, or the result after. */
function stackedProduct(g: GraphBuilder, a: Value, b: Value): Value {
  const turned = (x: Value): Value => transpose(g, x, [0, 2, 1]);
  return dimAt(a.shape, 2) <= dimAt(b.shape, 2) ? matmul(g, turned(a), b) : turned(matmul(g, turned(b), a));
}

/** The exact sum over the first axis, rounded once, of values on one grid: halves onto each other, with what each addition lost. */
export function joined(g: GraphBuilder, x: Value): Value {
  const shape = fixed(x.shape).slice(1);
  if (dimAt(x.shape, 0) === 1) return reshape(g, x, shape);
  const lost: Value[] = [];
  let sum = x;
  while (dimAt(sum.shape, 0) > 1) {
    const count = dimAt(sum.shape, 0);
    const [first, ...others] = split(g, sum, 0, count % 2 === 0 ? 2 : count) as [Value, ...Value[]];
    sum = others.reduce((before, next) => {
      const after = add(g, before, next);
      lost.push(lostBy(g, { before, next, after }));
      return after;
    }, first);
  }
  // One addition alone has rounded once, and as it should.
  const once = lost.length === 1 && dimAt(x.shape, 0) === 2;
  const whole = once ? sum : add(g, sum, allOf(g, lost));
  return reshape(g, whole, shape);
}

/** What the addition before + next = after rounded away: a float32 again (Knuth's TwoSum). */
function lostBy(g: GraphBuilder, { before, next, after }: { before: Value; next: Value; after: Value }): Value {
  const taken = sub(g, after, before);
  return add(g, sub(g, before, sub(g, after, taken)), sub(g, next, taken));
}

/** Sum of what was lost, small integers on the same grid, so exact in any order: [1, ...]. */
function allOf(g: GraphBuilder, lost: readonly Value[]): Value {
  return lost
    .map((item) => {
      let rest = item;
      while (dimAt(rest.shape, 0) > 1) {
        const count = dimAt(rest.shape, 0);
        rest = split(g, rest, 0, count % 2 === 0 ? 2 : count).reduce((a, b) => add(g, a, b));
      }
      return rest;
    })
    .reduce((a, b) => add(g, a, b));
}
