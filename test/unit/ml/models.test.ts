// Manifests, first parameters, digests, vector data, and the ONNX bytes as another reader sees them.
import { fromBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { describe, expect, it } from "vitest";
import { PouwError, toHex } from "../../../src/base/index.ts";
import { effortOf, GraphBuilder, multiplyAccumulates, toOnnx } from "../../../src/ml/graph/index.ts";
import * as ops from "../../../src/ml/graph/ops.ts";
import {
  buildModel,
  initialParameters,
  MODELS,
  parametersDigest,
  parseManifest,
  parseVectors,
  vectorInputs,
} from "../../../src/ml/models/index.ts";

const built = buildModel("digits-mlp");
const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof PouwError ? error.code : String(error);
  }
  return "none";
};

describe("the manifest", () => {
  it.each(MODELS)("of %s survives being written and read", (name) => {
    const { manifest } = buildModel(name);
    expect(parseManifest(JSON.stringify(manifest))).toEqual(manifest);
  });

  it("says what the model is", () => {
    const { manifest, train } = built;
    expect(manifest.parameterCount).toBe(784 * 128 + 128 + 128 * 10 + 10);
    // Forward, gradient of the weights, and gradient of the hidden layer, each row's; elements and nodes come on top.
    expect(manifest.effort.batch).toBeGreaterThan(32 * (2 * 784 * 128 + 3 * 128 * 10));
    expect(manifest.effort.rest).toBeGreaterThan(4 * manifest.parameterCount);
    expect(manifest.noise.map(({ name, count }) => [name, count])).toEqual([
      ["shift", 32],
      ["relabel", 32],
    ]);
    expect(manifest.files.train.bytes).toBe(train.length);
  });

  it.each([
    ["not JSON", "{"],
    ["an empty object", "{}"],
    ["a list", "[]"],
    ["a wrong count", JSON.stringify({ ...built.manifest, parameterCount: 1 })],
    ["a wrong digest", JSON.stringify({ ...built.manifest, files: { train: { sha256: "x", bytes: 1 } } })],
    ["an unknown optimiser", JSON.stringify({ ...built.manifest, optimizer: { kind: "magic" } })],
    ["an optimiser without a setting", JSON.stringify({ ...built.manifest, optimizer: { kind: "sgd", settings: [] } })],
    ["noise without a limit", JSON.stringify({ ...built.manifest, noise: [{ name: "shift", count: 32 }] })],
    ["effort below zero", JSON.stringify({ ...built.manifest, effort: { batch: -1, rest: 0 } })],
    ["a fractional batch", JSON.stringify({ ...built.manifest, batchSize: 1.5 })],
    [
      "two parameters of one name",
      JSON.stringify({
        ...built.manifest,
        parameterCount: 20,
        parameters: [3, 3].map(() => built.manifest.parameters[3]),
      }),
    ],
  ])("is refused when it is %s", (_, text) => expect(code(() => parseManifest(text))).toBe("BAD_MODEL"));

  it("is asked for by a known name", () => expect(code(() => buildModel("nobody"))).toBe("NOT_FOUND"));
});

describe("parameters", () => {
  const { manifest } = built;
  const start = initialParameters(manifest, 0);

  it("start on their grid, in their range, with the wanted spread", () => {
    const weights = start.subarray(0, 784 * 128);
    const mean = weights.reduce((sum, x) => sum + x, 0) / weights.length;
    const deviation = Math.sqrt(weights.reduce((sum, x) => sum + (x - mean) ** 2, 0) / weights.length);
    expect(Math.abs(mean)).toBeLessThan(0.001);
    expect(deviation).toBeCloseTo(0.05, 3);
    let at = 0;
    for (const { shape, exponent } of manifest.parameters) {
      const count = shape.reduce((a, b) => a * b, 1);
      const steps = [...start.subarray(at, at + count)].map((x) => x * 2 ** -exponent);
      expect(steps.every((n) => Number.isInteger(n) && n >= -(2 ** 22) && n < 2 ** 22)).toBe(true);
      at += count;
    }
    expect(at).toBe(start.length);
  });

  it("differ from season to season", () => {
    const digest = (season: number): string => toHex(parametersDigest(manifest, initialParameters(manifest, season)));
    expect(digest(0)).toBe(toHex(parametersDigest(manifest, start)));
    expect(new Set([0, 1, 2].map(digest)).size).toBe(3);
  });

  it("have one digest, whatever the sign of zero", () => {
    const digest = toHex(parametersDigest(manifest, start));
    const signed = start.map((x) => (x === 0 ? -0 : x));
    expect(signed.some((x) => Object.is(x, -0))).toBe(true);
    expect(toHex(parametersDigest(manifest, signed))).toBe(digest);
    expect(toHex(parametersDigest(manifest, start.with(5, 0.5)))).not.toBe(digest);
  });

  it("have none when one is not finite or the length is wrong", () => {
    expect(code(() => parametersDigest(manifest, start.with(5, Number.NaN)))).toBe("NOT_FINITE");
    expect(code(() => parametersDigest(manifest, start.with(5, Number.POSITIVE_INFINITY)))).toBe("NOT_FINITE");
    expect(code(() => parametersDigest(manifest, start.subarray(1)))).toBe("BAD_MODEL");
  });
});

