// Laws of the delta codec and of aggregation.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { finish, PouwError } from "../../src/base/index.ts";
import { aggregate as aggregateSteps } from "../../src/ml/aggregation/mean.ts";
import {
  applyDelta,
  decodeDelta,
  encodeDelta,
  encodeIntegers,
  flatLength,
  type GridLayout,
  maxDeltaBytes,
} from "../../src/ml/delta/index.ts";
import { fromGrid } from "../support/grid.ts";

const aggregate = (...given: Parameters<typeof aggregateSteps>): Float32Array => finish(aggregateSteps(...given));

const TOP = 2 ** 22;
const layouts: fc.Arbitrary<GridLayout> = fc
  .array(
    fc.record({
      shape: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 2 }),
      exponent: fc.integer({ min: -30, max: 0 }),
    }),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((tensors) => ({ parameters: tensors.map((tensor, i) => ({ name: `p${i}`, ...tensor })) }));

/** Grid integers in which all sizes occur, runs of zeros too. */
const integers = (length: number, limit: number): fc.Arbitrary<Int32Array> =>
  fc
    .array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constant(0) },
        { weight: 3, arbitrary: fc.integer({ min: -3, max: 3 }) },
        { weight: 2, arbitrary: fc.integer({ min: -4000, max: 4000 }) },
        { weight: 1, arbitrary: fc.integer({ min: -limit, max: limit - 1 }) },
      ),
      { minLength: length, maxLength: length },
    )
    .map((values) => Int32Array.from(values));

const pairs = layouts.chain((layout) => {
  const length = flatLength(layout);
  return fc.record({ layout: fc.constant(layout), start: integers(length, TOP), end: integers(length, TOP) });
});

describe("the exact delta codec", () => {
  it("carries any state to any other, bit for bit", () => {
    fc.assert(
      fc.property(pairs, ({ layout, start, end }) => {
        const from = fromGrid(layout, start);
        const to = fromGrid(layout, end);
        const bytes = encodeDelta(layout, from, to);
        expect(bytes.length).toBeLessThanOrEqual(maxDeltaBytes(flatLength(layout)));
        expect(applyDelta(layout, from, decodeDelta(layout, bytes))).toEqual(to);
      }),
    );
  });

  it("decodes no bytes but the encoding of what it returns", () => {
    let decoded = 0;
    const check = (layout: GridLayout, bytes: Uint8Array): void => {
      let values: Int32Array;
      try {
        values = decodeDelta(layout, bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(PouwError);
        expect((error as PouwError).code).toBe("BAD_ENCODING");
        return;
      }
      decoded++;
      expect(encodeIntegers(layout, values)).toEqual(bytes);
    };
    fc.assert(
      fc.property(pairs, fc.nat(), fc.nat({ max: 7 }), ({ layout, start }, at, bit) => {
        const bytes = encodeIntegers(layout, start);
        const place = at % bytes.length;
        check(layout, bytes.with(place, (bytes[place] as number) ^ (1 << bit)));
        check(layout, bytes.subarray(0, place));
      }),
      { numRuns: 400 },
    );
    // The control: some flipped bits do give another valid delta, so the equality above was really checked.
    expect(decoded).toBeGreaterThan(20);
  });

  it("survives arbitrary bytes", () => {
    fc.assert(
      fc.property(layouts, fc.uint8Array({ maxLength: 200 }), (layout, bytes) => {
        try {
          expect(encodeIntegers(layout, decodeDelta(layout, bytes))).toEqual(bytes);
        } catch (error) {
          if (!(error instanceof PouwError)) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("aggregation", () => {
  const rounds = pairs.chain(({ layout, start, end }) =>
    fc.record({
      layout: fc.constant(layout),
      start: fc.constant(start),
      end: fc.constant(end),
      deltas: fc.array(fc.record({ delta: integers(start.length, 2 * TOP - 1), lag: fc.integer({ min: 0, max: 7 }) }), {
        minLength: 1,
        maxLength: 6,
      }),
      order: fc.infiniteStream(fc.nat()),
    }),
  );

  it("of one delta is exactly its end state", () => {
    fc.assert(
      fc.property(pairs, ({ layout, start, end }) => {
        const from = fromGrid(layout, start);
        const to = fromGrid(layout, end);
        expect(
          aggregate(layout, from, [{ delta: decodeDelta(layout, encodeDelta(layout, from, to)), lag: 0 }]),
        ).toEqual(to);
      }),
    );
  });

  it("does not depend on the order and stays on the grid", () => {
    fc.assert(
      fc.property(rounds, ({ layout, start, deltas, order }) => {
        const from = fromGrid(layout, start);
        const shuffled = deltas
          .map((delta) => ({ delta, key: order.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ delta }) => delta);
        const next = aggregate(layout, from, deltas);
        expect(aggregate(layout, from, shuffled)).toEqual(next);
        // On the grid and in range: a delta from the start to it can be encoded.
        expect(encodeDelta(layout, from, next).length).toBeGreaterThan(0);
      }),
    );
  });

  it("is the rounded, weighted mean of big integers", () => {
    fc.assert(
      fc.property(rounds, ({ layout, start, deltas }) => {
        const next = aggregate(layout, fromGrid(layout, start), deltas);
        const expected = start.map((value, i) => {
          const sum = deltas.reduce(
            (total, { delta, lag }) => total + BigInt(128 >> lag) * BigInt(delta[i] as number),
            0n,
          );
          return Number(clamp(BigInt(value) + mean(sum, 128n * BigInt(deltas.length))));
        });
        expect(next).toEqual(fromGrid(layout, expected));
      }),
    );
  });
});

/** floor((2 sum + n) / 2n), one less when that was a half rounded up to an odd number. */
function mean(sum: bigint, n: bigint): bigint {
  const top = 2n * sum + n;
  const rest = ((top % (2n * n)) + 2n * n) % (2n * n);
  const floor = (top - rest) / (2n * n);
  return rest === 0n && floor % 2n !== 0n ? floor - 1n : floor;
}

const clamp = (value: bigint): bigint =>
  value > 2n ** 22n - 1n ? 2n ** 22n - 1n : value < -(2n ** 22n) ? -(2n ** 22n) : value;
