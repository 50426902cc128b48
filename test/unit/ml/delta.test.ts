// The exact delta codec and aggregation on chosen cases; the laws are in test/property/delta.test.ts.
import { describe, expect, it } from "vitest";
import { finish, toHex } from "../../../src/base/index.ts";
import { aggregate, divideToEven } from "../../../src/ml/aggregation/mean.ts";
import {
  applyDelta,
  decodeDelta,
  encodeDelta,
  encodeIntegers,
  type GridLayout,
  maxDeltaBytes,
  toGrid,
} from "../../../src/ml/delta/index.ts";
import { fromGrid } from "../../support/grid.ts";

const one = (size: number, exponent = -20): GridLayout => ({ parameters: [{ name: "w", shape: [size], exponent }] });
const refused = expect.objectContaining({ code: "BAD_ENCODING" });
const decodes = (layout: GridLayout, bytes: readonly number[]): number[] => [
  ...decodeDelta(layout, Uint8Array.from(bytes)),
];

describe("the exact codec", () => {
  it("writes the documented bits", () => {
    // Folded 1, 2, 0: sum 3, count 3: 3 * 177 <= 768, so k = 0: 00001, then 01 001 1, padded.
    expect(toHex(encodeIntegers(one(3), Int32Array.from([-1, 1, 0])))).toBe("0a60");
    expect(0b0000101001100000).toBe(0x0a60);
    expect(decodes(one(3), [0x0a, 0x60])).toEqual([-1, 1, 0]);
    // All zero: 5 zero bits a block.
    expect(encodeIntegers(one(1280), new Int32Array(1280))).toHaveLength(Math.ceil((10 * 5) / 8));
  });

  it("starts a new block at every tensor", () => {
    const layout = { parameters: [...one(1).parameters, { name: "b", shape: [], exponent: -10 }] };
    // Sum 1, count 1: 177 <= 256, so k = 0: 00001 01; then 00000.
    expect(encodeIntegers(layout, Int32Array.from([-1, 0]))).toEqual(Uint8Array.from([0b00001010, 0b00000000]));
  });

  it("refuses every second way to say the same", () => {
    const layout = one(3);
    expect(decodes(layout, [0])).toEqual([0, 0, 0]);
    // All zero, but written as a block with k = 0: 00001 1 1 1.
    expect(() => decodes(layout, [0b00001111])).toThrow(refused);
    // -1, 1, 0 with k = 1: 00010 11 010 10.
    expect(() => decodes(layout, [0b00010110, 0b10100000])).toThrow(refused);
    // A one in the padding, a byte too many, a byte too few.
    expect(() => decodes(layout, [0x0a, 0x61])).toThrow(refused);
    expect(() => decodes(layout, [0x0a, 0x60, 0])).toThrow(refused);
    expect(() => decodes(layout, [0x0a])).toThrow(refused);
    expect(() => decodes(layout, [])).toThrow(refused);
    // No such k, an endless unary number, a value beyond the grid.
    expect(() => decodes(layout, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff])).toThrow(refused);
    expect(() => decodes(layout, [0b00001000, ...new Array<number>(60).fill(0), 1])).toThrow(refused);
    expect(() => encodeIntegers(layout, Int32Array.from([2 ** 23, 0, 0]))).toThrow(refused);
  });

  it("carries the largest differences", () => {
    const layout = one(5);
    const values = Int32Array.from([2 ** 23 - 1, -(2 ** 23) + 1, 0, 1, -1]);
    const bytes = encodeIntegers(layout, values);
    expect(decodeDelta(layout, bytes)).toEqual(values);
    expect(bytes.length).toBeLessThanOrEqual(maxDeltaBytes(values.length));
  });

  it("refuses parameters off the grid", () => {
    const layout = one(2);
    const good = fromGrid(layout, Int32Array.from([5, -(2 ** 22)]));
    expect([...toGrid(layout, good)]).toEqual([5, -(2 ** 22)]);
    expect(() => encodeDelta(layout, good, Float32Array.of(5 * 2 ** -21, 0))).toThrow(refused);
    expect(() => encodeDelta(layout, good, Float32Array.of(4, 0))).toThrow(refused);
    expect(() => encodeDelta(layout, good, Float32Array.of(2 ** 40, 0))).toThrow(refused);
    expect(() => encodeDelta(layout, good, Float32Array.of(0))).toThrow(refused);
    const infinite = expect.objectContaining({ code: "NOT_FINITE" });
    expect(() => encodeDelta(layout, good, Float32Array.of(Number.NaN, 0))).toThrow(infinite);
    expect(() => encodeDelta(layout, good, Float32Array.of(Number.POSITIVE_INFINITY, 0))).toThrow(infinite);
  });

  it("does not apply a delta that leaves the grid", () => {
    const layout = one(1);
    const top = fromGrid(layout, Int32Array.of(2 ** 22 - 1));
    expect(() => applyDelta(layout, top, Int32Array.of(1))).toThrow(refused);
    expect([...toGrid(layout, applyDelta(layout, top, Int32Array.of(-1)))]).toEqual([2 ** 22 - 2]);
  });
});

