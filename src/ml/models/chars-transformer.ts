// A small transformer that predicts the next character of plain text.
import { transformer } from "./transformer.ts";
import type { Architecture } from "./types.ts";

const ADAMW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01 };

export const charsTransformer: Architecture = transformer(
  { blocks: 2, width: 64, heads: 4, window: 64 },
  {
    name: "chars-transformer",
    version: 3,
    data: "text",
    batchSize: 16,
    defaultSteps: 50,
    optimizer: {
      kind: "adamw",
      settings: [
        { learningRate: 0.002, ...ADAMW },
        { learningRate: 0.001, ...ADAMW },
        { learningRate: 0.003, ...ADAMW },
      ],
    },
  },
);
