// A genesis file against what is installed: every fact of a task is compared with the model's and its data's, so no file can make a cheap lottery.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { PouwError } from "../../src/base/index.ts";
import { type Genesis, type GenesisTask, PROFILES, parseGenesis, taskOf } from "../../src/chain/index.ts";
import { genesisFor, loadNetwork } from "../../src/node/index.ts";
import { noncesPerUnit } from "../../src/work/index.ts";
import { refusal } from "../support/refusal.ts";

const dir = mkdtempSync(join(tmpdir(), "pouw-genesis-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const honest = genesisFor({ ...PROFILES.devnet, network: "filed" }, [
  { model: "digits-mlp", steps: 50 },
  { model: "digits-cnn", name: "letters", steps: 20 },
]);
const [mlp, cnn] = honest.tasks as [GenesisTask, GenesisTask];

function fileOf(genesis: unknown): string {
  const path = join(dir, "genesis.json");
  writeFileSync(path, JSON.stringify(genesis));
  return path;
}
const withFirst = (change: Partial<GenesisTask>): Genesis => ({ ...honest, tasks: [{ ...mlp, ...change }, cnn] });
const withData = (change: Partial<GenesisTask["data"]>): Genesis => withFirst({ data: { ...mlp.data, ...change } });

const refused = (genesis: unknown): PouwError => refusal(() => loadNetwork(fileOf(genesis)));

