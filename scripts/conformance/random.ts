// Random models of each kind: what a seed makes of sizes, batches and optimisers, small enough that hundreds can be run.
import { conv2d, flattened, linear, maxPool2, relu, type Value } from "../../src/ml/graph/index.ts";
import { affine } from "../../src/ml/models/affine.ts";
import { DIGITS, digitImages, digitLabels, digitNoise, digitRows, HEAD } from "../../src/ml/models/digits.ts";
import { integerStream } from "../../src/ml/models/init.ts";
import { adamw, transformer } from "../../src/ml/models/transformer.ts";
import type { Architecture, Optimizer, ParameterSpec } from "../../src/ml/models/types.ts";

export const KINDS = ["mlp", "cnn", "transformer"] as const;
export type Kind = (typeof KINDS)[number];

const OPTIMIZERS: readonly Optimizer[] = [
  { kind: "sgd", settings: [{ learningRate: 0.05, momentum: 0.9 }] },
  adamw(0.002),
];

type Pick = <T>(from: readonly T[]) => T;
const weights = (name: string, shape: readonly number[], std: number, exponent: number): ParameterSpec => ({
  name: `${name}.weight`,
  shape,
  exponent,
  init: { kind: "normal", std },
});
const biases = (name: string, size: number): ParameterSpec => ({
  name: `${name}.bias`,
  shape: [size],
  exponent: -20,
  init: { kind: "zeros" },
});

/** What every random model of the digits has in common. */
const digits = (seed: string, pick: Pick): Omit<Architecture, "parameters" | "forward" | "architecture"> => ({
  name: `random-${seed}`,
  version: 1,
  task: { kind: "classification" },
  data: DIGITS,
  batchSize: pick([1, 2, 3, 5, 8, 16, 32, 40]),
  evalBatch: 10,
  predictionsPerSample: 1,
  defaultSteps: 3,
  bits: { activation: 8, weight: 7, gradient: 9 },
  noise: digitNoise,
  optimizer: pick(OPTIMIZERS),
});

function mlp(seed: string, pick: Pick): Architecture {
  const widths = Array.from({ length: pick([1, 2, 3]) }, () => pick([1, 2, 7, 16, 33, 64, 100]));
  const sizes = [784, ...widths];
  const layers = widths.map((width, i) => ({ name: `hidden${i}`, from: sizes[i] as number, width }));
  const last = widths.at(-1) as number;
  return {
    ...digits(seed, pick),
    architecture: sizes.join("-"),
    parameters: [
      ...layers.flatMap(({ name, from, width }) => [
        weights(name, [from, width], from ** -0.5, pick([-23, -22])),
        biases(name, width),
      ]),
      weights("head", [last, 10], last ** -0.5 / 2, -22),
      biases("head", 10),
    ],
    forward: (net, { params, ...input }) => {
      const hidden = layers.reduce<Value>(
        (x, { name }) => relu(net, linear(net, x, affine(params, name))),
        digitRows(net, input),
      );
      return { logits: linear(net, hidden, affine(params, "head"), HEAD), labels: digitLabels(net, input) };
    },
  };
}

function cnn(seed: string, pick: Pick): Architecture {
  const [maps, more] = [pick([1, 2, 5, 8]), pick([1, 3, 4])];
  const flat = more * 5 * 5;
  return {
    ...digits(seed, pick),
    architecture: `5x5 and 3x3 convolutions with ${maps} and ${more} maps`,
    parameters: [
      weights("conv1", [maps, 1, 5, 5], 0.2, -22),
      weights("conv2", [more, maps, 3, 3], 0.2, pick([-23, -22])),
      weights("head", [flat, 10], flat ** -0.5, -22),
      biases("head", 10),
    ],
    forward: (net, { params, ...input }) => {
      const layer = (x: Value, name: string): Value =>
        relu(net, maxPool2(net, conv2d(net, x, params(`${name}.weight`))));
      const features = flattened(net, layer(layer(digitImages(net, input), "conv1"), "conv2"));
      return { logits: linear(net, features, affine(params, "head"), HEAD), labels: digitLabels(net, input) };
    },
  };
}

function small(seed: string, pick: Pick): Architecture {
  const depth = pick([4, 16]);
  const heads = pick([1, 2, 4]);
  const size = { blocks: pick([1, 2]), width: depth * heads, heads, window: pick([4, 16, 20, 64]) };
  return transformer(size, {
    name: `random-${seed}`,
    version: 1,
    data: "text",
    batchSize: pick([1, 2, 3, 8]),
    defaultSteps: 3,
    optimizer: pick(OPTIMIZERS),
  });
}

/** The random model number `index` of a kind: the same on every machine. */
export function randomModel(kind: Kind, index: number): Architecture {
  const seed = `${kind}-${index}`;
  const next = integerStream(`conformance/random/${seed}`);
  const pick: Pick = (from) => from[next() % from.length] as never;
  return { mlp, cnn, transformer: small }[kind](seed, pick);
}