describe("vector data", () => {
  const plan = { seed: "s", samples: 100, steps: 3, units: 2 };

  it.each(MODELS)("of %s fits the model", (name) => {
    const { manifest } = buildModel(name);
    const task = { ...manifest, batch: manifest.batchSize };
    const inputs = vectorInputs(task, plan);
    const { data, units, evaluated } = inputs;
    const batches = units.map(({ batch }) => batch);
    expect(data.map((item) => item.name)).toEqual(manifest.data.inputs.map((item) => item.name));
    data.forEach(({ data: values }, i) => {
      const { limit } = manifest.data.inputs[i] as { limit: number };
      expect(Math.max(...values)).toBeLessThan(limit);
    });
    expect(batches.map((batch) => batch.length)).toEqual([3, 3].map((steps) => steps * manifest.batchSize));
    expect(units.map(({ setting }) => setting)).toEqual([0, 1]);
    for (const { noise } of units)
      manifest.noise.forEach(({ count, below }, i) => {
        expect(noise[i]).toHaveLength(3 * count);
        expect(Math.max(...(noise[i] as Int32Array))).toBeLessThan(below);
      });
    expect(evaluated).toHaveLength(manifest.evalBatch);
    for (const batch of [...batches, evaluated])
      expect(Math.max(...batch) + manifest.data.window).toBeLessThanOrEqual(100);
    expect(vectorInputs(task, plan)).toEqual(inputs);
    expect(vectorInputs(task, { ...plan, seed: "t" })).not.toEqual(inputs);
  });

  it("is refused when the file is malformed", () => {
    const hex = "0".repeat(64);
    const good = { model: "m", seed: "s", samples: 1, steps: 1, initial: hex, digests: [hex], predictions: hex };
    expect(parseVectors(JSON.stringify(good))).toEqual(good);
    for (const bad of [
      "",
      "null",
      "{}",
      JSON.stringify({ ...good, digests: [] }),
      JSON.stringify({ ...good, predictions: "0" }),
      JSON.stringify({ ...good, steps: 0.5 }),
    ])
      expect(code(() => parseVectors(bad))).toBe("BAD_MODEL");
  });
});

describe("the ONNX writer", () => {
  it("writes what another protobuf reader reads", () => {
    const g = new GraphBuilder("t");
    const x = g.input("x", "float32", ["N", 4]);
    const y = ops.transpose(g, ops.add(g, x, g.constant([1, -2, 0.5, 3], [4])), [1, 0]);
    const model = fromBinary(ModelProtoSchema, toOnnx(g.finish("small", [y])));
    expect(model.opsetImport[0]?.version).toBe(18n);
    expect(model.graph?.node.map((node) => node.opType)).toEqual(["Add", "Transpose"]);
    expect(model.graph?.node[1]?.attribute[0]?.ints).toEqual([1n, 0n]);
    const raw = model.graph?.initializer[0]?.rawData ?? new Uint8Array();
    expect([...new Float32Array(raw.slice().buffer)]).toEqual([1, -2, 0.5, 3]);
    expect(model.graph?.input[0]?.name).toBe("x");
  });

  it("leaves out what nothing needs", () => {
    const g = new GraphBuilder("t");
    const x = g.input("x", "float32", [2]);
    ops.exp(g, x);
    expect(g.finish("small", [ops.relu(g, x)]).nodes).toHaveLength(1);
  });

  it("refuses a value of another graph and two of one name", () => {
    const [g, other] = [new GraphBuilder("t"), new GraphBuilder("u")];
    const x = other.input("x", "float32", [2]);
    expect(code(() => ops.relu(g, x))).toBe("BAD_GRAPH");
    expect(code(() => other.input("x", "float32", [2]))).toBe("BAD_GRAPH");
  });

  it("counts multiply-accumulates", () => {
    const g = new GraphBuilder("t");
    const a = g.input("a", "float32", [3, 4]);
    const b = g.input("b", "float32", [5, 4]);
    expect(multiplyAccumulates(g.finish("small", [ops.gemm(g, a, b, { transB: true })]))).toBe(60);
  });

  it("counts effort: elements written and nodes too", () => {
    const g = new GraphBuilder("t");
    const [a, b] = [g.input("a", "float32", [3, 4]), g.input("b", "float32", [5, 4])];
    expect(effortOf(g.finish("small", [ops.relu(g, ops.gemm(g, a, b, { transB: true }))]))).toBe(
      60 + 4 * 30 + 2 * 5000,
    );
  });
});
