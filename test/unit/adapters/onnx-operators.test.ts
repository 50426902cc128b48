// Which operators an ONNX file uses, as the gate reads them: against another reader, and files that are none.
import { fromBinary } from "@bufbuild/protobuf";
import { type GraphProto, ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { passGate } from "../../../src/adapters/onnx/gate.ts";
import { operatorsOf } from "../../../src/adapters/onnx/operators.ts";
import type { OrtProvider } from "../../../src/adapters/onnx/ort.ts";
import { GraphBuilder, toOnnx } from "../../../src/ml/graph/index.ts";
import * as ops from "../../../src/ml/graph/ops.ts";
import { buildModel, MODELS } from "../../../src/ml/index.ts";

const all = (graph: GraphProto | undefined): string[] =>
  (graph?.node ?? []).flatMap((node) => [node.opType, ...node.attribute.flatMap(({ g }) => all(g))]);

describe("the operators of a file", () => {
  it.each(MODELS)("of %s are all but those that only the loss needs", (name) => {
    const { train, eval: evaluation } = buildModel(name);
    for (const bytes of [train, evaluation]) {
      const used = operatorsOf(bytes);
      const left = new Set(all(fromBinary(ModelProtoSchema, bytes).graph).filter((one) => !used.has(one)));
      expect([...left].sort()).toEqual(["Exp", "Log", "ReduceMean"]);
      expect(used.has("Loop")).toBe(bytes === train);
      expect(used.has("Gemm")).toBe(true);
    }
  });

  it("are refused where it is no ONNX file", () => {
    const { train } = buildModel("digits-mlp");
    for (const bytes of [new Uint8Array(0), new Uint8Array(40).fill(255), train.subarray(0, train.length - 9)])
      expect(() => operatorsOf(bytes)).toThrow(/not an ONNX file/);
  });
});

describe("a provider", () => {
  /** A graph of one operator, and a provider that opens nothing. */
  const graphOf = (write: (g: GraphBuilder) => ReturnType<typeof ops.exp>): Uint8Array => {
    const g = new GraphBuilder("t");
    return toOnnx(g.finish("t", [write(g)]));
  };
  const image = (g: GraphBuilder) => g.input("x", "float32", [1, 1, 8, 8]);
  const convolution = graphOf((g) =>
    g.node(
      "Conv",
      [image(g), g.input("w", "float32", [1, 1, 5, 5])],
      { shape: [1, 1, 4, 4] },
      { kernel_shape: [5, 5] },
    ),
  );
  const admit = (name: OrtProvider["name"], graph: Uint8Array) => {
    const open = () => Promise.reject(new Error("was opened"));
    return passGate({ name, library: "library 1", open }, { proofs: [] }, { opened: [graph], prove: async () => 1 });
  };

  it.each(["cuda", "webgpu"] as const)(
    "%s is not given convolutions: its library computes them as it likes",
    async (name) => {
      await expect(admit(name, convolution)).rejects.toMatchObject({
        code: "CAPABILITY_ABSENT",
        message: expect.stringContaining("may compute Conv as it likes"),
      });
      await expect(
        admit(
          name,
          graphOf((g) => ops.neg(g, image(g))),
        ),
      ).rejects.toThrow("was opened");
    },
  );

  it.each(["cpu", "wasm"] as const)("%s is: there the vectors say how they come out", async (name) => {
    await expect(admit(name, convolution)).rejects.toThrow("was opened");
  });

  it("is refused an operator that has no vectors", async () => {
    await expect(
      admit(
        "cpu",
        graphOf((g) => ops.exp(g, image(g))),
      ),
    ).rejects.toMatchObject({
      code: "CAPABILITY_ABSENT",
      message: "There are no vectors of the operator Exp.",
    });
  });
});
