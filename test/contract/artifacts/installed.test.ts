// What comes with the node, by digest; and what is said of models that are damaged, incomplete or not there.
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createArtifacts } from "../../../src/adapters/artifacts/index.ts";
import { fromHex, toHex } from "../../../src/base/index.ts";
import { KNOWN_DATA, parseManifest, parseVectors } from "../../../src/ml/index.ts";
import type { Artifacts } from "../../../src/ports/index.ts";
import { artifactsContract, signal, silent } from "./suite.ts";

const MODELS_DIR = fileURLToPath(new URL("../../../models", import.meta.url));
const bytes = (hex: string): Uint8Array => fromHex(hex) as Uint8Array;
const text = (model: string, file: string): Promise<string> => readFile(join(MODELS_DIR, model, file), "utf8");
const manifestOf = async (model: string) => parseManifest(await text(model, "model.json"));
const vectorsOf = async (model: string) => parseVectors(await text(model, "vectors.json"));
const open = (...modelsDirs: string[]): Artifacts =>
  createArtifacts({ modelsDirs, dataDir: undefined }, { log: silent });

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pouw-artifacts-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

artifactsContract("installed", async () => {
  const { files } = await manifestOf("digits-mlp");
  const train = bytes(files.train.sha256);
  return {
    artifacts: open(MODELS_DIR),
    digests: {
      graph: train,
      int8: train,
      vectors: train,
      parameters: bytes((await vectorsOf("digits-mlp")).initial),
      data: bytes(KNOWN_DATA.text.digest),
    },
  };
});

/** A models directory of its own, with some of the built-in ones. */
async function copied(name: string, ...models: string[]): Promise<string> {
  const folder = join(dir, name);
  await mkdir(folder);
  for (const model of models) await cp(join(MODELS_DIR, model), join(folder, model), { recursive: true });
  return folder;
}

describe.each(["digits-mlp", "digits-cnn", "chars-transformer", "text-transformer"])("the model %s", (name) => {
  it("has both graphs, its vectors and its first parameters", async () => {
    const artifacts = open(MODELS_DIR);
    const { files, parameterCount } = await manifestOf(name);
    for (const [file, entry] of [
      ["train.onnx", files.train],
      ["eval.onnx", files.eval],
    ] as const)
      expect(await artifacts.get("graph", bytes(entry.sha256), { signal })).toEqual(
        await readFile(join(MODELS_DIR, name, file)),
      );
    for (const [file, entry] of [
      ["train.int8.onnx", files.train],
      ["eval.int8.onnx", files.eval],
    ] as const)
      expect(await artifacts.get("int8", bytes(entry.sha256), { signal })).toEqual(
        await readFile(join(MODELS_DIR, name, file)),
      );
    const vectors = await artifacts.get("vectors", bytes(files.train.sha256), { signal });
    expect(vectors).toEqual(await vectorsOf(name));
    const first = await artifacts.get("parameters", bytes(vectors?.initial as string), { signal });
    expect(first).toHaveLength(parameterCount);
    // Vectors go by the training graph only.
    expect(await artifacts.get("vectors", bytes(files.eval.sha256), { signal })).toBeUndefined();
  });
});

