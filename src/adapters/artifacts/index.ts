// Opens the data sets that come with the node: converted once from their packages, checked by digest at every start.
import { join } from "node:path";
import { PouwError, toHex } from "../../base/index.ts";
import { DATA_DIGESTS, type DataSet, type DataSetName } from "../../ml/index.ts";
import { load, save } from "./files.ts";
import { convert } from "./sources.ts";

export interface OpenDataOptions {
  /** The node's data directory; the set is kept under `data/` in it. Undefined: converted in memory and not kept. */
  readonly dataDir: string | undefined;
  readonly signal: AbortSignal;
  /** Share of the conversion that is done, 0 to 1; not called when the set is on disk already. */
  readonly onProgress?: (share: number) => void;
}

/**
 * A built-in data set, its bytes in shared memory so that worker threads read them without a copy.
 * Throws BAD_DATA (with a remedy) when a file or a package is missing, damaged or of another content than this version expects.
 */
export async function openDataSet(name: DataSetName, options: OpenDataOptions): Promise<DataSet> {
  const { dataDir, signal, onProgress = () => undefined } = options;
  signal.throwIfAborted();
  const folder = dataDir === undefined ? undefined : join(dataDir, "data");
  const expected = DATA_DIGESTS[name];
  const stored = folder === undefined ? undefined : await load(folder, name, expected, shared);
  if (stored !== undefined) return stored;
  const converted = await convert(name, { signal, onProgress, allocate: shared });
  if (toHex(converted.digest) !== expected)
    throw new PouwError(
      "BAD_DATA",
      `the package behind the data set ${name} has another content than this version expects`,
      {
        remedy: "Install pouw-node again, with the exact versions of its dependencies.",
      },
    );
  signal.throwIfAborted();
  if (folder !== undefined) await save(folder, converted);
  onProgress(1);
  return converted;
}

function shared(bytes: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(bytes));
}
