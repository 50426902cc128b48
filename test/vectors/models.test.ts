// The files in models/ are what the sources make, and every runtime setting reaches their digests.
import { readFileSync } from "node:fs";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import { evaluate, type Tensor } from "../../src/ml/graph/index.ts";
import {
    architecture,
    buildModel,
    buildTwin,
    initialParameters,
    MODELS,
    type ModelManifest,
    parametersDigest,
    predictionsDigest,
    parseManifest,
    parseVectors,
    trainGraph,
    type VectorUnit,
    vectorInputs,
} from "../../src/ml/index.ts";
import { LARGE_MODELS } from "../support/large-models.ts";

type Ort = Pick<typeof native, "InferenceSession" | "Tensor">;
const LEVELS = ["disabled", "basic", "extended", "all"] as const;
const LOWERINGS = ["float", "int8"] as const;
const file = (model: string, name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../../models/${model}/${name}`, import.meta.url)));
const text = (model: string, name: string): string => new TextDecoder().decode(file(model, name));

/** Digests after each of the vectors' units, as one runtime computes them. */
async function digests(
  ort: Ort,
  train: Uint8Array,
  manifest: ModelManifest,
  options: object,
  vectors = parseVectors(text(manifest.name, "vectors.json")),
  ended?: (flat: Float32Array) => void,
): Promise<string[]> {
  const { data, units } = vectorInputs({ ...manifest, batch: manifest.batchSize }, { ...vectors, units: vectors.digests.length });
  const session = await ort.InferenceSession.create(train, { logSeverityLevel: 3, ...options });
  const fixed = Object.fromEntries(data.map((item) => [item.name, new ort.Tensor("uint8", item.data, [...item.shape])]));
  let flat = initialParameters(manifest, 0);
  const found: string[] = [];
  for (const { setting, batch, noise } of units) {
    const rows = (values: Int32Array) => new ort.Tensor("int32", values, [vectors.steps, values.length / vectors.steps]);
    const feeds: Record<string, native.Tensor> = { ...fixed, batch: rows(batch) };
    manifest.noise.forEach(({ name }, i) => {
      feeds[name] = rows(noise[i] as Int32Array);
    });
    feeds["setting"] = new ort.Tensor("int64", BigInt64Array.of(BigInt(setting)), []);
    feeds["steps"] = new ort.Tensor("int64", BigInt64Array.of(BigInt(vectors.steps)), []);
    Object.assign(feeds, parameterTensors(ort, manifest, flat));
    const out = await session.run(feeds);
    const next = new Float32Array(flat.length);
    let at = 0;
    for (const { name } of manifest.parameters) {
      const { data: values } = out[`next.${name}`] as native.Tensor;
      next.set(values as Float32Array, at);
      at += values.length;
    }
    flat = next;
    found.push(toHex(parametersDigest(manifest, flat)));
  }
  await session.release();
  ended?.(flat);
  return found;
}

/** Digest of eval.onnx's predictions with parameters that train.onnx made. */
async function predictions(
    ort: Ort,
    { name, lowering }: { name: string; lowering: (typeof LOWERINGS)[number] },
    manifest: ModelManifest,
    options: object,
    flat: Float32Array,
): Promise<string> {
  const vectors = parseVectors(text(name, "vectors.json"));
  const { data, evaluated } = vectorInputs({ ...manifest, batch: manifest.batchSize }, { ...vectors, units: 0 });
  const session = await ort.InferenceSession.create(file(name, lowering === "int8" ? "eval.int8.onnx" : "eval.onnx"), { logSeverityLevel: 3, ...options });
  const feeds: Record<string, native.Tensor> = { batch: new ort.Tensor("int32", evaluated, [evaluated.length]) };
  for (const item of data) feeds[item.name] = new ort.Tensor("uint8", item.data, [...item.shape]);
  Object.assign(feeds, parameterTensors(ort, manifest, flat));
  const out = await session.run(feeds);
  await session.release();
  return toHex(predictionsDigest((out["predictions"] as native.Tensor).data as Int32Array));
}

function parameterTensors({ Tensor: Made }: Ort, { parameters }: ModelManifest, flat: Float32Array): Record<string, native.Tensor> {
  let at = 0;
  return Object.fromEntries(
    parameters.map(({ name, shape }) => {
      const count = shape.reduce((a, b) => a * b, 1);
      at += count;
      return [name, new Made("float32", flat.slice(at - count, at), [...shape])];
    }),
  );
}

beforeAll(() => {
  web.env.wasm.numThreads = 1;
});

describe.each(MODELS)("%s", (name) => {
  const manifest = parseManifest(text(name, "model.json"));
  const train = file(name, "train.onnx");
  const vectors = parseVectors(text(name, "vectors.json"));
  const large = LARGE_MODELS.has(name);

  it("is what its source makes, byte for byte", () => {
    const built = buildModel(name);
    expect(built.train).toEqual(train);
    expect(built.eval).toEqual(file(name, "eval.onnx"));
    expect(built.int8).toEqual({ train: file(name, "train.int8.onnx"), eval: file(name, "eval.int8.onnx") });
    expect(built.manifest).toEqual(manifest);
  });

  it("starts at the digest in its vectors", () => {
    expect(toHex(parametersDigest(manifest, initialParameters(manifest, 0)))).toBe(vectors.initial);
  });

  const trained = { float: train, int8: file(name, "train.int8.onnx") };
  const nativeCases = LEVELS.flatMap((level) => [1, 2].map((threads) => [level, threads] as const));
  it.each(large ? ([["all", 2]] as const) : nativeCases)(
    "reaches the digests with optimisation %s, on %i threads",
    async (graphOptimizationLevel, intraOpNumThreads) => {
      for (const [lowering, bytes] of Object.entries(trained)) {
        const found = await digests(native, bytes, manifest, { graphOptimizationLevel, intraOpNumThreads });
        expect({ lowering, found }).toEqual({ lowering, found: vectors.digests });
      }
    },
  );

  it.each(large ? ["all"] : ["disabled", "all"])("reaches the digests in WASM with optimisation %s", async (graphOptimizationLevel) => {
    for (const [lowering, bytes] of Object.entries(trained)) {
      const found = await digests(web as unknown as Ort, bytes, manifest, { graphOptimizationLevel });
      expect({ lowering, found }).toEqual({ lowering, found: vectors.digests });
    }
  });

  it("predicts what its vectors say, natively and in WASM, and something else before training", async () => {
    let end = initialParameters(manifest, 0);
    const untrained = await predictions(native, { name, lowering: "float" }, manifest, {}, end);
    await digests(native, train, manifest, {}, vectors, (flat) => {
      end = flat;
    });
    for (const lowering of LOWERINGS) {
      for (const graphOptimizationLevel of large ? LEVELS.slice(-1) : LEVELS) {
        const found = await predictions(native, { name, lowering }, manifest, { graphOptimizationLevel }, end);
        expect(found).toBe(vectors.predictions);
      }
      expect(await predictions(web as unknown as Ort, { name, lowering }, manifest, {}, end)).toBe(vectors.predictions);
    }
    expect(untrained).not.toBe(vectors.predictions);
  });

  // In JavaScript the steps of a large one take minutes.
  it.skipIf(large).each(LOWERINGS)("gives the reference evaluator's bits, %s", async (lowering) => {
    const shape = { batch: 2, lowering } as const;
    const small = { ...buildModel(name, { batch: shape.batch }), vectors: { ...vectors, steps: 2, digests: [""] } };
    const [found] = await digests(native, lowering === "int8" ? small.int8.train : small.train, small.manifest, {}, small.vectors);
    const { data, units } = vectorInputs({ ...small.manifest, batch: small.manifest.batchSize }, { ...small.vectors, units: 1 });
    const [unit] = units as [VectorUnit];
    const inputs = new Map<string, Tensor>(data.map((item) => [item.name, { shape: item.shape, data: [...item.data] }]));
    inputs.set("steps", { shape: [], data: [2] });
    inputs.set("setting", { shape: [], data: [unit.setting] });
    inputs.set("batch", { shape: [2, 2], data: [...unit.batch] });
    small.manifest.noise.forEach(({ name: drawn, count }, i) => {
      inputs.set(drawn, { shape: [2, count], data: [...(unit.noise[i] as Int32Array)] });
    });
    const flat = initialParameters(manifest, 0);
    let at = 0;
    for (const { name: parameter, shape: sizes } of manifest.parameters) {
      const count = sizes.reduce((a, b) => a * b, 1);
      inputs.set(parameter, { shape: sizes, data: [...flat.subarray(at, at + count)] });
      at += count;
    }
    const out = evaluate(trainGraph(architecture(name), shape), inputs, "float32");
    const next = manifest.parameters.flatMap(({ name: parameter }) => [...(out.get(`next.${parameter}`)?.data ?? [])]);
    expect(toHex(parametersDigest(manifest, Float32Array.from(next)))).toBe(found);
  });

  it.skipIf(large)("would notice: the plain float32 twin ends elsewhere, and not on the grid", async () => {
    const twin = buildTwin(name);
    expect(await digests(native, twin.train, manifest, {})).not.toEqual(vectors.digests);
  });
});