describe("model directories", () => {
  it("may be several, absent, or hold other things; a model that appears later is found", async () => {
    const folder = await copied("several", "digits-cnn");
    await writeFile(join(folder, "README.md"), "not a model");
    await mkdir(join(folder, "empty"));
    const artifacts = open(join(dir, "none"), folder);
    const [cnn, mlp] = await Promise.all([manifestOf("digits-cnn"), manifestOf("digits-mlp")]);
    const get = (hex: string) => artifacts.get("graph", bytes(hex), { signal });
    expect(await get(cnn.files.eval.sha256)).toBeDefined();
    expect(await get(mlp.files.train.sha256)).toBeUndefined();
    await cp(join(MODELS_DIR, "digits-mlp"), join(folder, "digits-mlp"), { recursive: true });
    expect(await get(mlp.files.train.sha256)).toBeDefined();
  });

  it.each([
    ["train.onnx", "a byte more", (content: Buffer) => Buffer.concat([content, Buffer.of(0)])],
    ["train.onnx", "a byte changed", (content: Buffer) => Buffer.concat([content.subarray(1), Buffer.of(0)])],
    ["eval.onnx", "nothing left", () => Buffer.of()],
    ["train.int8.onnx", "a byte more", (content: Buffer) => Buffer.concat([content, Buffer.of(0)])],
  ])("with an altered %s (%s) are refused", async (file, what, change) => {
    const folder = await copied(`${file} ${what}`, "digits-mlp");
    const path = join(folder, "digits-mlp", file);
    const content = await readFile(path);
    await writeFile(path, change(content));
    const { files } = await manifestOf("digits-mlp");
    const digest = bytes((file.startsWith("train") ? files.train : files.eval).sha256);
    const kind = file.includes("int8") ? "int8" : "graph";
    const artifacts = open(folder);
    await expect(artifacts.get(kind, digest, { signal })).rejects.toMatchObject({
      code: "BAD_MODEL",
      message: expect.stringContaining(file),
      remedy: expect.any(String),
    });
    // An undamaged copy elsewhere is as good, and damage is not remembered.
    expect(await open(folder, MODELS_DIR).get(kind, digest, { signal })).toBeDefined();
    await writeFile(path, content);
    expect(await artifacts.get(kind, digest, { signal })).toBeDefined();
  });

  it.each([
    ["model.json", "not JSON", () => "{"],
    ["model.json", "a field too little", (content: string) => content.replace('"batchSize"', '"batch"')],
    ["model.json", "another name", (content: string) => content.replace('"digits-mlp"', '"digits-cnn"')],
    ["vectors.json", "not JSON", () => ""],
    ["vectors.json", "another name", (content: string) => content.replace('"digits-mlp"', '"digits-cnn"')],
  ])("with a damaged %s (%s) are refused, other models go on", async (file, what, change) => {
    const folder = await copied(`${file} ${what}`, "digits-mlp", "chars-transformer");
    const path = join(folder, "digits-mlp", file);
    await writeFile(path, change(await readFile(path, "utf8")));
    const artifacts = open(folder);
    const [mine, other] = await Promise.all([manifestOf("digits-mlp"), manifestOf("chars-transformer")]);
    const vectors = (hex: string) => artifacts.get("vectors", bytes(hex), { signal });
    await expect(vectors(mine.files.train.sha256)).rejects.toMatchObject({
      code: "BAD_MODEL",
      message: expect.stringContaining(join(folder, "digits-mlp")),
      remedy: expect.any(String),
    });
    expect((await vectors(other.files.train.sha256))?.model).toBe("chars-transformer");
  });

  it("may lack vectors: the rest is there", async () => {
    const folder = await copied("no vectors", "digits-mlp");
    const { initial } = await vectorsOf("digits-mlp");
    await rm(join(folder, "digits-mlp", "vectors.json"));
    const artifacts = open(folder);
    const { files, parameterCount } = await manifestOf("digits-mlp");
    expect(await artifacts.get("vectors", bytes(files.train.sha256), { signal })).toBeUndefined();
    expect(await artifacts.get("graph", bytes(files.train.sha256), { signal })).toBeDefined();
    expect(await artifacts.get("parameters", bytes(initial), { signal })).toHaveLength(parameterCount);
  });

  it("are refused when vectors and model start otherwise", async () => {
    const folder = await copied("other start", "digits-mlp");
    const path = join(folder, "digits-mlp", "vectors.json");
    const vectors = await vectorsOf("digits-mlp");
    const other = toHex(new Uint8Array(32).fill(9));
    await writeFile(path, JSON.stringify({ ...vectors, initial: other }));
    await expect(open(folder).get("parameters", bytes(other), { signal })).rejects.toMatchObject({ code: "BAD_MODEL" });
  });

  it("without a file that model.json lists are refused", async () => {
    const folder = await copied("no graph", "digits-mlp");
    await rm(join(folder, "digits-mlp", "eval.onnx"));
    const { files } = await manifestOf("digits-mlp");
    await expect(open(folder).get("graph", bytes(files.eval.sha256), { signal })).rejects.toMatchObject({
      code: "BAD_MODEL",
      message: expect.stringContaining("eval.onnx is missing"),
    });
  });
});
