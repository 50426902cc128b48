// Graphs that nobody here wrote: what ONNX lets them say must not deceive the checker, nor make it fail in another way than by refusing.
import { describe, expect, it } from "vitest";
import type { Fact } from "../../../src/ml/graph/facts.ts";
import {
  checkExact,
  evaluate,
  factsOf,
  type Graph,
  GraphBuilder,
  roundTo,
  type Value,
} from "../../../src/ml/graph/index.ts";
import * as ops from "../../../src/ml/graph/ops.ts";

/** A graph over x[4, 8] within [-1, 1]. */
function graphOf(make: (g: GraphBuilder, x: Value) => Value): Graph {
  const g = new GraphBuilder("t");
  return g.finish("test", [make(g, ops.clip(g, g.input("x", "float32", [4, 8]), -1, 1))]);
}
const factOf = (make: (g: GraphBuilder, x: Value) => Value): Fact => {
  const graph = graphOf(make);
  return factsOf(graph).get(graph.outputs[0]?.id as string) as Fact;
};
const clipped = (g: GraphBuilder, x: Value, low: Value | undefined, high: Value | undefined): Value =>
  g.node("Clip", [x, low, high], x);

describe("the checker", () => {
  it("knows that bounds of Clip may move", () => {
    const moving = (g: GraphBuilder, x: Value): Value => ops.shift(g, ops.reduceMax(g, x, [0, 1], false), 2);
    expect(factOf((g, x) => clipped(g, x, moving(g, x), g.scalar(5)))).toMatchObject({ low: 1, high: 3 });
    // The upper bound wins where the two cross.
    expect(factOf((g, x) => clipped(g, x, moving(g, x), g.scalar(1)))).toMatchObject({ low: 1, high: 1 });
  });

  it("knows that either bound of Clip may be left out", () => {
    expect(factOf((g, x) => clipped(g, x, undefined, g.scalar(0.5)))).toMatchObject({ low: -1, high: 0.5 });
    expect(factOf((g, x) => clipped(g, x, g.scalar(0.5), undefined))).toMatchObject({ low: 0.5, high: 1 });
  });

  const sums = (axes: readonly number[] | undefined, bits: number) => (g: GraphBuilder, x: Value) => {
    const inputs = [roundTo(g, x, -bits), axes && g.constant(axes, [axes.length], "int64")];
    return g.node("ReduceSum", inputs, { shape: [1, 1] }, { keepdims: 1 });
  };
  it.each([
    ["names none", []],
    ["leaves them out", undefined],
    ["counts them from the end", [-1, -2]],
  ])("knows that a sum runs over all axes where it %s", (_, axes) => {
    expect(factOf(sums(axes, 18))).toMatchObject({ low: -32, high: 32 });
    expect(() => factOf(sums(axes, 20))).toThrow(/could round/);
  });

  it("knows that integers wrap", () => {
    const g = new GraphBuilder("t");
    const index = g.input("index", "int32", [4]);
    const next = ops.add(g, index, g.constant([1], [], "int32"));
    const graph = g.finish("test", [next]);
    expect(factsOf(graph).get(next.id)).toMatchObject({ low: -(2 ** 31), high: 2 ** 31 - 1 });
    const bytes = new GraphBuilder("t");
    const byte = ops.cast(bytes, bytes.constant([300], [], "int32"), "uint8");
    expect(factsOf(bytes.finish("test", [byte])).get(byte.id)).toMatchObject({ low: 0, high: 255 });
  });

  it("refuses sums and does not trust products of denormals", () => {
    const tiny = (g: GraphBuilder, x: Value): Value => ops.scale(g, roundTo(g, x, -8), 2 ** -60);
    const least = (g: GraphBuilder, x: Value): Value => ops.mul(g, tiny(g, x), tiny(g, x));
    expect(factOf(least).grid).toBeUndefined();
    const sum = (g: GraphBuilder, x: Value): Value => ops.reduceSum(g, ops.scale(g, tiny(g, x), 2 ** -60), [1]);
    expect(() => checkExact(graphOf(sum))).toThrow(/no grid|denormal/);
  });

  it("refuses padding with anything but zeros, and a remainder by what may be none", () => {
    const padded = (filler: number) => (g: GraphBuilder, x: Value) =>
      g.node("Pad", [x, g.constant([0, 1, 0, 1], [4], "int64"), g.scalar(filler)], { shape: [4, 10] });
    expect(factOf(padded(0))).toMatchObject({ low: -1, high: 1 });
    expect(() => checkExact(graphOf(padded(7)))).toThrow(/Pad.*zeros/);
    const g = new GraphBuilder("t");
    const rest = g.node("Mod", [g.input("i", "int64", []), g.input("n", "int64", [])], { shape: [], dtype: "int64" });
    expect(() => checkExact(g.finish("test", [rest]))).toThrow(/Mod.*positive/);
  });
});

it("the reference evaluator reads the offset of a ramp as the float32 that it is", () => {
  const graph = graphOf((g, x) => g.node("HardSigmoid", [x], x, { alpha: { float: 0.25 }, beta: { float: 0.1 } }));
  // Here a tenth in double precision would round to the other neighbour.
  const x = Math.fround(2 ** -20 + 2 ** -26);
  const [y] = evaluate(graph, new Map([["x", { shape: [1], data: [x] }]]), "float32").values();
  expect(y?.data).toEqual([Math.fround(x / 4 + Math.fround(0.1))]);
  expect(y?.data).not.toEqual([Math.fround(x / 4 + 0.1)]);
});
