// A small transformer that predicts the next character of plain text.
import {
  add,
  attention,
  cast,
  embedding,
  gather,
  gelu,
  layerNorm,
  linear,
  type Net,
  type Param,
  plus,
  positions,
  reshape,
  slice,
  splitColumns,
  type Value,
} from "../graph/index.ts";
import { affine } from "./affine.ts";
import { relabelled, relabelSpec } from "./noise.ts";
import type { Architecture, ParameterSpec } from "./types.ts";

const WIDTH = 64;
const HEADS = 4;
const BLOCKS = 2;
const WINDOW = 64;
/** Symbols of the text data set. */
const VOCABULARY = 96;
/** The logits' gradient has many small values beside one large, so it gets more bits. */
const HEAD_BITS = 10;

const weight = (name: string, shape: readonly number[], std: number): ParameterSpec => ({
  name,
  shape,
  exponent: -22,
  init: { kind: "normal", std },
});
const zeros = (name: string, size: number): ParameterSpec => ({
  name,
  shape: [size],
  exponent: -22,
  init: { kind: "zeros" },
});

const blockParameters = (at: string): readonly ParameterSpec[] => [
  weight(`${at}.qkv.weight`, [WIDTH, 3 * WIDTH], 0.125),
  weight(`${at}.out.weight`, [WIDTH, WIDTH], 0.0625),
  zeros(`${at}.out.bias`, WIDTH),
  weight(`${at}.up.weight`, [WIDTH, 4 * WIDTH], 0.125),
  zeros(`${at}.up.bias`, 4 * WIDTH),
  weight(`${at}.down.weight`, [4 * WIDTH, WIDTH], 0.03125),
  zeros(`${at}.down.bias`, WIDTH),
];

/** x[B*T, WIDTH] through one block: attention, then a perceptron, each beside the residual. */
function block(net: Net, x: Value, param: (name: string) => Param, batch: number): Value {
  const mixed = linear(net, layerNorm(net, x), { weight: param("qkv.weight") });
  const [q, k, v] = splitColumns(net, mixed, 3) as [Value, Value, Value];
  const looked = attention(net, { q, k, v }, { batch, window: WINDOW, heads: HEADS });
  const middle = plus(net, x, linear(net, looked, affine(param, "out")));
  const up = gelu(net, linear(net, layerNorm(net, middle), affine(param, "up")));
  return plus(net, middle, linear(net, up, affine(param, "down")));
}

export const charsTransformer: Architecture = {
  name: "chars-transformer",
  version: 2,
  architecture: "causal transformer, 2 blocks, width 64, 4 heads, window 64, 96 symbols",
  task: { kind: "next-token" },
  data: {
    name: "text",
    inputs: [{ name: "tokens", dtype: "uint8", shape: ["L"], limit: VOCABULARY }],
    window: WINDOW + 1,
  },
  batchSize: 16,
  evalBatch: 16,
  predictionsPerSample: WINDOW,
  defaultSteps: 50,
  bits: { activation: 8, weight: 8, gradient: 8 },
  noise: (batch) => [relabelSpec(batch * WINDOW, VOCABULARY)],
  optimizer: {
    kind: "adamw",
    settings: [
      { learningRate: 0.002, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01 },
      { learningRate: 0.001, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01 },
      { learningRate: 0.003, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01 },
    ],
  },
  parameters: [
    weight("embedding.tokens", [VOCABULARY, WIDTH], 0.0625),
    weight("embedding.positions", [WINDOW, WIDTH], 0.03125),
    ...Array.from({ length: BLOCKS }, (_, i) => blockParameters(`block${i}`)).flat(),
    weight("head.weight", [WIDTH, VOCABULARY], 0.125),
    zeros("head.bias", VOCABULARY),
  ],
  forward: (net, { index, data, noise, params }) => {
    const { g } = net;
    const batch = index.shape[0] as number;
    const offsets = g.constant(
      Array.from({ length: WINDOW + 1 }, (_, i) => i),
      [1, WINDOW + 1],
      "int32",
    );
    const places = add(g, reshape(g, index, [batch, 1]), offsets);
    const text = cast(g, gather(g, data.get("tokens") as Value, places), "int32");
    const read = (from: number): Value => reshape(g, slice(g, text, 1, { from, to: from + WINDOW }), [batch * WINDOW]);
    let x = positions(net, embedding(net, params("embedding.tokens"), read(0)), params("embedding.positions"), batch);
    for (let i = 0; i < BLOCKS; i++) x = block(net, x, (name) => params(`block${i}.${name}`), batch);
    const logits = linear(net, layerNorm(net, x), affine(params, "head"), { gradient: HEAD_BITS });
    return { logits, labels: relabelled(net, read(1), noise, VOCABULARY) };
  },
};
