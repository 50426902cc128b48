// Runs a random model in both lowerings, each in eight settings that could change bits, in this process.
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { toHex } from "../../src/base/index.ts";
import { checkExact, toOnnx } from "../../src/ml/graph/index.ts";
import { parametersDigest, type VectorUnit, vectorInputs } from "../../src/ml/index.ts";
import { drawParameters } from "../../src/ml/models/init.ts";
import type { Architecture } from "../../src/ml/models/types.ts";
import { trainGraph } from "../../src/ml/models/unit.ts";

const STEPS = 3;
const SAMPLES = 256;
const SETTINGS = [
  ...(["disabled", "basic", "extended", "all"] as const).flatMap((level) =>
    [1, 2].map((threads) => ({ label: `native, ${level}, ${threads} threads`, wasm: false, level, threads })),
  ),
  { label: "WASM", wasm: true, level: "all", threads: 1 },
] as const;

/** What one run gave, as `lowering, setting` -> digest. */
export type Digests = ReadonlyMap<string, string>;

/** Throws BAD_GRAPH when a lowering is not proven. */
export async function runEverywhere(model: Architecture): Promise<Digests> {
  web.env.wasm.numThreads = 1;
  const found = new Map<string, string>();
  for (const lowering of ["int8", "float"] as const) {
    const graph = trainGraph(model, { batch: model.batchSize, lowering });
    checkExact(graph);
    const bytes = toOnnx(graph);
    for (const setting of SETTINGS) found.set(`${lowering}, ${setting.label}`, await digestOf(model, bytes, setting));
  }
  return found;
}

async function digestOf(
  model: Architecture,
  train: Uint8Array,
  { wasm, level, threads }: (typeof SETTINGS)[number],
): Promise<string> {
  const ort = wasm ? (web as unknown as typeof native) : native;
  const session = await ort.InferenceSession.create(train, {
    graphOptimizationLevel: level,
    intraOpNumThreads: threads,
    logSeverityLevel: 4,
  });
  const noise = model.noise(model.batchSize);
  const task = { ...model, batch: model.batchSize, noise };
  const { data, units } = vectorInputs(task, { seed: model.name, samples: SAMPLES, steps: STEPS, units: 1 });
  const [unit] = units as [VectorUnit];
  const rows = (values: Int32Array): native.Tensor => new ort.Tensor("int32", values, [STEPS, values.length / STEPS]);
  const flat = drawParameters(model.parameters, model.name);
  let at = 0;
  const parameters = model.parameters.map(({ name, shape }): [string, native.Tensor] => {
    const count = shape.reduce((a, b) => a * b, 1);
    at += count;
    return [name, new ort.Tensor("float32", flat.slice(at - count, at), [...shape])];
  });
  const out = await session.run(
    Object.fromEntries([
      ["steps", new ort.Tensor("int64", BigInt64Array.of(BigInt(STEPS)), [])],
      ["setting", new ort.Tensor("int64", BigInt64Array.of(BigInt(unit.setting)), [])],
      ["batch", rows(unit.batch)],
      ...noise.map(({ name }, i) => [name, rows(unit.noise[i] as Int32Array)]),
      ...data.map(({ name, data: bytes, shape }) => [name, new ort.Tensor("uint8", bytes, [...shape])]),
      ...parameters,
    ]),
  );
  await session.release();
  const ends = model.parameters.flatMap(({ name }) => [
    ...((out[`next.${name}`] as native.Tensor).data as Float32Array),
  ]);
  return toHex(parametersDigest({ name: model.name, parameterCount: flat.length }, Float32Array.from(ends)));
}
