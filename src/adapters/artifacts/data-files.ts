// A converted data set on disk: <name>.bin holds the tensors one after the other, <name>.json describes them.
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { bytesEqual, fromHex, messageOf, PouwError, toHex } from "../../base/index.ts";
import { type DataDescription, type DataSet, dataSet } from "../../ml/index.ts";

/** The stored data set, or undefined when there is none. Throws BAD_DATA when it is damaged or not the expected one. */
export async function load(
  folder: string,
  name: string,
  expected: string,
  allocate: (bytes: number) => Uint8Array,
): Promise<DataSet | undefined> {
  const description = await readDescription(folder, name);
  if (description === undefined) return undefined;
  const path = join(folder, `${name}.bin`);
  try {
    const sizes = description.tensors.map((tensor) => tensor.shape.reduce((product, extent) => product * extent, 1));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const { size } = await stat(path);
    // Compared before anything is allocated: a damaged description cannot ask for more memory than the file has bytes.
    if (size !== total) throw new PouwError("BAD_DATA", `it has ${size} bytes instead of ${total}`);
    const stored = await readFile(path);
    let at = 0;
    const tensors = description.tensors.map((tensor, i) => {
      const data = allocate(sizes[i] as number);
      data.set(stored.subarray(at, at + data.length));
      at += data.length;
      return { ...tensor, data };
    });
    const loaded = dataSet({ ...description, tensors });
    if (description.name !== name || !bytesEqual(loaded.digest, fromHex(expected) ?? new Uint8Array()))
      throw new PouwError("BAD_DATA", `its digest is ${toHex(loaded.digest)}, expected ${expected}`);
    return loaded;
  } catch (error) {
    throw damaged(path, error);
  }
}

/** Writes both files so that a crash at any moment leaves either a whole data set or none: the description comes last. */
export async function save(folder: string, set: DataSet): Promise<void> {
  // The directory above is the node's, and made by it.
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const { name, splits, evalStride, vocabulary } = set;
  const tensors = set.tensors.map((tensor) => ({ name: tensor.name, dtype: tensor.dtype, shape: tensor.shape }));
  const description = { name, digest: toHex(set.digest), tensors, splits, evalStride, vocabulary };
  await writeWhole(
    join(folder, `${name}.bin`),
    set.tensors.map((tensor) => tensor.data),
  );
  await writeWhole(join(folder, `${name}.json`), [
    new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`),
  ]);
}

async function readDescription(folder: string, name: string): Promise<DataDescription | undefined> {
  const path = join(folder, `${name}.json`);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw damaged(path, error);
  }
  try {
    return parseDescription(JSON.parse(text));
  } catch (error) {
    throw damaged(path, error);
  }
}

/** Checks form only; the digest says whether the content is right. */
function parseDescription(value: unknown): DataDescription {
  const wrong = new PouwError("BAD_DATA", "it is not the description of a data set");
  const { name, tensors, splits, evalStride, vocabulary } = (value ?? {}) as Partial<DataDescription>;
  if (typeof name !== "string" || !Array.isArray(tensors) || typeof evalStride !== "number") throw wrong;
  if (vocabulary !== undefined && typeof vocabulary !== "string") throw wrong;
  for (const range of [splits?.train, splits?.validation, splits?.test])
    if (!Array.isArray(range) || range.length !== 2 || !range.every(Number.isSafeInteger)) throw wrong;
  for (const tensor of tensors as unknown[]) {
    const { name: label, dtype, shape } = (tensor ?? {}) as Partial<DataDescription["tensors"][number]>;
    if (typeof label !== "string" || dtype !== "uint8" || !Array.isArray(shape)) throw wrong;
    if (!shape.every((extent) => Number.isSafeInteger(extent) && extent > 0)) throw wrong;
  }
  return { name, tensors, splits: splits as DataDescription["splits"], evalStride, vocabulary };
}

/** Temporary file, flushed to disk, renamed over the target, and the folder's entry flushed too. */
async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, "w", 0o644);
    try {
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await flushFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Windows cannot open a folder for this; there the rename is what it is. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

function damaged(path: string, cause: unknown): PouwError {
  return new PouwError("BAD_DATA", `${path}: ${messageOf(cause)}`, { cause });
}
