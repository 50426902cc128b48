// A transformer of 3.2 million parameters that predicts the next character of a long text: a step is worth a GPU.
import { transformer } from "./transformer.ts";
import type { Architecture } from "./types.ts";

const ADAMW = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.01 };

export const textTransformer: Architecture = transformer(
  { blocks: 4, width: 256, heads: 4, window: 64 },
  {
    name: "text-transformer",
    version: 1,
    data: "bible",
    batchSize: 16,
    defaultSteps: 64,
    optimizer: {
      kind: "adamw",
      settings: [
        { learningRate: 0.001, ...ADAMW },
        { learningRate: 0.0005, ...ADAMW },
      ],
    },
  },
);
