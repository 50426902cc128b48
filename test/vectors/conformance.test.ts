// Every model's vectors, reproduced in fresh processes under every setting that could change bits. The control is a plain float32 graph, which fails.
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { CASES, EMULATED, obstacle, runCase, writeJob } from "../../scripts/conformance/cases.ts";
import { buildModel, buildTwin, parseManifest, parseVectors } from "../../src/ml/index.ts";
import { LARGE_MODELS } from "../support/large-models.ts";

const MODELS_DIR = fileURLToPath(new URL("../../models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pouw-conformance-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The oldest processor is the one that differs most from any that tests run on: no AVX, no fused multiply-add. */
const oldest = EMULATED.slice(0, 1);
const obstacles = new Map(
  await Promise.all([...CASES, ...oldest].map(async (item) => [item, await obstacle(item)] as const)),
);

/** Of the large ones `npm run conformance` does: each case takes most of a minute here. */
const NAMES = readdirSync(MODELS_DIR)
  .filter((name) => !LARGE_MODELS.has(name))
  .sort();

describe.each(NAMES)("%s", (name) => {
  const file = (what: string): Buffer => readFileSync(join(MODELS_DIR, name, what));
  const manifest = parseManifest(file("model.json").toString());
  const { seed, samples, steps, initial, digests } = parseVectors(file("vectors.json").toString());
  const units = { seed, samples, steps, units: digests.length };
  for (const train of ["train.onnx", "train.int8.onnx"]) {
    const job = writeJob(join(folder, name, train), manifest, file(train), units);
    for (const item of [...CASES, ...oldest]) {
      const reason = obstacles.get(item);
      it.skipIf(reason !== undefined)(`${train}, ${item.label}${reason === undefined ? "" : ` (${reason})`}`, async () => {
        const runs = await runCase(await job, item);
        expect(runs).toEqual(Array.from({ length: item.runs }, () => [initial, ...digests]));
      });
    }
  }
});

describe("the control", () => {
  it("a plain float32 graph of the same model does not give the same bits natively and in WASM", async () => {
    const { manifest } = buildModel("digits-mlp");
    const { train } = buildTwin("digits-mlp");
    const job = await writeJob(join(folder, "control"), manifest, train, {
      seed: "control",
      samples: 64,
      steps: 5,
      units: 1,
    });
    const [native, wasm] = ["native, another process", "WASM"].map((label) =>
      CASES.find((item) => item.label === label),
    );
    const [a] = await runCase(job, native as (typeof CASES)[number]);
    const [b] = await runCase(job, wasm as (typeof CASES)[number]);
    expect(a?.[0]).toBe(b?.[0]);
    expect(a?.[1]).not.toBe(b?.[1]);
  });
});
