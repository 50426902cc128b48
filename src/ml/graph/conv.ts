// Convolution and max-pooling with their gradients, by matrix products in a layout of our own, so that no library chooses an algorithm.
// Channels first, then rows and columns, the batch last: a slice copies long runs. No padding, stride 1.
import { PouwError } from "../../base/index.ts";
import { bitsForSum } from "./grid.ts";
import { fixed, type Value } from "./ir.ts";
import type { Net, Param } from "./net.ts";
import type { Operand } from "./operand.ts";
import { add, cast, concat, gather, max, mul, pad, reduceSum, reshape, slice, split, sub, transpose } from "./ops.ts";
import { product } from "./products.ts";

/** Bits of what meets: weights and inputs, then weights and gradients. */
const FORWARD = { weight: 7, input: 6 } as const;
const BACK = { weight: 6, gradient: 7 } as const;

type Size4 = readonly [number, number, number, number];
function size4(value: Value): Size4 {
  const sizes = fixed(value.shape);
  if (sizes.length !== 4) throw new PouwError("BAD_GRAPH", `A convolution reads four axes, not [${sizes.join()}].`);
  return sizes as unknown as Size4;
}

/** All windows of x[C, H, W, B] as columns: [k*k*C, h*w*B], rows of the kernel outermost. */
function windows({ g }: Net, x: Value, size: number): Value {
  const slide = (from: Value, axis: number): Value => {
    const length = (from.shape[axis] as number) - size + 1;
    const shifts = Array.from({ length: size }, (_, i) => slice(g, from, axis, { from: i, to: i + length }));
    return concat(g, shifts, 0);
  };
  const all = slide(slide(x, 2), 1);
  const [taps, h, w, batch] = size4(all);
  return reshape(g, all, [taps, h * w * batch]);
}

/** Kernels w[M, C, k, k] as rows [M, k*k*C], in the order of the windows. */
function kernelRows({ g }: Net, weight: Value): Value {
  const [maps, channels, size] = size4(weight);
  return reshape(g, transpose(g, weight, [0, 2, 3, 1]), [maps, size * size * channels]);
}

/** The same kernels turned by half a circle, as rows [C, k*k*M]: what brings gradients back. */
function turnedRows({ g }: Net, weight: Value): Value {
  const [maps, channels, size] = size4(weight);
  const taps = size * size;
  const last = Array.from({ length: taps }, (_, i) => taps - 1 - i);
  const turned = gather(g, reshape(g, weight, [maps, channels, taps]), g.constant(last, [taps], "int32"), 2);
  return reshape(g, transpose(g, turned, [1, 2, 0]), [channels, taps * maps]);
}

/** x[C, H, W, B] with kernels w[M, C, k, k]: [M, H-k+1, W-k+1, B]. */
export function conv2d(net: Net, x: Value, weight: Param): Value {
  const { g, operands } = net;
  const [channels, height, width, batch] = size4(x);
  const [maps, , size] = size4(weight.value);
  const [h, w] = [height - size + 1, width - size + 1];
  const over = (operand: Operand, change: (value: Value) => Value): Operand => ({
    ...operand,
    value: change(operand.value),
  });
  const kernels = over(operands.left(weight.value, "activation", FORWARD.weight), (v) => kernelRows(net, v));
  const columns = over(operands.right(x, "activation", FORWARD.input), (v) => windows(net, v, size));
  const y = reshape(g, product(g, kernels, columns), [maps, h, w, batch]);
  return net.record(y, [x, weight.value], (dy) => {
    const d = operands.right(dy, "gradient", BACK.gradient);
    const across = over(d, (v) => transpose(g, reshape(g, v, [maps, h * w * batch]), [1, 0]));
    const dw = product(g, leftOf(net, x, columns, size), across);
    const back = transpose(g, reshape(g, dw, [size, size, channels, maps]), [3, 2, 0, 1]);
    if (!net.tracks(x)) return [undefined, back];
    const around = [0, size - 1, size - 1, 0];
    const spread = over(d, (v) => windows(net, pad(g, v, around), size));
    const turned = over(operands.left(weight.value, "activation", BACK.weight), (v) => turnedRows(net, v));
    return [reshape(g, product(g, turned, spread), [channels, height, width, batch]), back];
  });
}

/** The windows as the left side of a product: the same bytes where none is negative. */
function leftOf(net: Net, x: Value, columns: Operand, size: number): Operand {
  const { g, operands } = net;
  if (columns.bytes === undefined) return columns;
  if (operands.isNonNegative(x)) return { ...columns, value: cast(g, columns.value, "uint8") };
  const left = operands.left(x, "activation", FORWARD.input);
  return { ...left, value: windows(net, left.value, size) };
}

/** x[C, H, W, B] + b[C]. */
export function channelBias(net: Net, x: Value, bias: Param): Value {
  const { g } = net;
  const [channels, ...rest] = size4(x);
  const b = bias.value;
  return net.record(add(g, x, reshape(g, b, [channels, 1, 1, 1])), [x, b], (dy) => {
    const bits = Math.min(net.bits.gradient, bitsForSum(rest.reduce((p, q) => p * q, 1)));
    return [dy, reduceSum(g, net.operands.real(dy, "gradient", bits).value, [1, 2, 3], false)];
  });
}

/** Larger of each pair of neighbours along `axis`; the gradient goes to the first of two equal ones. */
export function pairMax(net: Net, x: Value, axis: number): Value {
  const { g } = net;
  const shape = fixed(x.shape);
  const half = (shape[axis] as number) / 2;
  const rest = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const before = shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const pairs = reshape(g, x, [before * half, 2, rest]);
  const [first, second] = split(g, pairs, 1, 2) as [Value, Value];
  const out = shape.map((dim, i) => (i === axis ? half : dim));
  const y = reshape(g, max(g, first, second), out);
  return net.record(y, [x], (dy) => {
    const wins = cast(g, g.node("GreaterOrEqual", [first, second], { shape: first.shape, dtype: "bool" }), "float32");
    const d = reshape(g, dy, [before * half, 1, rest]);
    const left = mul(g, d, wins);
    return [reshape(g, concat(g, [left, sub(g, d, left)], 1), shape)];
  });
}

/** 2 x 2 max-pooling of [C, H, W, B]: pairs of rows, then pairs of columns. */
export const maxPool2 = (net: Net, x: Value): Value => pairMax(net, pairMax(net, x, 1), 2);

/** x[C, H, W, B] as a row of C*H*W values for each of the batch. */
export function flattened(net: Net, x: Value): Value {
  const { g } = net;
  const [channels, height, width, batch] = size4(x);
  const flat = channels * height * width;
  const y = transpose(g, reshape(g, x, [flat, batch]), [1, 0]);
  return net.record(y, [x], (dy) => [reshape(g, transpose(g, dy, [1, 0]), fixed(x.shape))]);
}
