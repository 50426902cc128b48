// Reads a model directory and refuses files that do not belong together.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, PouwError, toHex } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import { type FileEntry, type ModelManifest, parseManifest, parseVectors, type Vectors } from "../../ml/index.ts";

export interface ModelFiles {
  readonly manifest: ModelManifest;
  readonly vectors: Vectors;
  /** ONNX bytes, checked against the manifest. */
  readonly train: Uint8Array;
  readonly eval: Uint8Array;
}

/** `<modelsDir>/<name>/{model.json, vectors.json, train.onnx, eval.onnx}`. Throws BAD_MODEL with a remedy. */
export async function readModel(modelsDir: string, name: string): Promise<ModelFiles> {
  const folder = join(modelsDir, name);
  const bytes = async (file: string): Promise<Uint8Array> => {
    try {
      return await readFile(join(folder, file));
    } catch (error) {
      throw bad(name, `${file} cannot be read: ${messageOf(error)}`, error);
    }
  };
  const text = async (file: string): Promise<string> => new TextDecoder().decode(await bytes(file));
  const manifest = parseManifest(await text("model.json"));
  const vectors = parseVectors(await text("vectors.json"));
  if (manifest.name !== name || vectors.model !== name) throw bad(name, "its files name another model");
  const checked = async (file: string, entry: FileEntry): Promise<Uint8Array> => {
    const content = await bytes(file);
    if (content.length !== entry.bytes || toHex(sha256(content)) !== entry.sha256)
      throw bad(name, `${file} is not the file that model.json describes`);
    return content;
  };
  return {
    manifest,
    vectors,
    train: await checked("train.onnx", manifest.files.train),
    eval: await checked("eval.onnx", manifest.files.eval),
  };
}

function bad(name: string, why: string, cause?: unknown): PouwError {
  return new PouwError("BAD_MODEL", `the model ${name} is not usable: ${why}`, {
    remedy: "Install pouw-node again, or run `npm run models` in a source tree.",
    ...(cause === undefined ? {} : { cause }),
  });
}
