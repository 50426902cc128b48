// The operators, with their shapes. Each function appends one node (rarely a few) and returns what it makes.
import { PouwError } from "../../base/index.ts";
import type { GraphBuilder } from "./builder.ts";
import { broadcast, type DType, dimAt, fixed, type Shape, type Value } from "./ir.ts";

type Binary = (g: GraphBuilder, a: Value, b: Value) => Value;
const binary =
  (op: string, dtype?: DType): Binary =>
  (g, a, b) =>
    g.node(op, [a, b], { shape: broadcast(a.shape, b.shape), dtype: dtype ?? a.dtype });

export const add: Binary = binary("Add");
export const sub: Binary = binary("Sub");
export const mul: Binary = binary("Mul");
export const div: Binary = binary("Div");
export const max: Binary = binary("Max");
/** Largest of several scalars, in one node. */
export const largestOf = (g: GraphBuilder, scalars: readonly Value[]): Value => g.node("Max", scalars, { shape: [] });
export const min: Binary = binary("Min");
export const equal: Binary = binary("Equal", "bool");
export const greater: Binary = binary("Greater", "bool");

type Unary = (g: GraphBuilder, x: Value) => Value;
const unary =
  (op: string): Unary =>
  (g, x) =>
    g.node(op, [x], x);

export const abs: Unary = unary("Abs");
export const neg: Unary = unary("Neg");
export const sqrt: Unary = unary("Sqrt");
export const relu: Unary = unary("Relu");
export const identity: Unary = unary("Identity");
/** Only in the plain lowering and in what is shown to people: these differ between processors. */
export const exp: Unary = unary("Exp");
export const log: Unary = unary("Log");
export const erf: Unary = unary("Erf");

/**
 * A number to combine with x: of x's rank where x's last axis has one element, since onnxruntime broadcasts a scalar to a
 * column element by element, fifteen times slower than a tensor of the same rank.
 */
export const numberFor = (g: GraphBuilder, { shape }: Value, value: number): Value =>
  g.constant([value], shape.length > 1 && shape.at(-1) === 1 ? shape.map(() => 1) : []);
export const scale = (g: GraphBuilder, x: Value, factor: number): Value => mul(g, x, numberFor(g, x, factor));
export const shift = (g: GraphBuilder, x: Value, term: number): Value => add(g, x, numberFor(g, x, term));
/** The larger of x and a number. */
export const atLeast = (g: GraphBuilder, x: Value, floor: number): Value => max(g, x, numberFor(g, x, floor));
export const clip = (g: GraphBuilder, x: Value, low: number, high: number): Value =>
  g.node("Clip", [x, g.scalar(low), g.scalar(high)], { shape: x.shape });

/** min(max(slope * x + 1/2, 0), 1) in one pass; the slope is a power of two, so that only the addition rounds. */
export const ramp = (g: GraphBuilder, x: Value, slope: number): Value =>
  g.node("HardSigmoid", [x], x, { alpha: { float: slope }, beta: { float: 0.5 } });

const DTYPE_CODES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9 } as const;
/** ONNX's number of a type. */
export const dtypeCode = (dtype: DType): number => DTYPE_CODES[dtype];

export const cast = (g: GraphBuilder, x: Value, dtype: DType): Value =>
  g.node("Cast", [x], { shape: x.shape, dtype }, { to: dtypeCode(dtype) });

export function gather(g: GraphBuilder, data: Value, index: Value, axis = 0): Value {
  const shape = [...data.shape.slice(0, axis), ...index.shape, ...data.shape.slice(axis + 1)];
  return g.node("Gather", [data, index], { shape, dtype: data.dtype }, { axis });
}

/** For each row of x[R, N] its elements at the places index[R, M]. */
export const gatherRows = (g: GraphBuilder, x: Value, index: Value): Value =>
  g.node("GatherElements", [x, index], { shape: index.shape, dtype: x.dtype }, { axis: 1 });

const axesOf = (g: GraphBuilder, axes: readonly number[]): Value => g.constant(axes, [axes.length], "int64");

export function reshape(g: GraphBuilder, x: Value, shape: readonly number[]): Value {
  const size = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
  if (size(fixed(x.shape)) !== size(shape))
    throw new PouwError("BAD_GRAPH", `Cannot reshape [${x.shape.join()}] to [${shape.join()}].`);
  if (x.shape.join() === shape.join()) return x;
  return g.node("Reshape", [x, axesOf(g, shape)], { shape, dtype: x.dtype });
}

export function transpose(g: GraphBuilder, x: Value, perm: readonly number[]): Value {
  const shape = perm.map((axis) => x.shape[axis] as number);
  return g.node("Transpose", [x], { shape, dtype: x.dtype }, { perm });
}

/** Places `from` to `to`, without `to`, along `axis`. */
export function slice(g: GraphBuilder, x: Value, axis: number, { from, to }: { from: number; to: number }): Value {
  const shape = x.shape.map((dim, i) => (i === axis ? to - from : dim));
  return g.node("Slice", [x, axesOf(g, [from]), axesOf(g, [to]), axesOf(g, [axis])], { shape, dtype: x.dtype });
}