describe("a genesis file", () => {
  it("is taken when its tasks are those of the models here, whatever their names and steps", () => {
    const { genesis, rules } = loadNetwork(fileOf(honest));
    expect(genesis).toEqual(honest);
    expect(rules.tasks.map(({ name, model, steps }) => [name, model, steps])).toEqual([
      ["digits-mlp", "digits-mlp", 50],
      ["letters", "digits-cnn", 20],
    ]);
  });

  const digest = "ab".repeat(32);
  const { splits } = mlp.data;
  const [{ learningRate } = {}, ...settings] = mlp.optimizer.settings;
  /** The lie, the fact that it is about, what the file says and what is here. */
  const LIES: readonly (readonly [string, Genesis, string, unknown, unknown])[] = [
    ["batch", withFirst({ batch: 64 }), "batch", 64, mlp.batch],
    [
      "parameters",
      withFirst({
        parameters: [{ ...(mlp.parameters[0] as (typeof mlp.parameters)[number]), shape: [7] }],
        parameterCount: 7,
      }),
      "parameters.0.shape",
      "[7]",
      "[784,128]",
    ],
    [
      "parameter count",
      withFirst({
        parameters: [...mlp.parameters, { name: "more", shape: [5], exponent: -22, init: { kind: "zeros" } }],
        parameterCount: mlp.parameterCount + 5,
      }),
      `parameters.${mlp.parameters.length}`,
      '{"exponent":-22,"init":{"kind":"zeros"},"name":"more","shape":[5]}',
      "nothing",
    ],
    [
      "effort of a step",
      withFirst({ effort: { ...mlp.effort, batch: mlp.effort.batch * 100 } }),
      "effort.batch",
      mlp.effort.batch * 100,
      mlp.effort.batch,
    ],
    [
      "noise",
      withFirst({ noise: mlp.noise.map((one) => ({ ...one, below: 1 })) }),
      "noise.0.below",
      1,
      mlp.noise[0]?.below,
    ],
    ["spread of the first parameters", withFirst({ initSeed: "mine" }), "initSeed", '"mine"', `"${mlp.initSeed}"`],
    [
      "training split",
      withData({ splits: { ...splits, train: [0, 3] } }),
      "data.splits.train",
      "[0,3]",
      `[${splits.train}]`,
    ],
    [
      "validation split",
      withData({ splits: { ...splits, validation: [splits.validation[0], splits.validation[1] - 1] } }),
      "data.splits.validation",
      `[${splits.validation[0]},${splits.validation[1] - 1}]`,
      `[${splits.validation}]`,
    ],
    [
      "test split",
      withData({ splits: { ...splits, test: [splits.test[0], splits.test[1] - 1] } }),
      "data.splits.test",
      `[${splits.test[0]},${splits.test[1] - 1}]`,
      `[${splits.test}]`,
    ],
    ["data's digest", withData({ digest }), "data.digest", `"${digest}"`, `"${mlp.data.digest}"`],
    ["data's window", withData({ window: 2 }), "data.window", 2, 1],
    ["data's stride", withData({ evalStride: 2 }), "data.evalStride", 2, 1],
    ["training graph", withFirst({ trainDigest: digest }), "trainDigest", `"${digest}"`, `"${mlp.trainDigest}"`],
    ["evaluation graph", withFirst({ evalDigest: digest }), "evalDigest", `"${digest}"`, `"${mlp.evalDigest}"`],
    [
      "first parameters",
      withFirst({ initialDigest: digest }),
      "initialDigest",
      `"${digest}"`,
      `"${mlp.initialDigest}"`,
    ],
    ["evaluation batch", withFirst({ evalBatch: 7 }), "evalBatch", 7, mlp.evalBatch],
    ["kind", withFirst({ kind: "next-token" }), "kind", '"next-token"', '"classification"'],
    ["predictions a sample", withFirst({ predictionsPerSample: 9 }), "predictionsPerSample", 9, 1],
    [
      "optimizer",
      withFirst({ optimizer: { ...mlp.optimizer, kind: "adam" } }),
      "optimizer.kind",
      '"adam"',
      `"${mlp.optimizer.kind}"`,
    ],
    [
      "learning rate",
      withFirst({ optimizer: { ...mlp.optimizer, settings: [{}, ...settings] } }),
      "optimizer.settings.0.learningRate",
      "nothing",
      `"${learningRate}"`,
    ],
    [
      "grid",
      withFirst({ parameters: mlp.parameters.map((one, i) => (i === 3 ? { ...one, exponent: -3 } : one)) }),
      "parameters.3.exponent",
      -3,
      mlp.parameters[3]?.exponent,
    ],
  ];
  it.each(LIES)("that lies about its %s is BAD_GENESIS, with both values", (_what, genesis, fact, theirs, ours) => {
    // The file by itself is well formed: only the model here shows the lie.
    expect(() => parseGenesis(genesis)).not.toThrow();
    expect(refused(genesis)).toMatchObject({
      code: "BAD_GENESIS",
      message: `The genesis says ${fact} ${theirs} of task digits-mlp, the model digits-mlp here has ${ours}.`,
      remedy: expect.stringMatching(/^Correct the genesis file/),
    });
  });

  it("that lies about its second task is refused as well, by that task's name", () => {
    const lie = { ...honest, tasks: [mlp, { ...cnn, batch: cnn.batch * 2 }] };
    expect(refused(lie).message).toBe(
      `The genesis says batch ${cnn.batch * 2} of task letters, the model digits-cnn here has ${cnn.batch}.`,
    );
  });

  it("may not have the cheap lottery that version 0.1.0 took: 128,000 draws a unit instead of 1,381", () => {
    const built = genesisFor(PROFILES.devnet);
    const [task] = built.tasks as [GenesisTask];
    const nonces = (of: GenesisTask): number => noncesPerUnit(taskOf(of), built);
    // A batch is no work: what counts is the graph's effort, and a lie about either is found by the model.
    const lie = { ...task, batch: 3200 };
    expect([nonces(task), nonces(lie)]).toEqual([1436, 1436]);
    expect(refused({ ...built, tasks: [lie] }).message).toMatch(/says batch 3200 .* here has 32\.$/);
    const work = { ...task, effort: { ...task.effort, batch: task.effort.batch * 100 } };
    expect(nonces(work)).toBeGreaterThan(90_000);
    expect(refused({ ...built, tasks: [work] }).message).toBe(
      `The genesis says effort.batch ${work.effort.batch} of task ${task.name}, the model digits-mlp here has ${task.effort.batch}.`,
    );
  });

  it("of a model that is not here is BAD_MODEL, with its name", () => {
    expect(refused(withFirst({ model: "elsewhere" }))).toMatchObject({
      code: "BAD_MODEL",
      message: expect.stringContaining("elsewhere"),
      remedy: expect.any(String),
    });
  });

  it("cannot be read where there is none, and says what else would do", () => {
    const malformed = refused({ ...honest, network: 5 });
    expect(malformed.message).toContain(`${join(dir, "genesis.json")}: The genesis is wrong at network: `);
    expect(malformed.remedy).toContain("Correct the file");
    const missing = (): unknown => loadNetwork(join(dir, "nowhere.json"));
    expect(missing).toThrow(
      expect.objectContaining({ code: "BAD_GENESIS", remedy: expect.stringContaining("devnet") }),
    );
  });
});
