// One runtime, several tasks: what they share is opened once, and each runs with its own facts.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createArtifacts } from "../../../src/adapters/artifacts/index.ts";
import { dataFeeds, evaluate, train } from "../../../src/adapters/onnx/calls.ts";
import { openRuntime } from "../../../src/adapters/onnx/index.ts";
import { type OrtProvider, openProvider } from "../../../src/adapters/onnx/ort.ts";
import { fromHex, toHex } from "../../../src/base/index.ts";
import { taskOf } from "../../../src/chain/index.ts";
import {
  type BuiltModel,
  buildModel,
  drawUnit,
  initialParameters,
  KNOWN_DATA,
  parametersDigest,
  predictionsDigest,
  type Vectors,
  type VectorUnit,
  vectorInputs,
} from "../../../src/ml/index.ts";
import { registrationOf } from "../../../src/node/index.ts";
import type { ArtifactKind, Artifacts, Runtime } from "../../../src/ports/index.ts";
import { stretchesOf, type Task } from "../../../src/work/index.ts";
import { artifacts, MODELS_DIR, signal, silent, TASK, unit } from "./suite.ts";

/** The task of another graph on the same data: 16 rows a step, drawn from a part of the training split. */
const small = buildModel("digits-mlp", { batch: 16 });
const registered = taskOf(registrationOf(small.manifest, { name: "small", steps: 7 }));
const { data } = registered;
const SMALL: Task = { ...registered, data: { ...data, splits: { ...data.splits, train: [500, 1500] } } };
/** The same graphs as the suite's task, other steps. */
const LONGER: Task = { ...TASK, name: "longer", steps: 25 };

let provider: OrtProvider;
let modelsDir: string;
beforeAll(async () => {
  provider = await openProvider("cpu");
  modelsDir = await mkdtemp(join(tmpdir(), "pouw-several-"));
  await install(small);
});
afterAll(() => rm(modelsDir, { recursive: true, force: true }));

/** Vectors as scripts/models.ts makes them. */
async function vectorsOf({ manifest, train: graph, eval: evaluation }: BuiltModel): Promise<Vectors> {
  const plan = { seed: "several", samples: 64, steps: 3 };
  const inputs = vectorInputs(SMALL, { ...plan, units: 1 });
  const feeds = dataFeeds(inputs.data);
  const first = initialParameters(manifest, 0);
  const trained = { task: SMALL, graph: await provider.open(graph), data: feeds };
  const { end } = await train(trained, first, inputs.units[0] as VectorUnit);
  const scored = { task: SMALL, graph: await provider.open(evaluation), data: feeds };
  const { predictions } = await evaluate(scored, end, inputs.evaluated);
  return {
    model: manifest.name,
    ...plan,
    initial: toHex(parametersDigest(manifest, first)),
    digests: [toHex(parametersDigest(manifest, end))],
    predictions: toHex(predictionsDigest(predictions)),
  };
}

async function install(built: BuiltModel): Promise<void> {
  const folder = join(modelsDir, built.manifest.name);
  await mkdir(folder);
  await writeFile(join(folder, "model.json"), JSON.stringify(built.manifest));
  await writeFile(join(folder, "vectors.json"), JSON.stringify(await vectorsOf(built)));
  await writeFile(join(folder, "train.onnx"), built.train);
  await writeFile(join(folder, "eval.onnx"), built.eval);
  await writeFile(join(folder, "train.int8.onnx"), built.int8.train);
  await writeFile(join(folder, "eval.int8.onnx"), built.int8.eval);
}

/** The digest that a unit must have: batches drawn here, the graph run in this thread. */
async function expected(task: Task, graph: Uint8Array, seed: Uint8Array): Promise<string> {
  const set = await artifacts.get("data", fromHex(KNOWN_DATA.digits.digest) as Uint8Array, { signal });
  const session = await provider.open(graph);
  const { batch, noise } = drawUnit(seed, task);
  const call = { task, graph: session, data: dataFeeds(set?.tensors ?? []) };
  let end = initialParameters(small.manifest, 0);
  const bounds = stretchesOf(task.steps);
  for (const [k, from] of bounds.slice(0, -1).entries()) {
    const rows = (values: Int32Array, count: number) => values.slice(from * count, (bounds[k + 1] as number) * count);
    const drawn = noise.map((values, i) => rows(values, task.noise[i]?.count as number));
    ({ end } = await train(call, end, { setting: 0, batch: rows(batch, task.batch), noise: drawn }));
  }
  await session.close();
  return toHex(parametersDigest(task, end));
}

describe("a runtime of several tasks", () => {
  const asked: string[] = [];
  const shares: number[] = [];
  let runtime: Runtime;
  beforeAll(async () => {
    const models = createArtifacts({ modelsDirs: [MODELS_DIR, modelsDir], dataDir: undefined }, { log: silent });
    const counting: Artifacts = {
      get(kind, digest, options) {
        asked.push(`${kind} ${toHex(digest)}`);
        return models.get(kind, digest, options);
      },
    };
    runtime = await openRuntime(
      { tasks: [TASK, LONGER, SMALL], provider: "cpu", workers: 1 },
      { artifacts: counting, log: silent },
      { signal, onProgress: (share) => shares.push(share) },
    );
  });
  afterAll(() => runtime.close());

  it("fetches what they share once", () => {
    expect(new Set(asked).size).toBe(asked.length);
    const count = (kind: ArtifactKind): number => asked.filter((line) => line.startsWith(`${kind} `)).length;
    // The evaluation graph of both models is the same file: only the training batch differs.
    expect([count("data"), count("graph"), count("int8"), count("vectors")]).toEqual([1, 3, 3, 2]);
    expect(shares.at(-1)).toBe(1);
  });

  it("runs each with its own steps, batch and split", async () => {
    const graphs = new Map<Task, Uint8Array>([[SMALL, small.train]]);
    const own = (await artifacts.get("graph", TASK.trainDigest, { signal })) as Uint8Array;
    for (const task of [TASK, LONGER, SMALL, TASK]) {
      const request = unit(9, task);
      const { digest } = await runtime.run(request, { signal });
      expect(toHex(digest)).toBe(await expected(task, graphs.get(task) ?? own, request.seed));
    }
  });

  it("runs a variant of a task that it was opened with", async () => {
    const request = unit(9, { ...SMALL, steps: 3 });
    const { digest } = await runtime.run(request, { signal });
    expect(toHex(digest)).toBe(await expected(request.task, small.train, request.seed));
  });

  it("runs them side by side, each with its bits", async () => {
    const tasks = [TASK, SMALL, LONGER, SMALL, TASK];
    const results = await Promise.all(tasks.map((task) => runtime.run(unit(4, task), { signal })));
    const digests = results.map(({ digest }) => toHex(digest));
    expect(digests[0]).toBe(digests[4]);
    expect(digests[1]).toBe(digests[3]);
    expect(new Set(digests).size).toBe(3);
  });
});
