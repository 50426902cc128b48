// A small transformer that predicts the next character of plain text.
import { adamw, transformer } from "./transformer.ts";
import type { Architecture } from "./types.ts";

export const charsTransformer: Architecture = transformer(
  { blocks: 2, width: 64, heads: 4, window: 64 },
  {
    name: "chars-transformer",
    version: 3,
    data: "text",
    batchSize: 16,
    defaultSteps: 50,
    optimizer: adamw(0.002, 0.001, 0.003),
  },
);
