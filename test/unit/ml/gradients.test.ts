// Every layer's gradient: against finite differences of the same graph in float64, and the exact float32 run against float64.
import { describe, expect, it } from "vitest";
import {
  attention,
  channelBias,
  conv2d,
  embedding,
  evaluate,
  flattened,
  type Graph,
  GraphBuilder,
  gelu,
  type Lowering,
  layerNorm,
  linear,
  maxPool2,
  Net,
  type Param,
  plus,
  positions,
  relu,
  settle,
  splitColumns,
  type Tensor,
  type Value,
} from "../../../src/ml/graph/index.ts";
import { integerStream } from "../../../src/ml/models/init.ts";

const EXPONENT = -22;
const BITS = { activation: 8, weight: 8, gradient: 8 };

interface Case {
  readonly parameters: readonly (readonly number[])[];
  readonly forward: (net: Net, params: readonly Param[]) => Value;
}

const linearCase: Case = {
  parameters: [[6, 5], [5, 4], [4]],
  forward: (net, [x, w, b]) => linear(net, (x as Param).value, { weight: w as Param, bias: b }),
};
const CASES: Readonly<{ [name: string]: Case }> = {
  linear: linearCase,
  "linear, in float32": {
    parameters: [[6, 5], [5, 4], [4]],
    forward: (net, [x, w, b]) =>
      linear(net, (x as Param).value, { weight: w as Param, bias: b }, { activation: 8, weight: 8, gradient: 8 }),
  },
  relu: { parameters: [[5, 7]], forward: (net, [x]) => relu(net, (x as Param).value) },
  gelu: { parameters: [[5, 7]], forward: (net, [x]) => gelu(net, (x as Param).value) },
  layerNorm: { parameters: [[4, 16]], forward: (net, [x]) => layerNorm(net, (x as Param).value) },
  residual: {
    parameters: [
      [6, 8],
      [8, 8],
    ],
    forward: (net, [x, w]) => plus(net, (x as Param).value, linear(net, (x as Param).value, { weight: w as Param })),
  },
  attention: {
    parameters: [[8, 24]],
    forward: (net, [x]) => {
      const [q, k, v] = splitColumns(net, (x as Param).value, 3) as [Value, Value, Value];
      return attention(net, { q, k, v }, { batch: 2, window: 4, heads: 2 });
    },
  },
  embedding: {
    parameters: [
      [5, 4],
      [3, 4],
    ],
    forward: (net, [table, places]) => {
      const index = net.g.constant([4, 0, 1, 1, 0, 4], [6], "int32");
      return positions(net, embedding(net, table as Param, index), places as Param, 2);
    },
  },
  conv2d: {
    parameters: [[2, 5, 5, 2], [3, 2, 3, 3], [3]],
    forward: (net, [x, w, b]) =>
      flattened(net, channelBias(net, conv2d(net, (x as Param).value, w as Param), b as Param)),
  },
  maxPool2: { parameters: [[3, 4, 6, 2]], forward: (net, [x]) => maxPool2(net, (x as Param).value) },
};

/** Outputs: the layer's result, then the gradients of sum(result * seed) with respect to the parameters. */
function gradientGraph({ parameters, forward }: Case, lowering: Lowering): Graph {
  const g = new GraphBuilder("t");
  const net = new Net({ lowering, bits: BITS }, g);
  const params = parameters.map((shape, i) => {
    const p = g.input(`p${i}`, "float32", shape);
    return net.param(net.exact ? settle(g, p, EXPONENT) : p, EXPONENT);
  });
  const y = forward(net, params);
  const size = (y.shape as readonly number[]).reduce((a, b) => a * b, 1);
  const seed = g.constant(draw("seed", size, 0.1), y.shape);
  return g.finish("gradients", [
    y,
    ...net.gradients(
      y,
      seed,
      params.map(({ value }) => value),
    ),
  ]);
}

/** Values in (-scale, scale), multiples of 2^-22. */
function draw(name: string, count: number, scale: number): number[] {
  const next = integerStream(`gradients/${name}`);
  return Array.from({ length: count }, () => Math.round((next() / 2 ** 31 - 1) * scale * 2 ** 22) / 2 ** 22);
}

const inputsOf = ({ parameters }: Case): Map<string, Tensor> =>
  new Map(
    parameters.map((shape, i) => [
      `p${i}`,
      {
        shape,
        data: draw(
          `p${i}`,
          shape.reduce((a, b) => a * b, 1),
          0.9,
        ),
      },
    ]),
  );

function gradients(graph: Graph, inputs: ReadonlyMap<string, Tensor>, precision: "float32" | "float64"): number[] {
  return [...evaluate(graph, inputs, precision).values()].slice(1).flatMap(({ data }) => [...data]);
}

/** Central differences of sum(result * seed) in float64. */
function differences(graph: Graph, inputs: ReadonlyMap<string, Tensor>): number[] {
  const seed = (count: number): number[] => draw("seed", count, 0.1).map(Math.fround);
  const objective = (changed: ReadonlyMap<string, Tensor>): number => {
    const [y] = evaluate(graph, changed, "float64").values();
    const weights = seed(y?.data.length ?? 0);
    return (y?.data ?? []).reduce((sum, value, i) => sum + value * (weights[i] as number), 0);
  };
  const h = 2 ** -18;
  return [...inputs].flatMap(([name, { shape, data }]) =>
    data.map((value, i) => {
      const moved = (by: number): number =>
        objective(new Map(inputs).set(name, { shape, data: data.with(i, value + by) }));
      return (moved(h) - moved(-h)) / (2 * h);
    }),
  );
}

const norm = (xs: readonly number[]): number => Math.sqrt(xs.reduce((sum, x) => sum + x * x, 0));
const distance = (a: readonly number[], b: readonly number[]): number =>
  norm(a.map((x, i) => x - (b[i] as number))) / norm(b);

describe.each(Object.entries(CASES))("%s", (name, layer) => {
  const inputs = inputsOf(layer);

  it.each(["int8", "float", "float32"] as const)("has the gradient that differences show, %s lowering", (lowering) => {
    const graph = gradientGraph(layer, lowering);
    const found = gradients(graph, inputs, "float64");
    expect(norm(found)).toBeGreaterThan(0.01);
    expect(distance(found, differences(graph, inputs))).toBeLessThan(lowering === "float32" ? 1e-6 : 2e-4);
  });

  // The exact GELU has another step function than the normal distribution, close to it but not the same.
  it("is within the grid's step of the plain gradient", () => {
    const exact = gradients(gradientGraph(layer, "float"), inputs, "float32");
    const plain = gradients(gradientGraph(layer, "float32"), inputs, "float64");
    expect(distance(exact, plain)).toBeLessThan(name === "gelu" ? 0.04 : 0.025);
  });

  it("has the same bits in both lowerings", () => {
    const [int8, float] = (["int8", "float"] as const).map((lowering) =>
      [...evaluate(gradientGraph(layer, lowering), inputs, "float32").values()].flatMap(({ data }) => [...data]),
    ) as [number[], number[]];
    expect(int8.map((x) => x + 0)).toEqual(float.map((x) => x + 0));
  });
});

it("would notice a wrong gradient", () => {
  const wrong: Case = {
    parameters: [[5, 7]],
    forward: (net, [x]) => {
      const value = (x as Param).value;
      return net.record(net.g.node("Abs", [value], value), [value], (dy) => [dy]);
    },
  };
  const graph = gradientGraph(wrong, "float");
  const inputs = inputsOf(wrong);
  expect(distance(gradients(graph, inputs, "float64"), differences(graph, inputs))).toBeGreaterThan(0.1);
});
