// The exactness checker against graphs that would not give the same bits everywhere, each beside one that would.
import { describe, expect, it } from "vitest";
import { PouwError } from "../../../src/base/index.ts";
import {
  checkExact,
  factsOf,
  type Graph,
  GraphBuilder,
  Operands,
  roundTo,
  type Value,
} from "../../../src/ml/graph/index.ts";
import * as ops from "../../../src/ml/graph/ops.ts";
import { architecture, MODELS, trainGraph } from "../../../src/ml/models/index.ts";

type Make = (g: GraphBuilder, a: Value, b: Value) => Value;

/** A graph over a[32, 64] and b[64, 16], real values in [-1, 1]. */
function graphOf(make: Make): Graph {
  const g = new GraphBuilder("t");
  const inside = (name: string, shape: readonly number[]): Value => ops.clip(g, g.input(name, "float32", shape), -1, 1);
  return g.finish("test", [make(g, inside("a", [32, 64]), inside("b", [64, 16]))]);
}

function refusal(make: Make): string {
  try {
    checkExact(graphOf(make));
  } catch (error) {
    if (error instanceof PouwError && error.code === "BAD_GRAPH") return error.message;
    throw error;
  }
  return "accepted";
}

const FLOOR = 2 ** -20;
const grid = (g: GraphBuilder, x: Value, bits: number): Value =>
  new Operands(g, "float").real(x, "activation", bits).value;

const taken = (g: GraphBuilder, a: Value): Value => ops.cast(g, ops.greater(g, a, g.scalar(0)), "float32");
/** (x - x w) y: exact at 9 bits each only because w is 0 or 1. */
const remainder = (g: GraphBuilder, x: Value, y: Value, w: Value): Value =>
  ops.gemm(g, ops.sub(g, x, ops.mul(g, x, w)), y);

const HONEST: readonly (readonly [string, Make])[] = [
  ["a product on fixed grids", (g, a, b) => ops.gemm(g, roundTo(g, a, -8), roundTo(g, b, -8))],
  ["a product on moving grids", (g, a, b) => ops.gemm(g, grid(g, a, 9), grid(g, b, 9))],
  ["a sum on a grid", (g, a) => ops.reduceSum(g, grid(g, a, 18), [1])],
  [
    "a share of a sum",
    (g, a) => {
      const x = ops.relu(g, roundTo(g, a, -18));
      return ops.div(g, x, ops.max(g, ops.reduceSum(g, x, [1]), g.scalar(2 ** -18)));
    },
  ],
  ["a ramp on a grid", (g, a, b) => ops.gemm(g, roundTo(g, ops.ramp(g, a, 0.25), -8), grid(g, b, 8))],
  [
    "what is left of values that were taken or not",
    (g, a, b) => remainder(g, grid(g, a, 9), grid(g, b, 9), taken(g, a)),
  ],
];

const CHEATS: readonly (readonly [string, Make, RegExp])[] = [
  ["a product of real numbers", (g, a, b) => ops.gemm(g, a, b), /Gemm.*no grid/],
  ["one operand on no grid", (g, a, b) => ops.gemm(g, grid(g, a, 8), b), /Gemm.*no grid/],
  ["one bit too many", (g, a, b) => ops.gemm(g, grid(g, a, 10), grid(g, b, 9)), /Gemm.*could round/],
  ["a sum of real numbers", (g, a) => ops.reduceSum(g, a, [1]), /ReduceSum.*no grid/],
  ["a sum one bit too long", (g, a) => ops.reduceSum(g, grid(g, a, 19), [1]), /ReduceSum.*could round/],
  ["an exponential", (g, a) => ops.exp(g, a), /Exp.*not an operator/],
  ["a softmax", (g, a) => ops.softmaxOp(g, a), /Softmax.*not an operator/],
  [
    "a bias inside the product",
    (g, a, b) => ops.gemm(g, grid(g, a, 8), grid(g, b, 8), { bias: g.constant([1], [1]) }),
    /bias/,
  ],
  [
    "a scale from another tensor",
    (g, a, b) => {
      const m = ops.reduceMax(g, ops.abs(g, a), [0, 1], false);
      const q = ops.scale(g, ops.max(g, m, g.scalar(FLOOR)), 2 ** 23 + 1);
      const s = ops.scale(g, ops.sub(g, q, ops.scale(g, q, 1 - 2 ** -24)), 1.5 * 2 ** 16);
      return ops.gemm(g, grid(g, a, 8), ops.sub(g, ops.add(g, b, s), s));
    },
    /Gemm.*no grid/,
  ],
  [
    "a magic constant too small for the values",
    (g, a, b) => ops.gemm(g, roundTo(g, ops.scale(g, a, 2 ** 20), -8), grid(g, b, 4)),
    /Gemm.*no grid/,
  ],
  [
    "a scale that is no power of two",
    (g, a, b) => ops.gemm(g, ops.scale(g, roundTo(g, a, -7), 0.3), roundTo(g, b, -7)),
    /Gemm.*(no grid|could round)/,
  ],
  [
    "a division by what may be zero",
    (g, a) => ops.div(g, a, ops.reduceSum(g, ops.relu(g, roundTo(g, a, -18)), [1])),
    /Div.*zero/,
  ],
  ["a reciprocal", (g, a) => ops.div(g, g.scalar(1), ops.shift(g, a, 2)), /Div.*fused/],
  ["the root of what may be negative", (g, a) => ops.sqrt(g, a), /Sqrt.*negative/],
  [
    "a value that may overflow",
    (g, a) => {
      let x = ops.scale(g, a, 2 ** 40);
      for (let i = 0; i < 2; i++) x = ops.mul(g, x, x);
      return x;
    },
    /Mul.*overflow/,
  ],
  [
    "a product of two axes that a runtime may fuse",
    (g, a, b) => ops.matmul(g, grid(g, a, 8), grid(g, b, 8)),
    /MatMul.*fused/,
  ],
  [
    "an addition that a runtime may fuse into a product",
    (g, a, b) => {
      const x = ops.reshape(g, grid(g, a, 8), [1, 32, 64]);
      return ops.shift(g, ops.matmul(g, x, ops.reshape(g, grid(g, b, 8), [1, 64, 16])), 0.1);
    },
    /Add.*fused/,
  ],
  [
    "denormal products",
    (g, a, b) => {
      const tiny = (x: Value): Value => ops.scale(g, roundTo(g, x, -8), 2 ** -60);
      return ops.gemm(g, tiny(a), tiny(b));
    },
    /Gemm.*denormal/,
  ],
  [
    "a ramp whose slope rounds before its addition does",
    (g, a, b) => ops.gemm(g, roundTo(g, ops.ramp(g, a, 0.3), -8), grid(g, b, 8)),
    /HardSigmoid.*power of two/,
  ],
  [
    "what is left after a share was taken, at twice the bits",
    (g, a, b) => remainder(g, grid(g, a, 9), grid(g, b, 9), ops.scale(g, taken(g, a), 0.5)),
    /Gemm.*could round/,
  ],
];

