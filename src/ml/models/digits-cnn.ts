// Two convolutions, each with pooling, and a linear head on the digits.
import { channelBias, conv2d, flattened, linear, maxPool2, relu, type Value } from "../graph/index.ts";
import { affine } from "./affine.ts";
import { DIGITS, digitImages, digitLabels, digitNoise, HEAD } from "./digits.ts";
import type { Architecture } from "./types.ts";

export const digitsCnn: Architecture = {
  name: "digits-cnn",
  version: 3,
  architecture: "5x5 convolutions with 8 and 16 maps, 2x2 max-pooling after each, linear head",
  task: { kind: "classification" },
  data: DIGITS,
  batchSize: 32,
  evalBatch: 100,
  predictionsPerSample: 1,
  defaultSteps: 50,
  bits: { activation: 8, weight: 7, gradient: 9 },
  noise: digitNoise,
  optimizer: {
    kind: "sgd",
    settings: [
      { learningRate: 0.01, momentum: 0.9 },
      { learningRate: 0.02, momentum: 0.9 },
    ],
  },
  parameters: [
    { name: "conv1.weight", shape: [8, 1, 5, 5], exponent: -22, init: { kind: "normal", std: 0.2 } },
    { name: "conv1.bias", shape: [8], exponent: -20, init: { kind: "zeros" } },
    { name: "conv2.weight", shape: [16, 8, 5, 5], exponent: -22, init: { kind: "normal", std: 0.1 } },
    { name: "conv2.bias", shape: [16], exponent: -20, init: { kind: "zeros" } },
    { name: "head.weight", shape: [256, 10], exponent: -22, init: { kind: "normal", std: 0.0625 } },
    { name: "head.bias", shape: [10], exponent: -20, init: { kind: "zeros" } },
  ],
  // Bias and ReLU are monotone, so they come after pooling, on a quarter of the values.
  forward: (net, { params, ...input }) => {
    const layer = (x: Value, name: string): Value =>
      relu(net, channelBias(net, maxPool2(net, conv2d(net, x, params(`${name}.weight`))), params(`${name}.bias`)));
    const features = flattened(net, layer(layer(digitImages(net, input), "conv1"), "conv2"));
    return { logits: linear(net, features, affine(params, "head"), HEAD), labels: digitLabels(net, input) };
  },
};
