// A transformer of 3.2 million parameters that predicts the next character of a long text: a step is worth a GPU.
import { adamw, transformer } from "./transformer.ts";
import type { Architecture } from "./types.ts";

export const textTransformer: Architecture = transformer(
  { blocks: 4, width: 256, heads: 4, window: 64 },
  {
    name: "text-transformer",
    version: 1,
    data: "bible",
    batchSize: 16,
    defaultSteps: 64,
    optimizer: adamw(0.001, 0.0005),
  },
);
