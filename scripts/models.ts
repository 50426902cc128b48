// Writes models/<name>/: the ONNX files, the manifest, and the conformance vectors. A test rebuilds them and compares.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { toHex } from "../src/base/index.ts";
import {
  buildModel,
  initialParameters,
  MODELS,
  type ModelManifest,
  parametersDigest,
  predictionsDigest,
  type Vectors,
  vectorInputs,
} from "../src/ml/index.ts";
import { architecture } from "../src/ml/models/catalog.ts";
import { flatten, open, ort, parameterFeeds, runUnit, stepFeeds } from "./ml-lab.ts";

const ROOT = fileURLToPath(new URL("../models/", import.meta.url));
/** Stretches, and each setting once: fewer where a step is so large that they would take seconds. */
const STRETCHES = { usual: 4, large: 2 };
/** Multiply-accumulates of a model's vectors, within bounds of the steps of a stretch: every worker runs them before it works. */
const EFFORT = 1.5e9;
const STEPS = { least: 2, most: 16 };

/** Stretches of the vectors and the steps of each: two at least, so that the optimiser's state is carried. */
function sizeOf({ effort: { batch, rest }, optimizer }: ModelManifest): { steps: number; units: number } {
  const step = batch + rest;
  const stretches = step > EFFORT ? STRETCHES.large : STRETCHES.usual;
  const steps = Math.round(EFFORT / stretches / step);
  return {
    steps: Math.max(STEPS.least, Math.min(STEPS.most, steps)),
    units: Math.max(stretches, optimizer.settings.length),
  };
}

/** Runs the vectors' stretches on this machine. */
async function vectorsOf(name: string): Promise<Vectors> {
  const { manifest, train, eval: evaluation } = buildModel(name);
  const samples = manifest.data.window === 1 ? 64 : 1024;
  const { steps, units: count } = sizeOf(manifest);
  const plan = { seed: `${manifest.initSeed}/vectors`, samples, steps };
  const { data, units, evaluated } = vectorInputs(
    { ...manifest, batch: manifest.batchSize },
    { ...plan, units: count },
  );
  const feeds = Object.fromEntries(
    data.map((item) => [item.name, new ort.Tensor("uint8", item.data, [...item.shape])]),
  );
  const session = await open(train);
  const start = initialParameters(manifest, 0);
  let parameters = parameterFeeds(architecture(name), start);
  const digests: string[] = [];
  for (const unit of units) {
    const steps = stepFeeds(manifest.noise, plan.steps, unit);
    ({ parameters } = await runUnit(session, { parameters, data: feeds }, steps));
    digests.push(toHex(parametersDigest(manifest, flatten(parameters))));
  }
  const scorer = await open(evaluation);
  const rows = new ort.Tensor("int32", evaluated, [evaluated.length]);
  const out = await scorer.run({ ...parameters, ...feeds, batch: rows });
  const predictions = toHex(predictionsDigest((out["predictions"] as ort.Tensor).data as Int32Array));
  return { model: name, ...plan, initial: toHex(parametersDigest(manifest, start)), digests, predictions };
}

for (const name of MODELS) {
  const { manifest, train, eval: evaluation, int8 } = buildModel(name);
  mkdirSync(`${ROOT}${name}`, { recursive: true });
  writeFileSync(`${ROOT}${name}/train.onnx`, train);
  writeFileSync(`${ROOT}${name}/eval.onnx`, evaluation);
  writeFileSync(`${ROOT}${name}/train.int8.onnx`, int8.train);
  writeFileSync(`${ROOT}${name}/eval.int8.onnx`, int8.eval);
  writeFileSync(`${ROOT}${name}/model.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(`${ROOT}${name}/vectors.json`, `${JSON.stringify(await vectorsOf(name), null, 2)}\n`);
  process.stderr.write(`${name}: ${train.length} + ${evaluation.length} bytes\n`);
}