describe("the exactness checker", () => {
  it.each(HONEST)("accepts %s", (_, make) => expect(refusal(make)).toBe("accepted"));

  it.each(CHEATS)("refuses %s", (_, make, reason) => expect(refusal(make)).toMatch(reason));

  it("knows the grid of a quantised tensor", () => {
    const graph = graphOf((g, a) => grid(g, a, 8));
    const found = factsOf(graph).get(graph.outputs[0]?.id as string);
    expect(found?.grid).toMatchObject({ exponent: -7, max: 254, scales: [{ low: -20, high: 0 }] });
  });

  it.each(MODELS)("proves %s and refuses its plain twin", (name) => {
    const model = architecture(name);
    for (const lowering of ["int8", "float"] as const) checkExact(trainGraph(model, { batch: 8, lowering }));
    expect(() => checkExact(trainGraph(model, { batch: 8, lowering: "float32" }))).toThrow(PouwError);
  });

  /** A loop over one tensor [4, 4] that starts at 1 and goes from x to `next(x)`; `seen` is what it ends with. */
  function looped(next: (g: GraphBuilder, x: Value) => Value): Graph {
    const body = new GraphBuilder("b");
    body.input("i", "int64", []);
    const going = body.input("going", "bool", []);
    const x = body.input("x", "float32", [4, 4]);
    const done = body.finish("body", [ops.identity(body, going), next(body, x)]);
    const g = new GraphBuilder("t");
    const steps = g.input("steps", "int64", []);
    const ones = g.constant(
      Array.from({ length: 16 }, () => 1),
      [4, 4],
    );
    const outputs = [{ shape: [4, 4], dtype: "float32" as const }];
    const [end] = g.nodes("Loop", [steps, undefined, ones], outputs, { body: { graph: done } });
    return g.finish("unit", [end as Value]);
  }

  it("refuses a loop whose state grows without bound", () => {
    const step = (factor: number) => (g: GraphBuilder, x: Value) => ops.shift(g, ops.scale(g, x, factor), 1);
    checkExact(looped(step(0.9)));
    expect(() => checkExact(looped(step(1.1)))).toThrow(/Loop|overflow/);
  });

  it("refuses a loop that leaves the grid its state starts on", () => {
    const step = (next: (g: GraphBuilder, x: Value) => Value) => (g: GraphBuilder, x: Value) => {
      const grown = ops.gemm(g, x, g.constant([1, ...Array.from({ length: 15 }, () => 0)], [4, 4]));
      return next(g, ops.clip(g, grown, -1, 1));
    };
    // Values stay in [-1, 1], and 1 is on many grids, but a third of it is on none that the next pass could use.
    expect(() => checkExact(looped(step((g, x) => ops.scale(g, x, 1 / 3))))).toThrow(/Gemm/);
    const rounded = (next: (g: GraphBuilder, x: Value) => Value) => (g: GraphBuilder, x: Value) =>
      next(g, roundTo(g, ops.clip(g, x, -1, 1), -8));
    checkExact(looped(rounded(step((g, x) => ops.scale(g, x, 1 / 3)))));
  });
});
