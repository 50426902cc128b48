// The update rules against the textbook's, and what happens at the restart inside a long unit.
import { describe, expect, it } from "vitest";
import { evaluate, type Graph, GraphBuilder, type Tensor } from "../../../src/ml/graph/index.ts";
import { hyperOf, RESTART, slots, updateRule } from "../../../src/ml/models/optimizers.ts";
import type { Optimizer } from "../../../src/ml/models/types.ts";

const ADAM = { learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1 };
/** The second setting is the one of these tests: the first must not shine through. */
const SETTING = 1;
const SGD: Optimizer = {
  kind: "sgd",
  settings: [
    { learningRate: 3, momentum: 0.5 },
    { learningRate: 0.1, momentum: 0.9 },
  ],
};
const ADAMW: Optimizer = {
  kind: "adamw",
  settings: [{ learningRate: 0.5, beta1: 0.8, beta2: 0.9, epsilon: 1e-2, weightDecay: 0.3 }, ADAM],
};
const SHAPE = [2, 1];

function updateGraph(optimizer: Optimizer): Graph {
  const g = new GraphBuilder("t");
  const { rule } = hyperOf(g, optimizer, g.input("setting", "int64", []), 1);
  const update = updateRule(g, optimizer, { iteration: g.input("iteration", "int64", []), rule }, false);
  const state = Array.from({ length: slots(optimizer) }, (_, i) => g.input(`s${i}`, "float32", SHAPE));
  const parameter = g.input("p", "float32", SHAPE);
  const done = update({ parameter, exponent: -22, gradient: g.input("g", "float32", SHAPE), state });
  return g.finish("update", [done.parameter, ...done.state]);
}

/** Parameters after each of `gradients`, in float64, the state starting at zero. */
function run(
  optimizer: Optimizer,
  gradients: readonly (readonly number[])[],
  from = 0,
): readonly (readonly number[])[] {
  const graph = updateGraph(optimizer);
  let now: readonly Tensor[] = [
    [1, -1],
    [0, 0],
    [0, 0],
  ].map((data) => ({ shape: SHAPE, data }));
  return gradients.map((data, i) => {
    const inputs = new Map<string, Tensor>([
      ["setting", { shape: [], data: [SETTING] }],
      ["iteration", { shape: [], data: [from + i] }],
      ["g", { shape: SHAPE, data }],
    ]);
    ["p", "s0", "s1"].forEach((id, at) => {
      inputs.set(id, now[at] as Tensor);
    });
    now = [...evaluate(graph, inputs, "float64").values()];
    return now[0]?.data ?? [];
  });
}

const GRADIENTS = Array.from({ length: 6 }, (_, i) => [0.1 * (i + 1), i % 2 === 0 ? 0.3 : -0.2]);

describe("SGD with momentum", () => {
  it("adds up steps", () => {
    const wanted: number[][] = [];
    const p = [1, -1];
    const v = [0, 0];
    for (const g of GRADIENTS) {
      for (const k of [0, 1]) {
        v[k] = 0.9 * (v[k] as number) + (g[k] as number);
        p[k] = (p[k] as number) - (v[k] as number);
      }
      wanted.push([...p]);
    }
    run(SGD, GRADIENTS).forEach((found, i) => {
      found.forEach((x, k) => {
        expect(x).toBeCloseTo(wanted[i]?.[k] as number, 6);
      });
    });
  });
});

describe("AdamW", () => {
  it("is the textbook's, bias corrections and decay included", () => {
    const p = [1, -1];
    const m = [0, 0];
    const v = [0, 0];
    const found = run(ADAMW, GRADIENTS);
    GRADIENTS.forEach((g, i) => {
      for (const k of [0, 1]) {
        m[k] = 0.9 * (m[k] as number) + 0.1 * (g[k] as number);
        v[k] = 0.99 * (v[k] as number) + 0.01 * (g[k] as number) ** 2;
        const mean = (m[k] as number) / (1 - 0.9 ** (i + 1));
        const root = Math.sqrt((v[k] as number) / (1 - 0.99 ** (i + 1)));
        p[k] = (p[k] as number) - 0.01 * (mean / (root + 1e-8)) - 0.01 * 0.1 * (p[k] as number);
        expect(found[i]?.[k]).toBeCloseTo(p[k] as number, 6);
      }
    });
  });
});

describe.each([SGD, ADAMW])("$kind", (optimizer) => {
  it("starts anew inside a long unit", () => {
    const before = run(optimizer, GRADIENTS, RESTART - 3);
    // After three steps the restart comes: what follows is a fresh start from the parameters of then.
    const [a, b] = [before[2] as readonly number[], before[3] as readonly number[]];
    const fresh = run(optimizer, GRADIENTS.slice(3, 4))[0] as readonly number[];
    const decay = optimizer.kind === "adamw" ? ADAM.learningRate * ADAM.weightDecay : 0;
    [1, -1].forEach((start, k) => {
      const step = (from: number, to: number): number => to - from * (1 - decay);
      expect(step(a[k] as number, b[k] as number)).toBeCloseTo(step(start, fresh[k] as number), 6);
    });
  });
});