/** `parts` equal pieces along `axis`. */
export function split(g: GraphBuilder, x: Value, axis: number, parts: number): readonly Value[] {
  if (parts === 1) return [x];
  const size = dimAt(x.shape, axis) / parts;
  const shape = x.shape.map((dim, i) => (i === axis ? size : dim));
  const sizes = axesOf(
    g,
    Array.from({ length: parts }, () => size),
  );
  const outputs = Array.from({ length: parts }, () => ({ shape, dtype: x.dtype }));
  return g.nodes("Split", [x, sizes], outputs, { axis });
}

export function concat(g: GraphBuilder, xs: readonly Value[], axis: number): Value {
  const first = xs[0] as Value;
  const total = xs.reduce((sum, x) => sum + dimAt(x.shape, axis), 0);
  const shape = first.shape.map((dim, i) => (i === axis ? total : dim));
  return g.node("Concat", xs, { shape, dtype: first.dtype }, { axis });
}

type Reduction = (g: GraphBuilder, x: Value, axes: readonly number[], keep?: boolean) => Value;
const reduction =
  (op: string): Reduction =>
  (g, x, axes, keep = true) => {
    const shape = x.shape.flatMap((dim, i) => (axes.includes(i) ? (keep ? [1] : []) : [dim]));
    return g.node(op, [x, axesOf(g, axes)], { shape, dtype: x.dtype }, { keepdims: keep ? 1 : 0 });
  };

export const reduceMax: Reduction = reduction("ReduceMax");
export const reduceSum: Reduction = reduction("ReduceSum");
export const reduceMin: Reduction = reduction("ReduceMin");
/** Only in the plain lowering. */
export const reduceMean: Reduction = reduction("ReduceMean");
/** Only in the plain lowering: over the last axis. */
export const softmaxOp = (g: GraphBuilder, x: Value): Value => g.node("Softmax", [x], x, { axis: -1 });

/** A[M,K] B[K,N] (after the transpositions) and, in the plain lowering, a bias. */
export function gemm(
  g: GraphBuilder,
  a: Value,
  b: Value,
  { transA = false, transB = false, bias }: { transA?: boolean; transB?: boolean; bias?: Value | undefined } = {},
): Value {
  const shape: Shape = [a.shape[transA ? 1 : 0] as number, b.shape[transB ? 0 : 1] as number];
  if (a.shape[transA ? 0 : 1] !== b.shape[transB ? 1 : 0])
    throw new PouwError("BAD_GRAPH", `Gemm of [${a.shape.join()}] and [${b.shape.join()}] does not fit.`);
  const inputs = bias === undefined ? [a, b] : [a, b, bias];
  return g.node("Gemm", inputs, { shape }, { ...(transA && { transA: 1 }), ...(transB && { transB: 1 }) });
}

/** Batched product over the last two axes; the axes before them are the same on both sides. */
export function matmul(g: GraphBuilder, a: Value, b: Value): Value {
  const batch = a.shape.slice(0, -2);
  if (a.shape.at(-1) !== b.shape.at(-2) || batch.join() !== b.shape.slice(0, -2).join())
    throw new PouwError("BAD_GRAPH", `MatMul of [${a.shape.join()}] and [${b.shape.join()}] does not fit.`);
  const shape = [...batch, a.shape.at(-2) as number, b.shape.at(-1) as number];
  return g.node("MatMul", [a, b], { shape });
}

/** round(x / step) + zero, half to even, cut to the range of `dtype`; `step` is one number. */
export const quantizeLinear = (
  g: GraphBuilder,
  x: Value,
  step: Value,
  { dtype, zero }: { readonly dtype: "uint8" | "int8"; readonly zero: number },
): Value => g.node("QuantizeLinear", [x, step, g.constant([zero], [], dtype)], { shape: x.shape, dtype });

/** Bytes, what is taken off each, and what one of them is worth. */
export interface Bytes {
  readonly value: Value;
  readonly zero: number;
  readonly step: Value;
}

/** A[M, K] B[K, N] of bytes, summed in 32 bits: float32. */
export function byteProduct(g: GraphBuilder, a: Bytes, b: Bytes): Value {
  const [left, right] = [a.value, b.value];
  if (left.shape.at(-1) !== right.shape[0])
    throw new PouwError("BAD_GRAPH", `Bytes [${left.shape.join()}] and [${right.shape.join()}] do not fit.`);
  const zeros = [a, b].map(({ value: { dtype }, zero }) => g.constant([zero], [], dtype));
  const shape = [...left.shape.slice(0, -1), right.shape[1] as number];
  return g.node("MatMulIntegerToFloat", [left, right, a.step, b.step, ...zeros], { shape });
}

/** Unsigned bytes divided by 2^by, rounded down. */
export const shiftRight = (g: GraphBuilder, x: Value, by: number): Value =>
  g.node("BitShift", [x, g.constant([by], [], "uint8")], x, { direction: { text: "RIGHT" } });

/** Zeros before and behind, by axis. */
export function pad(g: GraphBuilder, x: Value, around: readonly number[]): Value {
  const shape = fixed(x.shape).map((dim, axis) => dim + 2 * (around[axis] as number));
  return g.node("Pad", [x, axesOf(g, [...around, ...around])], { shape, dtype: x.dtype });
}
