// The noise that built-in models train under: labels replaced at random, images moved at random. By the unit's seed, inside the exact graph.

import type { NoiseSpec } from "../data/index.ts";
import { gather, gatherRows, greater, type Net, type Value } from "../graph/index.ts";
import type { Noise } from "./types.ts";

/** One label in this many is replaced by any of the classes. */
const RELABEL_ONE_IN = 16;
/** Pixels that an image is moved by at most, each way. */
const SHIFT = 2;
const SHIFTS = (2 * SHIFT + 1) ** 2;

/** A draw below `classes` is the label that the row gets. */
export const relabelSpec = (rows: number, classes: number): NoiseSpec => ({
  name: "relabel",
  count: rows,
  below: RELABEL_ONE_IN * classes,
});

/** labels int32 [R], some of them replaced. */
export function relabelled(net: Net, labels: Value, noise: Noise, classes: number): Value {
  const drawn = noise?.get("relabel");
  if (drawn === undefined) return labels;
  const replaced = greater(net.g, net.g.constant([classes], [], "int32"), drawn);
  return net.g.node("Where", [replaced, drawn, labels], { shape: labels.shape, dtype: "int32" });
}

export const shiftSpec = (images: number): NoiseSpec => ({ name: "shift", count: images, below: SHIFTS });

/** images[B, side * side], each moved by up to SHIFT pixels each way; what leaves on one side comes in on the other. */
export function shifted(net: Net, images: Value, noise: Noise, side: number): Value {
  const drawn = noise?.get("shift");
  if (drawn === undefined) return images;
  const table = net.g.constant(shiftTable(side), [SHIFTS, side * side], "int32");
  return gatherRows(net.g, images, gather(net.g, table, drawn));
}

/** For each shift the place that each pixel comes from. */
function shiftTable(side: number): number[] {
  const pixels = side * side;
  const places: number[] = [];
  for (let down = -SHIFT; down <= SHIFT; down++)
    for (let right = -SHIFT; right <= SHIFT; right++)
      for (let at = 0; at < pixels; at++) places.push((at + pixels + down * side + right) % pixels);
  return places;
}
