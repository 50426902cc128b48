// The onnxruntime adapter on each provider that any machine has, and what it refuses to open.

import { readdirSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createArtifacts } from "../../../src/adapters/artifacts/index.ts";
import { openRuntime, probeProviders, type RuntimeOptions } from "../../../src/adapters/onnx/index.ts";
import { toHex } from "../../../src/base/index.ts";
import type { Artifacts, Runtime } from "../../../src/ports/index.ts";
import { builtInTask } from "../../support/tasks.ts";
import { artifacts, firstOf, MODEL, MODELS_DIR, runtimeContract, signal, silent, TASK, unit } from "./suite.ts";

const open = (more: Partial<RuntimeOptions> = {}, from: Artifacts = artifacts): Promise<Runtime> =>
  openRuntime({ tasks: [TASK], provider: "cpu", workers: 1, ...more }, { artifacts: from, log: silent }, { signal });
const installedIn = (modelsDir: string): Artifacts => {
  const models = createArtifacts({ modelsDirs: [modelsDir], dataDir: undefined }, { log: silent });
  return { get: (kind, digest, more) => (kind === "data" ? artifacts : models).get(kind, digest, more) };
};

runtimeContract("cpu, 1 worker", () => open());
runtimeContract("cpu, 2 workers", () => open({ workers: 2 }));
runtimeContract("wasm", () => open({ provider: "wasm" }));

/** What the version in models/ of each model makes of 10 or 2 steps from the start, seed 1: digest, and what is right of the validation split. */
const KNOWN: {
  readonly [model: string]: readonly [steps: number, digest: string, correct: number, samples: number];
} = {
  "digits-mlp": [10, "622cbfd9ea6cce8f245f9564c7ca525fef37cfa759ae8422455a331cf00e8e44", 168, 1000],
  "digits-cnn": [2, "69aaf74070232102401c707c3d572960c92bd81797fcaffcb5cf4ea43494c038", 83, 1000],
  "text-transformer": [2, "fb4b672e1ede05fc5d31687e051e8a329d1aa5d1446577aa5c4e2025b113f5e9", 2462, 25_600],
  "chars-transformer": [2, "29e901b5e207a0e836d289ebaa737c354c93a7bb2255c20fbaba3e8401512634", 2043, 31_744],
};

describe.each(readdirSync(MODELS_DIR).sort())("the built-in model %s", (name) => {
  it("trains and is scored on its data set, on cpu, with the bits that are known", async () => {
    const [steps, digest, right, count] = KNOWN[name] ?? expect.unreachable(`no digest of ${name} is known`);
    const task = builtInTask(name, { steps });
    const runtime = await open({ tasks: [task] });
    const first = await firstOf(task);
    const request = unit(1, task, { start: first });
    const done = await runtime.run(request, { signal });
    expect(toHex(done.digest)).toBe(digest);
    expect((await runtime.run(request, { signal })).digest).toEqual(done.digest);
    expect(done.end).not.toEqual(first);
    const scored = await runtime.evaluate({ task, parameters: done.end, split: "validation" }, { signal });
    expect(scored.samples % (task.evalBatch * task.predictionsPerSample)).toBe(0);
    expect(scored).toMatchObject({ correct: right, samples: count });
    expect(scored.loss).toBeLessThan(6);
    await runtime.close();
    // The large model takes some ten seconds of a core.
  }, 120_000);
});

