// First parameters of a model: the same bits on every machine, from integers and correctly rounded double arithmetic only.
import { utf8 } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import type { ParameterSpec } from "./types.ts";

/** A stream of unsigned 32-bit integers from a text seed (xoshiro128**). Not for secrets. */
export function integerStream(seed: string): () => number {
  const view = new DataView(sha256(utf8(seed)).slice().buffer);
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => view.getUint32(at)) as [number, number, number, number];
  const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
  return () => {
    const out = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return out;
  };
}

/** Sum of twelve 16-bit integers, centred: a bell of variance 2^32 (within 2^-30), in 1/2^16 steps of its deviation. */
function bell(next: () => number): number {
  let sum = -12 * 32768 + 6;
  for (let i = 0; i < 6; i++) {
    const pair = next();
    sum += (pair >>> 16) + (pair & 0xffff);
  }
  return sum;
}

/** Initial values of all parameters, one after the other, each on its grid and within its range. */
export function drawParameters(specs: readonly ParameterSpec[], seed: string): Float32Array {
  const values: number[] = [];
  for (const { name, shape, exponent, init } of specs) {
    const count = shape.reduce((a, b) => a * b, 1);
    const unit = 2 ** exponent;
    const limit = 2 ** 22;
    const next = integerStream(`${seed}/${name}`);
    for (let i = 0; i < count; i++) {
      const wanted = init.kind === "normal" ? (bell(next) / 65536) * init.std : init.kind === "ones" ? 1 : 0;
      values.push(Math.max(-limit, Math.min(limit - 1, Math.round(wanted / unit))) * unit);
    }
  }
  return Float32Array.from(values);
}
