// Parameters from the integers that they are.
import { checkLength, type GridLayout, spans } from "../../src/ml/delta/index.ts";

/** float32 values of grid integers; zero comes out as +0. */
export function fromGrid(layout: GridLayout, integers: Int32Array): Float32Array {
  checkLength(layout, integers, "a parameter vector");
  const out = new Float32Array(integers.length);
  for (const { from, to, scale } of spans(layout))
    for (let i = from; i < to; i++) out[i] = (integers[i] as number) * scale;
  return out;
}