describe("closing", () => {
  it("lets a running job end, and refuses what waits and what is in the middle of a unit", async () => {
    const runtime = await open();
    const request = { task: TASK, parameters: await firstOf(TASK), split: "validation" } as const;
    const running = runtime.evaluate(request, { signal });
    const waiting = runtime.run(unit(2), { signal });
    const refused = expect(waiting).rejects.toMatchObject({ code: "CLOSED" });
    await runtime.close();
    await refused;
    expect((await running).samples).toBe(1000);
    const training = await open();
    const shares: number[] = [];
    const begun = training.run(unit(1, { steps: 2000 }), { signal, onProgress: (share) => shares.push(share) });
    const left = expect(begun).rejects.toMatchObject({ code: "CLOSED" });
    await training.close();
    await left;
    expect(shares.length).toBeLessThan(8);
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
    const runtime = await open({ provider: "auto" });
    expect(runtime.providers.map(({ provider }) => provider).sort()).toEqual(["cpu", "cuda", "wasm", "webgpu"]);
    const chosen = runtime.providers.filter(({ state }) => state === "chosen");
    expect(chosen.map(({ provider }) => provider)).toEqual([runtime.provider]);
    expect(chosen[0]?.stepMs).toBeGreaterThan(0);
    expect(chosen[0]?.library).toMatch(/^onnxruntime-(node|web) \d+\.\d+/);
    for (const { state, reason, remedy, provider } of runtime.providers) {
      expect(reason).not.toBe("");
      if (state === "refused" && provider === "cuda") expect(remedy).toContain("ONNXRUNTIME_NODE_INSTALL=cuda12");
    }
    await runtime.close();
    await runtime.close();
    await expect(runtime.run(unit(1), { signal })).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("probes without leaving anything behind", async () => {
    const probe = (from: Artifacts) =>
      probeProviders({ tasks: [TASK], provider: "cpu" }, { artifacts: from }, { signal });
    const reports = await probe(artifacts);
    expect(reports.find(({ state }) => state === "chosen")?.provider).toBe("cpu");
    await expect(probe(installedIn(join(MODELS_DIR, "none")))).rejects.toMatchObject({
      code: "BAD_MODEL",
      remedy: expect.any(String),
    });
  });

  it("refuses a provider that trains right and predicts otherwise", async () => {
    const wrong = await altered("vectors.json", (content) =>
      JSON.stringify({ ...digestsOf(content), predictions: "0".repeat(64) }),
    );
    await expect(open({}, installedIn(wrong))).rejects.toMatchObject({
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
    await expect(open({}, installedIn(wrong))).rejects.toMatchObject({
      code: "CAPABILITY_ABSENT",
      message: expect.stringMatching(/cpu: .*after stretch 1.*wasm: .*after stretch 1/),
    });
    const control = await altered("vectors.json", (content) => content);
    await (await open({}, installedIn(control))).close();
  });

  it("refuses files that are not the manifest's", async () => {
    for (const file of ["train.onnx", "eval.onnx"]) {
      const modelsDir = await altered(file, (content) => Buffer.concat([content, Buffer.of(0)]));
      const opening = open({}, installedIn(modelsDir));
      await expect(opening).rejects.toMatchObject({ code: "BAD_MODEL", message: expect.stringContaining(file) });
    }
  });

  it.each([
    ["graph", "BAD_MODEL"],
    ["parameters", "BAD_MODEL"],
    ["data", "BAD_DATA"],
    ["vectors", "CAPABILITY_ABSENT"],
  ] as const)("refuses a task whose %s is not to be had, naming it", async (absent, code) => {
    const from: Artifacts = {
      get: async (kind, ...rest) => (kind === absent ? undefined : artifacts.get(kind, ...rest)),
    };
    await expect(open({}, from)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`task ${MODEL} needs`),
      remedy: expect.stringContaining(MODEL),
    });
  });

  it("names the task that a provider cannot run", async () => {
    const junk = new Uint8Array(32).fill(1);
    const from: Artifacts = {
      get: async (kind, digest, more) =>
        kind === "graph" && digest === junk ? (junk as never) : artifacts.get(kind, digest, more),
    };
    const tasks = [TASK, { ...TASK, name: "broken", evalDigest: junk }];
    await expect(open({ tasks }, from)).rejects.toMatchObject({
      code: "CAPABILITY_ABSENT",
      message: expect.stringMatching(/cpu: .*graphs of task broken.*wasm: .*graphs of task broken/s),
    });
  });

  it("proves every training graph, and with the facts that each task claims", async () => {
    const wrong = await altered("vectors.json", (content) =>
      JSON.stringify({ ...digestsOf(content), predictions: "0".repeat(64) }),
    );
    const cnn = builtInTask("digits-cnn");
    await cp(join(MODELS_DIR, "digits-cnn"), join(wrong, "digits-cnn"), { recursive: true });
    // Whichever comes first, the one that fails is found and named.
    for (const tasks of [
      [cnn, TASK],
      [TASK, cnn],
    ])
      await expect(open({ tasks }, installedIn(wrong))).rejects.toMatchObject({
        code: "CAPABILITY_ABSENT",
        message: expect.stringContaining(`task ${MODEL}: other bits in predictions`),
      });
    const tasks = [TASK, { ...TASK, name: "other-batch", batch: 31 }];
    await expect(open({ tasks })).rejects.toMatchObject({
      code: "CAPABILITY_ABSENT",
      message: expect.stringContaining("task other-batch: "),
    });
    // Each open tries two providers in two lowerings.
  }, 120_000);

  it("stops when it is called off, at first or later", async () => {
    const stopped = (stop: AbortController, from: Artifacts) =>
      openRuntime(
        { tasks: [TASK], provider: "cpu", workers: 1 },
        { artifacts: from, log: silent },
        { signal: stop.signal },
      );
    const early = new AbortController();
    early.abort(new Error("no more"));
    await expect(stopped(early, artifacts)).rejects.toThrow("no more");
    const late = new AbortController();
    const afterData: Artifacts = {
      async get(kind, digest) {
        if (kind === "data") setTimeout(() => late.abort(new Error("too late")));
        return artifacts.get(kind, digest, { signal });
      },
    };
    await expect(stopped(late, afterData)).rejects.toThrow("too late");
  });
});
