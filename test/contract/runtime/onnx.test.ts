// The onnxruntime adapter on each provider that any machine has, and what it refuses to open.

import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openDataSet } from "../../../src/adapters/artifacts/index.ts";
import { openRuntime, probeProviders, type RuntimeOptions } from "../../../src/adapters/onnx/index.ts";
import { initialParameters, type ModelManifest, parseManifest } from "../../../src/ml/index.ts";
import { digits, MODEL, MODELS_DIR, runtimeContract, signal, silent, unit } from "./suite.ts";

const manifestOf = (name: string): ModelManifest =>
  parseManifest(readFileSync(join(MODELS_DIR, name, "model.json"), "utf8"));
const options = async (more: Partial<RuntimeOptions> = {}): Promise<RuntimeOptions> => ({
  modelsDir: MODELS_DIR,
  models: [MODEL],
  data: [await digits()],
  provider: "cpu",
  workers: 1,
  ...more,
});

runtimeContract("cpu, 1 worker", async () => openRuntime(await options(), { log: silent }));
runtimeContract("cpu, 2 workers", async () => openRuntime(await options({ workers: 2 }), { log: silent }));
runtimeContract("wasm", async () => openRuntime(await options({ provider: "wasm" }), { log: silent }));

describe.each(readdirSync(MODELS_DIR).sort())("the built-in model %s", (name) => {
  it("trains and is scored on its data set, on cpu", async () => {
    const { data, parameters, initSeed, evalBatch, predictionsPerSample } = manifestOf(name);
    const set = data.name === "digits" ? await digits() : await openDataSet(data.name, { dataDir: undefined, signal });
    const runtime = await openRuntime(await options({ models: [name], data: [set] }), { log: silent });
    const first = initialParameters({ parameters, initSeed });
    const request = unit(1, { model: name, start: first, steps: 2 });
    const { digest, end } = await runtime.run(request, { signal });
    expect((await runtime.run(request, { signal })).digest).toEqual(digest);
    expect(end).not.toEqual(first);
    const { samples, correct, loss } = await runtime.evaluate(name, end, "validation", { signal });
    expect(samples % (evalBatch * predictionsPerSample)).toBe(0);
    expect(samples).toBeGreaterThanOrEqual(1000);
    expect(correct).toBeGreaterThan(0);
    expect(loss).toBeLessThan(6);
    await runtime.close();
  });
});

describe("closing", () => {
  it("lets a running unit end and refuses what waits", async () => {
    const runtime = await openRuntime(await options(), { log: silent });
    const running = runtime.run(unit(1, { steps: 200 }), { signal });
    const waiting = runtime.run(unit(2), { signal });
    const refused = expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
    await runtime.close();
    await refused;
    expect((await running).digest).toHaveLength(32);
  });
});

describe("opening", () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  /** The models, copied, with one file of one changed. */
  async function altered(file: string, change: (content: Buffer) => Buffer | string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "pouw-models-"));
    folders.push(folder);
    await cp(join(MODELS_DIR, MODEL), join(folder, MODEL), { recursive: true });
    const path = join(folder, MODEL, file);
    await writeFile(path, change(await readFile(path)));
    return folder;
  }
  const digestsOf = (content: Buffer): { digests: string[] } => JSON.parse(content.toString());

  it("reports every provider; the first that conforms runs", async () => {
    const runtime = await openRuntime(await options({ provider: "auto" }), { log: silent });
    expect(runtime.providers.map(({ provider }) => provider).sort()).toEqual(["cpu", "cuda", "wasm", "webgpu"]);
    const chosen = runtime.providers.filter(({ state }) => state === "chosen");
    expect(chosen.map(({ provider }) => provider)).toEqual([runtime.provider]);
    expect(chosen[0]?.unitMs).toBeGreaterThan(0);
    for (const { state, reason, remedy, provider } of runtime.providers) {
      expect(reason).not.toBe("");
      if (state === "refused" && provider === "cuda") expect(remedy).toContain("ONNXRUNTIME_NODE_INSTALL=cuda12");
    }
    await runtime.close();
    await runtime.close();
    await expect(runtime.run(unit(1), { signal })).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("probes without leaving anything behind", async () => {
    const reports = await probeProviders({ modelsDir: MODELS_DIR, models: [MODEL], provider: "cpu" });
    expect(reports.find(({ state }) => state === "chosen")?.provider).toBe("cpu");
    await expect(probeProviders({ modelsDir: MODELS_DIR, models: ["none"], provider: "cpu" })).rejects.toMatchObject({
      code: "BAD_MODEL",
      remedy: expect.any(String),
    });
  });

  it("refuses a provider that trains right and predicts otherwise", async () => {
    const wrong = await altered("vectors.json", (content) =>
      JSON.stringify({ ...digestsOf(content), predictions: "0".repeat(64) }),
    );
    await expect(openRuntime(await options({ modelsDir: wrong }), { log: silent })).rejects.toMatchObject({
      code: "CAPABILITY_ABSENT",
      message: expect.stringMatching(/cpu: .*in predictions.*wasm: .*in predictions/),
    });
  });

  it("refuses a provider that does not reproduce the vectors", async () => {
    const wrong = await altered("vectors.json", (content) => {
      const vectors = digestsOf(content);
      vectors.digests = vectors.digests.map((digest, i) =>
        i === 1 ? digest.replace(/^./, (c) => (c === "0" ? "1" : "0")) : digest,
      );
      return JSON.stringify(vectors);
    });
    await expect(openRuntime(await options({ modelsDir: wrong }), { log: silent })).rejects.toMatchObject({
      code: "CAPABILITY_ABSENT",
      message: expect.stringMatching(/cpu: .*after unit 1.*wasm: .*after unit 1/),
    });
    const control = await altered("vectors.json", (content) => content);
    await (await openRuntime(await options({ modelsDir: control }), { log: silent })).close();
  });

  it("refuses files that are not the manifest's, and a missing data set", async () => {
    for (const file of ["train.onnx", "eval.onnx"]) {
      const modelsDir = await altered(file, (content) => Buffer.concat([content, Buffer.of(0)]));
      const opening = openRuntime(await options({ modelsDir }), { log: silent });
      await expect(opening).rejects.toMatchObject({ code: "BAD_MODEL", message: expect.stringContaining(file) });
    }
    await expect(openRuntime(await options({ data: [] }), { log: silent })).rejects.toMatchObject({ code: "BAD_DATA" });
  });
});
