// Convolution and max-pooling with their gradients. Batch first, then channels, then rows and columns; no padding, stride 1.
import { PouwError } from "../../base/index.ts";
import { bitsForSum, EXACT_LIMIT, type Gridded } from "./grid.ts";
import { fixed, type Value } from "./ir.ts";
import type { Net, Param } from "./net.ts";
import { add, cast, concat, max, mul, reduceSum, reshape, split, sub, transpose } from "./ops.ts";
import { addUp } from "./products.ts";

/** Most bits of an operand that meets `other` in a reduction of length `length`. */
function bitsAgainst(other: Gridded, length: number): number {
  return Math.min(bitsForSum(1), Math.floor(Math.log2(EXACT_LIMIT / (other.max * length))));
}

function size4(value: Value): readonly [number, number, number, number] {
  const sizes = fixed(value.shape);
  if (sizes.length !== 4) throw new PouwError("BAD_GRAPH", `A convolution reads four axes, not [${sizes.join()}].`);
  return sizes as unknown as [number, number, number, number];
}

/** x[B, C, H, W] with kernels w[M, C, k, k]: [B, M, H-k+1, W-k+1]. The exact lowering throws BAD_GRAPH when C*k*k is too long. */
export function conv2d(net: Net, x: Value, weight: Param): Value {
  const [batch, channels, height, width] = size4(x);
  const [maps, , size] = size4(weight.value);
  const out = [batch, maps, height - size + 1, width - size + 1] as const;
  const area = out[2] * out[3];
  const a = net.operand(x, "activation");
  const w = net.weight(weight);
  const kernel = { kernel_shape: [size, size] };
  const y = net.g.node("Conv", [a.value, w.value], { shape: out }, kernel);
  return net.record(y, [x, weight.value], (dy) => {
    const bits = net.exact ? Math.min(net.bits.gradient, bitsAgainst(w, maps * size ** 2), bitsAgainst(a, area)) : 0;
    const d = net.operand(dy, "gradient", bits);
    const dx = net.tracks(x)
      ? net.g.node("ConvTranspose", [d.value, w.value], { shape: [batch, channels, height, width] }, kernel)
      : undefined;
    return [
      dx,
      net.exact ? kernelGradient(net, a.value, d.value, size) : plainKernelGradient(net, a.value, d.value, size),
    ];
  });
}

/**
 * Sum over the batch of each image's own kernel gradient: one grouped convolution, in which every group is one channel of
 * one image, so that a reduction is only as long as the image; then a sum over the batch in a fixed order.
 */
function kernelGradient(net: Net, x: Value, dy: Value, size: number): Value {
  const { g } = net;
  const [batch, channels, height, width] = size4(x);
  const [, maps, h, w] = size4(dy);
  const one = reshape(g, dy, [batch, 1, maps, h * w]);
  const each =
    channels === 1
      ? one
      : g.node("Expand", [one, g.constant([batch, channels, maps, h * w], [4], "int64")], {
          shape: [batch, channels, maps, h * w],
        });
  const images = reshape(g, x, [1, batch * channels, height, width]);
  const kernels = reshape(g, each, [batch * channels * maps, 1, h, w]);
  const attributes = { kernel_shape: [h, w], group: batch * channels };
  const parts = g.node("Conv", [images, kernels], { shape: [1, batch * channels * maps, size, size] }, attributes);
  const sum = addUp(g, reshape(g, parts, [batch, channels, maps, size * size]));
  return reshape(g, transpose(g, sum, [1, 0, 2]), [maps, channels, size, size]);
}

function plainKernelGradient(net: Net, x: Value, dy: Value, size: number): Value {
  const { g } = net;
  const [, channels] = size4(x);
  const [, maps, h, w] = size4(dy);
  const swap = [1, 0, 2, 3];
  const inputs = [transpose(g, x, swap), transpose(g, dy, swap)];
  const shape = [channels, maps, size, size];
  return transpose(g, g.node("Conv", inputs, { shape }, { kernel_shape: [h, w] }), swap);
}

/** x[B, C, H, W] + b[C]. */
export function channelBias(net: Net, x: Value, bias: Param): Value {
  const { g } = net;
  const [batch, channels, height, width] = size4(x);
  const b = net.real(bias);
  const y = add(g, x, reshape(g, b, [channels, 1, 1]));
  return net.record(y, [x, b], (dy) => {
    const count = batch * height * width;
    const bits = Math.min(net.bits.gradient, bitsForSum(count));
    return [dy, reduceSum(g, net.operand(dy, "gradient", bits).value, [0, 2, 3], false)];
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
    const spread = (from: Value): Value => {
      const d = reshape(g, from, [before * half, 1, rest]);
      const left = mul(g, d, wins);
      return reshape(g, concat(g, [left, sub(g, d, left)], 1), shape);
    };
    return [net.spreads(spread(dy), dy, spread)];
  });
}

/** 2 x 2 max-pooling of [B, C, H, W]: pairs of rows, then pairs of columns. */
export const maxPool2 = (net: Net, x: Value): Value => pairMax(net, pairMax(net, x, 2), 3);

/** Gives a value another shape. */
export function reshaped(net: Net, x: Value, shape: readonly number[]): Value {
  const { g } = net;
  return net.record(reshape(g, x, shape), [x], (dy) => [reshape(g, dy, fixed(x.shape))]);
}