describe("aggregation", () => {
  const layout = one(4, -3);
  const start = fromGrid(layout, Int32Array.from([0, 100, -100, 2 ** 22 - 2]));
  const weigh = (lags: readonly number[], deltas: readonly number[][]): number[] => {
    const all = deltas.map((delta, i) => ({ delta: Int32Array.from(delta), lag: lags[i] ?? 0 }));
    return [...toGrid(layout, finish(aggregate(layout, start, all)))];
  };
  const step = (...deltas: number[][]): number[] => weigh([], deltas);

  it("takes the mean, halves to even, clamped", () => {
    expect(step([1, 1, -1, 9], [2, 2, -2, 9])).toEqual([2, 102, -102, 2 ** 22 - 1]);
    expect(step([0, 3, -3, 0], [1, 4, -4, 0])).toEqual([0, 104, -104, 2 ** 22 - 2]);
    expect(step([1, 0, 0, 0], [1, 0, 0, 0], [0, 1, -1, 0])).toEqual([1, 100, -100, 2 ** 22 - 2]);
  });

  it("halves the weight of a contribution with each round that it is late, and divides by their number", () => {
    expect(weigh([1], [[8, -8, 8, 0]])).toEqual([4, 96, -96, 2 ** 22 - 2]);
    expect(weigh([7], [[128, -128, 64, 0]])).toEqual([1, 99, -100, 2 ** 22 - 2]);
    // (128 * 6 + 32 * 8) / (128 * 2) = 4.
    expect(
      weigh(
        [0, 2],
        [
          [6, 0, 0, 0],
          [8, 0, 0, 0],
        ],
      ),
    ).toEqual([4, 100, -100, 2 ** 22 - 2]);
    for (const lag of [8, -1, 0.5]) expect(() => weigh([lag], [[1, 1, 1, 1]])).toThrow();
  });

  it("is exact at its bounds: 64 contributions that each cross the whole grid", () => {
    const across = Array.from({ length: 64 }, () => [2 ** 22 - 1, -(2 ** 22), 0, 0]);
    expect(step(...across).slice(0, 2)).toEqual([2 ** 22 - 1, 100 - 2 ** 22].map((x) => Math.max(x, -(2 ** 22))));
    expect(() => step(...across, [0, 0, 0, 0])).toThrow(expect.objectContaining({ code: "INTERNAL" }));
  });

  it("refuses none, too many, and a wrong length", () => {
    expect(() => step()).toThrow(expect.objectContaining({ code: "INTERNAL" }));
    expect(() => step([1, 2, 3])).toThrow(refused);
  });

  it("rounds as documented", () => {
    expect([1, 3, 5, -1, -3, -5, 7].map((x) => divideToEven(x, 2))).toEqual([0, 2, 2, 0, -2, -2, 4]);
    expect([1, 2, 4, 5, -1, -2, -4, -5].map((x) => divideToEven(x, 3))).toEqual([0, 1, 1, 2, 0, -1, -1, -2]);
  });
});
