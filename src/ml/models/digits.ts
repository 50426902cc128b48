// The digits as every digit model reads them: pixels on a 7-bit grid in [0, 1], labels as integers.
import { type Net, roundTo, type Value } from "../graph/index.ts";
import { cast, gather, reshape, scale } from "../graph/ops.ts";
import type { DataSpec } from "./types.ts";

export const DIGITS: DataSpec = {
  name: "digits",
  inputs: [
    { name: "images", dtype: "uint8", shape: ["N", 784], limit: 256 },
    { name: "labels", dtype: "uint8", shape: ["N"], limit: 10 },
  ],
  window: 1,
};

/** Pixels [B, ...shape] as multiples of 2^-7 up to 1, labels int32 [B], of the samples `index` [B]. */
export function digitBatch(
  net: Net,
  index: Value,
  data: ReadonlyMap<string, Value>,
  shape: readonly number[] = [784],
): { pixels: Value; labels: Value } {
  const { g } = net;
  const rows = gather(g, data.get("images") as Value, index);
  const image = reshape(g, rows, [index.shape[0] as number, ...shape]);
  const raw = scale(g, cast(g, image, "float32"), 2 ** -8);
  const pixels = net.exact ? net.onGrid(roundTo(g, raw, -7), 2 ** 7) : raw;
  return { pixels: net.nonNegative(pixels), labels: cast(g, gather(g, data.get("labels") as Value, index), "int32") };
}
