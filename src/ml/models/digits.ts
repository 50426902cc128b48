// The digits as every digit model reads them: pixels on a grid in [0, 1], labels as integers, both under noise while training.

import type { NoiseSpec } from "../data/index.ts";
import {
  cast,
  gather,
  type Net,
  type Operand,
  type Precision,
  reshape,
  scale,
  shiftRight,
  transpose,
  type Value,
} from "../graph/index.ts";
import { relabelled, relabelSpec, shifted, shiftSpec } from "./noise.ts";
import type { DataSpec, ForwardInput } from "./types.ts";

const SIDE = 28;
const CLASSES = 10;

export const DIGITS: DataSpec = {
  name: "digits",
  inputs: [
    { name: "images", dtype: "uint8", shape: ["N", SIDE * SIDE], limit: 256 },
    { name: "labels", dtype: "uint8", shape: ["N"], limit: CLASSES },
  ],
  window: 1,
};

/**
 * The gradient of ten logits has small values beside large ones. Rounded to 9 bits its rows no longer add up to zero, so all classes'
 * weights are pushed one way, which no loss feels or holds up, until they fill their range. These are the most bits at which the products
 * over a batch of 32 are not cut.
 */
export const HEAD: Precision = { activation: 8, weight: 7, gradient: 11 };

export const digitNoise = (batch: number): readonly NoiseSpec[] => [shiftSpec(batch), relabelSpec(batch, CLASSES)];

type Input = Omit<ForwardInput, "params">;

/** Pixels uint8 [B, 784] of the samples `index` [B], moved by the noise. */
const rowsOf = (net: Net, { index, data, noise }: Input): Value =>
  shifted(net, gather(net.g, data.get("images") as Value, index), noise, SIDE);

/** Labels int32 [B] of the samples. */
export function digitLabels(net: Net, { index, data, noise }: Input): Value {
  const labels = cast(net.g, gather(net.g, data.get("labels") as Value, index), "int32");
  return relabelled(net, labels, noise, CLASSES);
}

/** Pixels in [0, 1) as [B, 784], in the exact lowerings as 7 bits, the left factor of a product. */
export const digitRows = (net: Net, input: Input): Value =>
  asFactor(net, rowsOf(net, input), { bits: 7, dtype: "uint8" });

/** Pixels in [0, 1) as [1, 28, 28, B], in the exact lowerings as 6 bits, the right factor of a convolution. */
export function digitImages(net: Net, input: Input): Value {
  const rows = transpose(net.g, rowsOf(net, input), [1, 0]);
  const images = reshape(net.g, rows, [1, SIDE, SIDE, input.index.shape[0] as number]);
  return asFactor(net, images, { bits: 6, dtype: "int8" });
}

/** Bytes as numbers in [0, 1): rounded down to multiples of 2^-bits in the exact lowerings. */
function asFactor(
  net: Net,
  pixels: Value,
  { bits, dtype }: { readonly bits: number; readonly dtype: "uint8" | "int8" },
): Value {
  const { g, operands } = net;
  if (!net.exact) return scale(g, cast(g, pixels, "float32"), 2 ** -8);
  const kept = shiftRight(g, pixels, 8 - bits);
  const bytes = net.lowering === "int8" ? { bytes: { zero: 0, step: g.scalar(2 ** -bits) } } : {};
  const value =
    net.lowering === "int8"
      ? dtype === "int8"
        ? cast(g, kept, dtype)
        : kept
      : scale(g, cast(g, kept, "float32"), 2 ** -bits);
  const factor: Operand = { value, max: 2 ** bits - 1, ...bytes };
  return operands.nonNegative(operands.give(value, factor));
}
