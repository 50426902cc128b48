// The data sets that come with the node: converted once from their packages, checked by digest whenever they are opened, kept while the node runs.
import { join } from "node:path";
import { PouwError, toHex } from "../../base/index.ts";
import { type DataSet, type DataSetName, KNOWN_DATA } from "../../ml/index.ts";
import type { Log } from "../../ports/index.ts";
import { load, save } from "./data-files.ts";
import { convert } from "./data-sources.ts";

interface OpenOptions {
  readonly signal: AbortSignal;
  /** Share of the conversion that is done, 0 to 1; not called when the set is on disk already. */
  readonly onProgress?: (share: number) => void;
}

interface DataSets {
  /**
   * The built-in data set with this digest (lower-case hex), its bytes in shared memory; undefined for another digest.
   * Throws BAD_DATA (with a remedy) when a file or a package is missing, damaged or of another content than this version expects.
   */
  get(digest: string, options: OpenOptions): Promise<DataSet | undefined>;
}

export function openDataSets(
  { dataDir }: { readonly dataDir: string | undefined },
  { log }: { readonly log: Log },
): DataSets {
  const folder = dataDir === undefined ? undefined : join(dataDir, "data");
  const opened = new Map<string, Promise<DataSet>>();
  return {
    async get(digest, options) {
      const name = (Object.keys(KNOWN_DATA) as DataSetName[]).find((known) => KNOWN_DATA[known].digest === digest);
      if (name === undefined) return undefined;
      // Who comes second waits for the first. When that one fails or is called off, the next makes an attempt of its own.
      for (let running = opened.get(digest); running !== undefined; running = opened.get(digest)) {
        const set = await running.catch(() => undefined);
        options.signal.throwIfAborted();
        if (set !== undefined) return set;
      }
      const opening = openDataSet(name, folder, { ...options, log });
      opened.set(digest, opening);
      return opening.catch((error: unknown) => {
        opened.delete(digest);
        throw error;
      });
    },
  };
}

async function openDataSet(
  name: DataSetName,
  folder: string | undefined,
  { signal, onProgress = () => undefined, log }: OpenOptions & { readonly log: Log },
): Promise<DataSet> {
  const { digest: expected } = KNOWN_DATA[name];
  const stored = folder === undefined ? undefined : await load(folder, name, expected, shared);
  if (stored !== undefined) return stored;
  log.info({ data: name, folder }, `Converting the data set ${name} from its package`);
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

const shared = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes));
