// The arithmetic that the exact lowering stands on, one claim at a time, in the reference evaluator's float32.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  enter,
  evaluate,
  GraphBuilder,
  gridWeight,
  leave,
  magic,
  quantize,
  roundTo,
  type Value,
} from "../../../src/ml/graph/index.ts";
import { sub } from "../../../src/ml/graph/ops.ts";

/** Runs `make` on one vector in float32. */
function run(xs: readonly number[], make: (g: GraphBuilder, x: Value) => Value): readonly number[] {
  const g = new GraphBuilder("t");
  const x = g.input("x", "float32", [xs.length]);
  const y = make(g, x);
  const data = xs.map(Math.fround);
  return (
    evaluate(g.finish("test", [y]), new Map([["x", { shape: [xs.length], data }]]), "float32").get(y.id)?.data ?? []
  );
}

/** Round half to even, in doubles: x and the result are small enough to be exact. */
function halfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

const plain = (x: number): number => x + 0;

describe("rounding by a magic constant", () => {
  it("rounds halves to even", () => {
    const xs = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 0.50000006, 3];
    expect(run(xs, (g, x) => roundTo(g, x, 0)).map(plain)).toEqual([0, 2, 2, 0, -2, -2, 0, 1, 3]);
  });

  it("is rounding to multiples of 2^e over the whole promised range", () => {
    const exponent = fc.integer({ min: -30, max: 2 });
    fc.assert(
      fc.property(exponent, fc.float({ min: -1, max: 1, noNaN: true }), (e, share) => {
        const x = Math.fround(share * 2 ** (22 + e));
        expect(run([x], (g, value) => roundTo(g, value, e)).map(plain)).toEqual([plain(halfEven(x / 2 ** e) * 2 ** e)]);
      }),
    );
  });

  it("would fail outside the range", () => {
    const x = 2 ** 22 + 1;
    expect(run([x], (g, value) => roundTo(g, value, 0))[0]).not.toBe(x);
  });
});

describe("dynamic scales", () => {
  it("give integers of at most 2^bits, each the nearest", () => {
    const values = fc.array(fc.float({ min: Math.fround(-1e6), max: Math.fround(1e6), noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 20 }), (xs, bits) => {
        const floor = 2 ** -40;
        const found = run(xs, (g, x) => quantize(g, x, { bits, floor }).value);
        const m = Math.max(floor, ...xs.map(Math.abs));
        const step = 2 ** (Math.floor(Math.log2(m)) + 1 - bits);
        expect(found.map(plain)).toEqual(xs.map((x) => plain(halfEven(x / step) * step)));
        for (const y of found) expect(Math.abs(y / step)).toBeLessThanOrEqual(2 ** bits);
      }),
    );
  });

  it.each([1, 2 ** -40, 2 ** 60, 1 + 2 ** -23, 2 - 2 ** -23, 3, 0.1])("follow the leading bit of %d", (m) => {
    const step = 2 ** (Math.floor(Math.log2(Math.fround(m))) - 7);
    const found = run([m, -m / 3], (g, x) => quantize(g, x, { bits: 8, floor: 2 ** -60 }).value);
    expect(found).toEqual([m, -m / 3].map((x) => halfEven(Math.fround(x) / step) * step));
  });
});

describe("biased parameters", () => {
  const e = -22;
  const onGrid = fc.integer({ min: -(2 ** 22), max: 2 ** 22 - 1 }).map((n) => n * 2 ** e);

  it("come back as they went in", () => {
    fc.assert(
      fc.property(onGrid, (p) => {
        expect(run([p], (g, x) => leave(g, enter(g, x, e), e)).map(plain)).toEqual([plain(p)]);
      }),
    );
  });

  it("round an update to their grid, half to even, and stay in their range", () => {
    fc.assert(
      fc.property(onGrid, fc.float({ min: Math.fround(-0.1), max: Math.fround(0.1), noNaN: true }), (p, v) => {
        const update = (g: GraphBuilder, x: Value): Value => {
          const q = g.node("Clip", [sub(g, enter(g, x, e), g.scalar(v)), g.scalar(2), g.scalar(4 - 2 ** e)], {
            shape: [1],
          });
          return leave(g, q, e);
        };
        // The double difference of two float32 of these sizes is exact.
        const wanted = Math.min(1 - 2 ** e, Math.max(-1, halfEven((p - v) / 2 ** e) * 2 ** e));
        expect(run([p], update).map(plain)).toEqual([plain(wanted)]);
      }),
    );
  });

  it("give quantised weights in two passes", () => {
    fc.assert(
      fc.property(onGrid, fc.integer({ min: 2, max: 12 }), (p, bits) => {
        const found = run([p], (g, x) => gridWeight(g, enter(g, x, e), e, bits).value);
        expect(found.map(plain)).toEqual([plain(halfEven(p * 2 ** bits) * 2 ** -bits)]);
      }),
    );
  });

  it("are one binade", () => expect([magic(e) - 1, magic(e) + 1]).toEqual([2, 4]));
});
