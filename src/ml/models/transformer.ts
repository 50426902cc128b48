// Causal transformers that predict the next character of plain text, of any size.
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
  type Precision,
  plus,
  positions,
  reshape,
  slice,
  splitColumns,
  type Value,
} from "../graph/index.ts";
import { affine } from "./affine.ts";
import { relabelled, relabelSpec } from "./noise.ts";
import type { Architecture, ForwardInput, Optimizer, ParameterSpec, Prediction } from "./types.ts";

/** Symbols of the text data sets. */
const VOCABULARY = 96;
/** The logits' gradient has many small values beside one large, so the head has more bits than bytes. */
const HEAD: Precision = { activation: 8, weight: 8, gradient: 10 };

export interface TransformerSize {
  readonly blocks: number;
  /** A power of two, and each head's share of it a power of four. */
  readonly width: number;
  readonly heads: number;
  readonly window: number;
}

const weight = (name: string, shape: readonly number[], std: number, exponent = -22): ParameterSpec => ({
  name,
  shape,
  exponent,
  init: { kind: "normal", std },
});
const zeros = (name: string, size: number): ParameterSpec => ({
  name,
  shape: [size],
  exponent: -22,
  init: { kind: "zeros" },
});

/** Weights start with a deviation of 1 over the root of what they add up, those before a residual with half of it. */
const blockParameters = (at: string, width: number): readonly ParameterSpec[] => [
  weight(`${at}.qkv.weight`, [width, 3 * width], width ** -0.5),
  weight(`${at}.out.weight`, [width, width], width ** -0.5 / 2, -23),
  zeros(`${at}.out.bias`, width),
  weight(`${at}.up.weight`, [width, 4 * width], width ** -0.5),
  zeros(`${at}.up.bias`, 4 * width),
  weight(`${at}.down.weight`, [4 * width, width], width ** -0.5 / 4, -23),
  zeros(`${at}.down.bias`, width),
];

/** x[B*T, width] through one block: attention, then a perceptron, each beside the residual. */
function block(net: Net, x: Value, param: (name: string) => Param, heads: Parameters<typeof attention>[2]): Value {
  const mixed = linear(net, layerNorm(net, x), { weight: param("qkv.weight") });
  const [q, k, v] = splitColumns(net, mixed, 3) as [Value, Value, Value];
  const looked = attention(net, { q, k, v }, heads);
  const middle = plus(net, x, linear(net, looked, affine(param, "out")));
  const up = gelu(net, linear(net, layerNorm(net, middle), affine(param, "up")));
  return plus(net, middle, linear(net, up, affine(param, "down")));
}

function predict(size: TransformerSize, net: Net, { index, data, noise, params }: ForwardInput): Prediction {
  const { g } = net;
  const { window, heads } = size;
  const batch = index.shape[0] as number;
  const offsets = g.constant(
    Array.from({ length: window + 1 }, (_, i) => i),
    [1, window + 1],
    "int32",
  );
  const places = add(g, reshape(g, index, [batch, 1]), offsets);
  const text = cast(g, gather(g, data.get("tokens") as Value, places), "int32");
  const read = (from: number): Value => reshape(g, slice(g, text, 1, { from, to: from + window }), [batch * window]);
  let x = positions(net, embedding(net, params("embedding.tokens"), read(0)), params("embedding.positions"), batch);
  for (let i = 0; i < size.blocks; i++)
    x = block(net, x, (name) => params(`block${i}.${name}`), { batch, window, heads });
  const logits = linear(net, layerNorm(net, x), affine(params, "head"), HEAD);
  return { logits, labels: relabelled(net, read(1), noise, VOCABULARY) };
}

/** What a transformer's size does not decide. */
export type TransformerFacts = Pick<Architecture, "name" | "version" | "batchSize" | "defaultSteps"> & {
  readonly data: Architecture["data"]["name"];
  readonly optimizer: Optimizer;
};

const ADAMW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01 };

/** The optimizer of transformers, with a setting for each learning rate. */
export const adamw = (...learningRates: readonly number[]): Optimizer => ({
  kind: "adamw",
  settings: learningRates.map((learningRate) => ({ learningRate, ...ADAMW })),
});

export function transformer(size: TransformerSize, { data, ...facts }: TransformerFacts): Architecture {
  const { blocks, width, heads, window } = size;
  return {
    ...facts,
    architecture: `causal transformer, ${blocks} blocks, width ${width}, ${heads} heads, window ${window}, ${VOCABULARY} symbols`,
    task: { kind: "next-token" },
    data: {
      name: data,
      inputs: [{ name: "tokens", dtype: "uint8", shape: ["L"], limit: VOCABULARY }],
      window: window + 1,
    },
    evalBatch: 16,
    predictionsPerSample: window,
    bits: { activation: 8, weight: 8, gradient: 8 },
    noise: (batch) => [relabelSpec(batch * window, VOCABULARY)],
    parameters: [
      weight("embedding.tokens", [VOCABULARY, width], 0.0625),
      weight("embedding.positions", [window, width], 0.03125),
      ...Array.from({ length: blocks }, (_, i) => blockParameters(`block${i}`, width)).flat(),
      weight("head.weight", [width, VOCABULARY], width ** -0.5),
      zeros("head.bias", VOCABULARY),
    ],
    forward: (net, input) => predict(size, net, input),
  };
}
