// The digits as every digit model reads them: pixels on a grid in [0, 1], labels as integers.
import { cast, gather, type Net, reshape, roundTo, scale, type Value } from "../graph/index.ts";
import type { DataSpec } from "./types.ts";

export const DIGITS: DataSpec = {
  name: "digits",
  inputs: [
    { name: "images", dtype: "uint8", shape: ["N", 784], limit: 256 },
    { name: "labels", dtype: "uint8", shape: ["N"], limit: 10 },
  ],
  window: 1,
};

export interface DigitOptions {
  /** Of one image. */
  readonly shape: readonly number[];
  /** 8: pixels as they are, multiples of 2^-8 below 1. 7: rounded to multiples of 2^-7 up to 1. */
  readonly bits: 7 | 8;
}

/** Pixels [B, ...shape] and labels int32 [B] of the samples `index` [B]. */
export function digitBatch(
  net: Net,
  index: Value,
  data: ReadonlyMap<string, Value>,
  { shape, bits }: DigitOptions,
): { pixels: Value; labels: Value } {
  const { g } = net;
  const rows = gather(g, data.get("images") as Value, index);
  const image = reshape(g, rows, [index.shape[0] as number, ...shape]);
  const raw = scale(g, cast(g, image, "float32"), 2 ** -8);
  const pixels = net.exact && bits === 7 ? roundTo(g, raw, -7) : raw;
  net.onGrid(pixels, bits === 7 ? 2 ** 7 : 255);
  return { pixels: net.nonNegative(pixels), labels: cast(g, gather(g, data.get("labels") as Value, index), "int32") };
}
