// The arithmetic that the exact lowering stands on, one claim at a time, in the reference evaluator's float32.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  clampParameter,
  evaluate,
  GraphBuilder,
  joined,
  Operands,
  parameterLimit,
  roundTo,
  settle,
  type Value,
} from "../../../src/ml/graph/index.ts";
import { reshape } from "../../../src/ml/graph/ops.ts";

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

const onGrid = (g: GraphBuilder, x: Value, bits: number): Value =>
  new Operands(g, "float").real(x, "gradient", bits).value;
/** The power of two over a tensor: of its largest magnitude, taken for a 128th larger than it is. */
const powerOver = (xs: readonly number[]): number => {
  const largest = Math.max(2 ** -30, ...xs.map((x) => Math.abs(Math.fround(x))));
  return 2 ** Math.floor(Math.log2(Math.fround(largest * (1 + 2 ** -7))));
};

describe("dynamic scales", () => {
  it("give integers of at most 2^bits, each the nearest", () => {
    const values = fc.array(fc.float({ min: Math.fround(-1e6), max: Math.fround(1e6), noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 20 }), (xs, bits) => {
        const found = run(xs, (g, x) => onGrid(g, x, bits));
        const step = powerOver(xs) * 2 ** (1 - bits);
        expect(found.map(plain)).toEqual(xs.map((x) => plain(halfEven(x / step) * step)));
        for (const y of found) expect(Math.abs(y / step)).toBeLessThanOrEqual(2 ** bits);
      }),
    );
  });

  it("leave 7 bits and a sign without -128", () => {
    fc.assert(
      fc.property(fc.float({ min: 2 ** -20, max: 2 ** 20, noNaN: true }), (x) => {
        const step = powerOver([x]) * 2 ** -6;
        expect(Math.abs(halfEven(x / step))).toBeLessThanOrEqual(127);
      }),
    );
    // Of the leading bit alone they would not.
    const x = 1.999;
    expect(halfEven(x / 2 ** (Math.floor(Math.log2(x)) - 6))).toBe(128);
  });

  it.each([1, 2 ** -29, 2 ** 60, 1 + 2 ** -23, 2 - 2 ** -23, 3, 0.1])("follow the leading bit of %d", (m) => {
    const step = powerOver([m]) * 2 ** -7;
    expect(run([m, -m / 3], (g, x) => onGrid(g, x, 8))).toEqual(
      [m, -m / 3].map((x) => halfEven(Math.fround(x) / step) * step),
    );
  });
});

describe("a sum of pieces", () => {
  const integers = fc.integer({ min: -(2 ** 24), max: 2 ** 24 });
  const sum = (xs: readonly number[], add: (g: GraphBuilder, x: Value) => Value): number =>
    plain(run(xs, add)[0] as number);

  it("is the exact sum, rounded once", () => {
    fc.assert(
      fc.property(fc.array(integers, { minLength: 1, maxLength: 40 }), (xs) => {
        const exact = xs.reduce((a, b) => a + b, 0);
        expect(sum(xs, (g, x) => joined(g, reshape(g, x, [xs.length, 1])))).toBe(plain(Math.fround(exact)));
      }),
    );
  });

  it("would not be, one addition after the other", () => {
    const xs = [2 ** 24, 1, 1, 1];
    const naive = xs.reduce((a, b) => Math.fround(a + b));
    expect(sum(xs, (g, x) => joined(g, reshape(g, x, [4, 1])))).not.toBe(naive);
  });
});

describe("parameters", () => {
  const e = -22;
  const limit = 127 * 2 ** 15;
  const onParameterGrid = fc.integer({ min: -limit, max: limit }).map((n) => n * 2 ** e);

  it("come out of a stretch as they went in when nothing changed them", () => {
    fc.assert(
      fc.property(onParameterGrid, (p) => {
        expect(run([p], (g, x) => settle(g, settle(g, x, e), e)).map(plain)).toEqual([plain(p)]);
      }),
    );
  });

  it("end on their grid, half to even, inside their range", () => {
    fc.assert(
      fc.property(fc.float({ min: -2, max: 2, noNaN: true }), (x) => {
        const clamped = Math.min(parameterLimit(e), Math.max(-parameterLimit(e), x));
        expect(run([x], (g, value) => settle(g, value, e)).map(plain)).toEqual([
          plain(halfEven(clamped / 2 ** e) * 2 ** e),
        ]);
      }),
    );
    expect(run([5, -5], (g, x) => clampParameter(g, x, e))).toEqual([1 - 2 ** -7, 2 ** -7 - 1]);
  });

  it("have 7 bits and a sign in products of bytes", () => {
    const step = 2 ** (22 + e - 7);
    expect([parameterLimit(e) / step, -parameterLimit(e) / step]).toEqual([127, -127]);
  });
});
