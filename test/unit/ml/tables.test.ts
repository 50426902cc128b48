// The tables of delta codecs and aggregation rules: laws that every row keeps, and that one more row is all that a new one takes.
import { describe, expect, it, vi } from "vitest";
import { finish } from "../../../src/base/index.ts";
import {
  canonicalJson,
  type GenesisTask,
  genesisState,
  parseGenesis,
  rulesOf,
  taskOf,
} from "../../../src/chain/index.ts";
import { Contribution } from "../../../src/codec/index.ts";
import {
  AGGREGATION_RULES,
  type AggregationRule,
  DELTA_CODECS,
  type DeltaCodec,
  flatLength,
  type GridLayout,
  toGrid,
  type Weighted,
} from "../../../src/ml/index.ts";
import { aContribution, aGenesis, alice, aRegistration, checkContributionOn, STAKES } from "../../support/chain.ts";
import { fromGrid } from "../../support/grid.ts";

/** A codec of the test's own: four bytes a value, as they are. */
vi.mock("../../../src/ml/delta/codecs.ts", async (original) => {
  const real = await original<typeof import("../../../src/ml/delta/codecs.ts")>();
  const { flatLength: length, toGrid: integers } = await import("../../../src/ml/delta/grid.ts");
  const { PouwError } = await import("../../../src/base/index.ts");
  const plain: DeltaCodec = {
    tag: 7,
    encode(layout, start, end) {
      const [from, to] = [integers(layout, start), integers(layout, end)];
      return new Uint8Array(from.map((value, i) => (to[i] as number) - value).buffer);
    },
    decode(layout, bytes) {
      if (bytes.length !== 4 * length(layout)) throw new PouwError("BAD_ENCODING", "not a plain delta");
      return new Int32Array(bytes.slice().buffer);
    },
    maxBytes: (layout) => 4 * length(layout),
  };
  return { ...real, DELTA_CODECS: { ...real.DELTA_CODECS, plain } };
});

/** A rule of the test's own: the last contribution decides. */
vi.mock("../../../src/ml/aggregation/index.ts", async (original) => {
  const real = await original<typeof import("../../../src/ml/aggregation/index.ts")>();
  const { applyDelta } = await import("../../../src/ml/delta/exact.ts");
  const last: AggregationRule = function* (layout, start, deltas) {
    yield 1;
    return applyDelta(layout, start, (deltas.at(-1) as Weighted).delta);
  };
  return { ...real, AGGREGATION_RULES: { ...real.AGGREGATION_RULES, last } };
});

const layout: GridLayout = {
  parameters: [
    { name: "w", shape: [20, 9], exponent: -22 },
    { name: "b", shape: [9], exponent: -20 },
  ],
};
const size = flatLength(layout);
const integers = (seed: number): Int32Array =>
  Int32Array.from({ length: size }, (_, i) => ((i * 7919 + seed) % 8191) - 4095);
const [start, end, zero] = [1, 5, 0].map((seed) =>
  fromGrid(layout, seed === 0 ? new Int32Array(size) : integers(seed)),
) as [Float32Array, Float32Array, Float32Array];
const malformed = expect.objectContaining({ code: "BAD_ENCODING" });
const CODECS = Object.entries<DeltaCodec>(DELTA_CODECS);
const RULES = Object.entries<AggregationRule>(AGGREGATION_RULES).map(
  ([name, rule]) => [name, (...given: Parameters<AggregationRule>): Float32Array => finish(rule(...given))] as const,
);

