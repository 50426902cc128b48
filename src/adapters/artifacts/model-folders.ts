// Model directories, read when something is asked for: graphs, vectors and first parameters by digest, and files that were altered refused.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, PouwError, toHex } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import {
  initialParameters,
  type ModelManifest,
  parametersDigest,
  parseManifest,
  parseVectors,
  type Vectors,
} from "../../ml/index.ts";

/** Undefined for a digest that no model has. Digests are lower-case hex. All throw BAD_MODEL with a remedy. */
export interface ModelFolders {
  /** ONNX bytes of the train.onnx or eval.onnx with this SHA-256. */
  graph(digest: string): Promise<Uint8Array | undefined>;
  /** ONNX bytes of the train.int8.onnx or eval.int8.onnx beside the graph with this SHA-256. */
  int8(digest: string): Promise<Uint8Array | undefined>;
  /** Vectors of the model with this train.onnx. */
  vectors(trainDigest: string): Promise<Vectors | undefined>;
  /** The first parameters with this digest, computed once; the array is the caller's own. */
  parameters(digest: string): Promise<Float32Array | undefined>;
}

/** A folder with its model.json read. */
interface Model {
  readonly folder: string;
  readonly manifest: ModelManifest;
}

/** `<dir>/<model>/{model.json, train.onnx, eval.onnx, train.int8.onnx, eval.int8.onnx, vectors.json}` in each of `dirs`. */
export function openModelFolders(dirs: readonly string[]): ModelFolders {
  const models = new Map<string, Model>();
  const firsts = new Map<string, Float32Array>();
  /** What `pick` finds in the first model that has it. Damage counts only when no other model has what is asked for. */
  const firstOf = async <T>(pick: (model: Model) => Promise<T | undefined>): Promise<T | undefined> => {
    const faults: PouwError[] = [];
    for (const [dir, name] of await foldersIn(dirs))
      try {
        const folder = join(dir, name);
        const model = models.get(folder) ?? (await readModel(folder, name));
        if (model === undefined) continue;
        models.set(folder, model);
        const found = await pick(model);
        if (found !== undefined) return found;
      } catch (error) {
        if (!(error instanceof PouwError)) throw error;
        faults.push(error);
      }
    if (faults[0] !== undefined) throw faults[0];
    return undefined;
  };
  return {
    graph: (digest) => firstOf((model) => readGraph(model, digest, "float")),
    int8: (digest) => firstOf((model) => readGraph(model, digest, "int8")),
    vectors: (digest) =>
      firstOf(async (model) => (model.manifest.files.train.sha256 === digest ? readVectors(model) : undefined)),
    async parameters(digest) {
      const first = firsts.get(digest) ?? (await firstOf((model) => drawFirst(model, digest)));
      if (first !== undefined) firsts.set(digest, first);
      return first?.slice();
    },
  };
}

/** Directory and folder name of whatever may be a model, in a fixed order. */
async function foldersIn(dirs: readonly string[]): Promise<[dir: string, name: string][]> {
  const found: [string, string][] = [];
  for (const dir of dirs) {
    const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw new PouwError("BAD_MODEL", `the models in ${dir} cannot be read: ${error.message}`, { cause: error });
    });
    for (const name of names.sort()) found.push([dir, name]);
  }
  return found;
}

/** Undefined when the folder holds no model.json. */
async function readModel(folder: string, name: string): Promise<Model | undefined> {
  const text = await readText(folder, "model.json");
  if (text === undefined) return undefined;
  const manifest = parsed(folder, () => parseManifest(text));
  if (manifest.name !== name) throw bad(folder, `its files name another model, ${manifest.name}`);
  return { folder, manifest };
}

/** The graph with this digest, or the one that stands beside it in the other lowering. */
async function readGraph(
  { folder, manifest: { files } }: Model,
  digest: string,
  lowering: "float" | "int8",
): Promise<Uint8Array | undefined> {
  const which = (["train", "eval"] as const).find((name) => files[name].sha256 === digest);
  const entry = which && (lowering === "float" ? files : files.int8)?.[which];
  if (entry === undefined) return undefined;
  const file = lowering === "float" ? `${which}.onnx` : `${which}.int8.onnx`;
  const content = await readBytes(folder, file);
  if (content === undefined) throw bad(folder, `${file} is missing`);
  if (content.length !== entry.bytes || toHex(sha256(content)) !== entry.sha256)
    throw bad(folder, `${file} is not the file that model.json describes`);
  return content;
}

/** Undefined when the model comes without vectors. */
async function readVectors({ folder, manifest: { name } }: Model): Promise<Vectors | undefined> {
  const text = await readText(folder, "vectors.json");
  if (text === undefined) return undefined;
  const vectors = parsed(folder, () => parseVectors(text));
  if (vectors.model !== name) throw bad(folder, `its files name another model, ${vectors.model}`);
  return vectors;
}

/** The model's first parameters when they are the ones asked for. Its vectors say so without drawing them; without vectors they are drawn. */
async function drawFirst(model: Model, digest: string): Promise<Float32Array | undefined> {
  const { folder, manifest } = model;
  const said = (await readVectors(model))?.initial;
  if (said !== undefined && said !== digest) return undefined;
  const first = initialParameters(manifest, 0);
  const found = toHex(parametersDigest(manifest, first));
  if (found === digest) return first;
  if (said === digest) throw bad(folder, "vectors.json and model.json do not say the same first parameters");
  return undefined;
}

const readText = async (folder: string, file: string): Promise<string | undefined> => {
  const bytes = await readBytes(folder, file);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
};

/** Undefined when there is no such file. */
async function readBytes(folder: string, file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(join(folder, file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw bad(folder, `${file} cannot be read: ${messageOf(error)}`, error);
  }
}

function parsed<T>(folder: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw bad(folder, messageOf(error), error);
  }
}

function bad(folder: string, why: string, cause?: unknown): PouwError {
  return new PouwError("BAD_MODEL", `the model in ${folder} is not usable: ${why}`, {
    remedy: "Install pouw-node again, or run `npm run models` in a source tree.",
    ...(cause === undefined ? {} : { cause }),
  });
}
