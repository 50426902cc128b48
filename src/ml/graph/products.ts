// Matrix products and sums whose every partial sum is an exact integer, and the linear layer made of them.

import type { GraphBuilder } from "./builder.ts";
import { bitsForSum, EXACT_LIMIT, type Gridded } from "./grid.ts";
import { dimAt, fixed, type Value } from "./ir.ts";
import type { Net, Param } from "./net.ts";
import { add, concat, gemm, matmul, reduceSum, reshape, split, transpose } from "./ops.ts";

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

/** A B over two axes. A reduction too long to be exact is cut, and the pieces' results are added in order. */
export function product(net: Net, a: Gridded, b: Gridded, { transA = false, transB = false }: Transposes = {}): Value {
  const axisA = transA ? 0 : 1;
  const axisB = transB ? 1 : 0;
  const parts = net.exact ? pieces(a, b, dimAt(a.value.shape, axisA)) : 1;
  if (parts > 1 && transA && !transB) return stackedProduct(net.g, a.value, b.value, parts);
  const left = split(net.g, a.value, axisA, parts);
  const right = split(net.g, b.value, axisB, parts);
  return left
    .map((piece, i) => gemm(net.g, piece, right[i] as Value, { transA, transB }))
    .reduce((sum, piece) => add(net.g, sum, piece));
}

/**
 * A^T B of A[R, K] and B[R, N] in `parts` pieces of the rows: one batched product. Only the narrower side is transposed
 * beforehand, and the result afterwards where that was B: both are smaller than what a product per piece would copy.
 */
function stackedProduct(g: GraphBuilder, a: Value, b: Value, parts: number): Value {
  const [rows, left] = fixed(a.shape) as [number, number];
  const right = dimAt(b.shape, 1);
  const stack = (x: Value): Value => reshape(g, x, [parts, rows / parts, dimAt(x.shape, 1)]);
  const [narrow, wide] = left <= right ? [a, b] : [b, a];
  const each = matmul(g, transpose(g, stack(narrow), [0, 2, 1]), stack(wide));
  const sum = addUp(g, each);
  return left <= right ? sum : transpose(g, sum, [1, 0]);
}

/** Sum over the first axis by ordinary additions in an order that is fixed: halves onto each other while they are equal. */
export function addUp(g: GraphBuilder, x: Value): Value {
  const [count, ...rest] = fixed(x.shape) as [number, ...number[]];
  if (count === 1) return reshape(g, x, rest);
  const cut = split(g, x, 0, count % 2 === 0 ? 2 : count);
  return addUp(
    g,
    cut.reduce((sum, piece) => add(g, sum, piece)),
  );
}

/** Sum of a gradient over its rows: [R, N] -> [N]. It has `bits` where so many rows add up exactly then: the grid of its products. */
export function sumRows(net: Net, x: Value, bits: number = net.bits.gradient): Value {
  const operand = net.operand(x, "gradient", Math.min(bits, bitsForSum(dimAt(x.shape, 0))));
  return reduceSum(net.g, operand.value, [0], false);
}

/** Bits of single operands, where the model's own do not fit. */
export interface LinearBits {
  readonly weight?: number;
  /** Of the result's gradient. */
  readonly gradient?: number;
}

/** W[K, N] and b[N]. */
export interface Affine {
  readonly weight: Param;
  readonly bias?: Param | undefined;
}

/** x[R, K] W[K, N] + b[N]. */
export function linear(net: Net, x: Value, { weight, bias }: Affine, bits: LinearBits = {}): Value {
  const a = net.operand(x, "activation");
  const w = net.weight(weight, bits.weight);
  const fused = net.exact ? undefined : bias?.value;
  const y = fused === undefined ? product(net, a, w) : gemm(net.g, a.value, w.value, { bias: fused });
  const back = (dy: Value): readonly (Value | undefined)[] => {
    const d = net.operand(dy, "gradient", bits.gradient);
    const dx = net.tracks(x) ? product(net, d, w, { transB: true }) : undefined;
    return [dx, product(net, a, d, { transA: true }), fused && sumRows(net, dy)];
  };
  net.record(y, fused === undefined ? [x, weight.value] : [x, weight.value, fused], back);
  return bias === undefined || fused !== undefined ? y : addBias(net, y, bias, bits.gradient);
}

/** x[R, N] + b[N]. */
function addBias(net: Net, x: Value, bias: Param, gradient: number | undefined): Value {
  const b = net.real(bias);
  return net.record(add(net.g, x, b), [x, b], (dy) => [dy, sumRows(net, dy, gradient)]);
}

/**
 * x[R, N] as `parts` tensors of N / parts columns, in the exact lowering on one grid, ready for products.
 * Their gradients are joined as they were cut.
 */
export function splitColumns(net: Net, x: Value, parts: number): readonly Value[] {
  const { g } = net;
  const { value, max } = net.operand(x, "activation");
  const cut = split(g, value, 1, parts);
  if (net.exact) for (const piece of cut) net.onGrid(piece, max);
  return net.recordMany(cut, x, (dys) => concat(g, dys, 1));
}