describe("the table of delta codecs", () => {
  it("has a tag of one byte for each name, and no tag twice", () => {
    expect(CODECS.map(([name]) => name)).toEqual(["exact", "plain"]);
    const tags = CODECS.map(([, { tag }]) => tag);
    expect(new Set(tags).size).toBe(tags.length);
    for (const tag of tags) expect(Number.isInteger(tag) && tag >= 0 && tag < 256).toBe(true);
    expect(DELTA_CODECS.exact.tag).toBe(0);
  });

  it.each(CODECS)("%s carries a difference there and back, within its limit", (_name, codec) => {
    for (const [from, to] of [
      [start, end],
      [end, start],
      [start, start],
      [zero, end],
      [end, zero],
    ] as const) {
      const bytes = codec.encode(layout, from, to);
      const [a, b] = [toGrid(layout, from), toGrid(layout, to)];
      expect(codec.decode(layout, bytes)).toEqual(b.map((value, i) => value - (a[i] as number)));
      expect(bytes.length).toBeGreaterThan(0);
      expect(bytes.length).toBeLessThanOrEqual(codec.maxBytes(layout));
      expect(codec.encode(layout, from, to)).toEqual(bytes);
    }
  });

  it.each(CODECS)("%s refuses bytes that are not the one encoding", (_name, codec) => {
    const bytes = codec.encode(layout, start, end);
    for (const bad of [new Uint8Array(0), bytes.subarray(0, -1), Uint8Array.from([...bytes, 0])])
      expect(() => codec.decode(layout, bad)).toThrow(malformed);
    expect(() => codec.decode({ parameters: layout.parameters.slice(0, 1) }, bytes)).toThrow(malformed);
  });

  it.each(CODECS)("%s takes no state that is off the grid or not a number", (_name, codec) => {
    const off = end.with(3, 2 ** -30);
    expect(() => codec.encode(layout, start, off)).toThrow(malformed);
    expect(() => codec.encode(layout, start, end.with(3, Number.NaN))).toThrow(
      expect.objectContaining({ code: "NOT_FINITE" }),
    );
    expect(() => codec.encode(layout, start.subarray(1), end)).toThrow(malformed);
  });
});

describe("the table of aggregation rules", () => {
  it("has the rules by name", () => {
    expect(RULES.map(([name]) => name)).toEqual(["mean", "last"]);
  });

  it.each(RULES)("%s makes of one delta exactly its end state", (_name, aggregate) => {
    const delta = DELTA_CODECS.exact.decode(layout, DELTA_CODECS.exact.encode(layout, start, end));
    const before = start.slice();
    expect(aggregate(layout, start, [{ delta, lag: 0 }])).toEqual(end);
    expect(aggregate(layout, start, [{ delta: new Int32Array(size), lag: 0 }])).toEqual(start);
    expect(start).toEqual(before);
  });

  it.each(RULES)("%s ends on the grid, and gives the same twice", (_name, aggregate) => {
    const deltas = [3, 4, 6].map((seed, lag) => ({ delta: integers(seed), lag }));
    const next = aggregate(layout, start, deltas);
    expect(() => toGrid(layout, next)).not.toThrow();
    expect(aggregate(layout, start, deltas)).toEqual(next);
    expect(() => aggregate(layout, start, [{ delta: new Int32Array(size - 1), lag: 0 }])).toThrow(malformed);
  });
});

describe("one more row", () => {
  const registration = aRegistration("fake", { codec: "plain" as never, aggregation: "last" as never });
  const genesis = parseGenesis(aGenesis({ ...STAKES, tasks: [registration] }));
  const rules = rulesOf(genesis);
  const state = genesisState(genesis);

  it("may be named by a task of a genesis, whose id it moves", () => {
    const [task] = rules.tasks;
    expect([task?.codec, task?.aggregation, task?.maxDeltaBytes]).toEqual(["plain", "last", 40]);
    const id = (change: Partial<GenesisTask>): string => canonicalJson([...taskOf(aRegistration("fake", change)).id]);
    const ids = [{}, { codec: "plain" as never }, { aggregation: "last" as never }].map(id);
    expect(new Set(ids).size).toBe(3);
    expect(() => aGenesis({ tasks: [aRegistration("fake", { codec: "other" as never })] })).toThrow(
      /codec: .*exact.*plain/,
    );
  });

  it("is what contributions to that task must use, and to no other", () => {
    const { signature: _, ...fields } = aContribution(state, alice, {}, rules);
    const judge = (codec: number): object =>
      checkContributionOn(state, Contribution.sign({ ...fields, codec }, alice, rules.genesis), rules);
    expect(judge(7)).toEqual({ kind: "accept" });
    expect(judge(0)).toMatchObject({ kind: "reject", code: "unknown-codec" });
    const plainGenesis = aGenesis(STAKES);
    const [usual, at] = [rulesOf(plainGenesis), genesisState(plainGenesis)];
    const { signature: __, ...others } = aContribution(at, alice, {}, usual);
    const judgeUsual = (codec: number): object =>
      checkContributionOn(at, Contribution.sign({ ...others, codec }, alice, usual.genesis), usual);
    expect(judgeUsual(0)).toEqual({ kind: "accept" });
    expect(judgeUsual(7)).toMatchObject({ kind: "reject", code: "unknown-codec" });
  });
});
