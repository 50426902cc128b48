// Transformers of more than the built-in sizes, to ten million parameters: both lowerings are proven under AdamW.
import { describe, expect, it } from "vitest";
import { checkExact } from "../../../src/ml/graph/index.ts";
import { adamw, type TransformerSize, transformer } from "../../../src/ml/models/transformer.ts";
import { trainGraph } from "../../../src/ml/models/unit.ts";

const SIZES: readonly (readonly [millions: number, size: TransformerSize, batch: number])[] = [
  [0.4, { blocks: 2, width: 128, heads: 8, window: 64 }, 16],
  [3.2, { blocks: 4, width: 256, heads: 4, window: 64 }, 16],
  [9.7, { blocks: 3, width: 512, heads: 8, window: 256 }, 4],
  [10.3, { blocks: 13, width: 256, heads: 16, window: 128 }, 8],
];

describe.each(SIZES)("%d million parameters", (millions, size, batchSize) => {
  const model = transformer(size, {
    ...{ name: "wide", version: 1, data: "text", batchSize, defaultSteps: 50 },
    optimizer: adamw(0.001),
  });

  it("are as many", () => {
    const count = model.parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(count / 1e6).toBeCloseTo(millions, 1);
  });

  it.each(["int8", "float"] as const)("are proven exact, %s", (lowering) => {
    checkExact(trainGraph(model, { batch: batchSize, lowering }));
  });
});
