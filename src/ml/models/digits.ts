// The digits as every digit model reads them: pixels on a grid in [0, 1], labels as integers, both under noise while training.

import type { NoiseSpec } from "../data/index.ts";
import { cast, gather, type LinearBits, type Net, reshape, roundTo, scale, type Value } from "../graph/index.ts";
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
export const HEAD: LinearBits = { gradient: 11 };

export const digitNoise = (batch: number): readonly NoiseSpec[] => [shiftSpec(batch), relabelSpec(batch, CLASSES)];

export interface DigitOptions {
  /** Of one image. */
  readonly shape: readonly number[];
  /** 8: pixels as they are, multiples of 2^-8 below 1. 7: rounded to multiples of 2^-7 up to 1. */
  readonly bits: 7 | 8;
}

/** Pixels [B, ...shape] and labels int32 [B] of the samples `index` [B]. */
export function digitBatch(
  net: Net,
  { index, data, noise }: Omit<ForwardInput, "params">,
  { shape, bits }: DigitOptions,
): { pixels: Value; labels: Value } {
  const { g } = net;
  const rows = shifted(net, gather(g, data.get("images") as Value, index), noise, SIDE);
  const image = reshape(g, rows, [index.shape[0] as number, ...shape]);
  const raw = scale(g, cast(g, image, "float32"), 2 ** -8);
  const pixels = net.exact && bits === 7 ? roundTo(g, raw, -7) : raw;
  net.onGrid(pixels, bits === 7 ? 2 ** 7 : 255);
  const labels = cast(g, gather(g, data.get("labels") as Value, index), "int32");
  return { pixels: net.nonNegative(pixels), labels: relabelled(net, labels, noise, CLASSES) };
}
