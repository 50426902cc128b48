// 784-128-10: the smallest model that learns the digits.
import { linear, relu } from "../graph/index.ts";
import { affine } from "./affine.ts";
import { DIGITS, digitLabels, digitNoise, digitRows, HEAD } from "./digits.ts";
import type { Architecture } from "./types.ts";

const HIDDEN = 128;

export const digitsMlp: Architecture = {
  name: "digits-mlp",
  version: 3,
  architecture: "784-128-10 perceptron with ReLU",
  task: { kind: "classification" },
  data: DIGITS,
  batchSize: 32,
  evalBatch: 100,
  defaultSteps: 50,
  bits: { activation: 8, weight: 7, gradient: 9 },
  noise: digitNoise,
  optimizer: {
    kind: "sgd",
    settings: [
      { learningRate: 0.01, momentum: 0.9 },
      { learningRate: 0.005, momentum: 0.9 },
    ],
  },
  parameters: [
    { name: "hidden.weight", shape: [784, HIDDEN], exponent: -23, init: { kind: "normal", std: 0.05 } },
    { name: "hidden.bias", shape: [HIDDEN], exponent: -20, init: { kind: "zeros" } },
    { name: "head.weight", shape: [HIDDEN, 10], exponent: -22, init: { kind: "normal", std: 0.125 } },
    { name: "head.bias", shape: [10], exponent: -20, init: { kind: "zeros" } },
  ],
  predictionsPerSample: 1,
  forward: (net, { params, ...input }) => {
    const hidden = relu(net, linear(net, digitRows(net, input), affine(params, "hidden")));
    return { logits: linear(net, hidden, affine(params, "head"), HEAD), labels: digitLabels(net, input) };
  },
};
