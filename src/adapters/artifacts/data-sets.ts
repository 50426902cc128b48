// The data sets that come with the node: converted once from their packages, checked by digest whenever they are opened, kept while the node runs.
import { join } from "node:path";
import { messageOf, PouwError, toHex } from "../../base/index.ts";
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
   * Throws BAD_DATA (with a remedy) when its package is missing or of another content than this version expects; damaged files are made anew.
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
  const stored = folder === undefined ? undefined : await loadSound(name, { folder, expected, log });
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
  if (folder !== undefined) await saveIfPossible(folder, converted, log);
  onProgress(1);
  return converted;
}

interface Stored {
  readonly folder: string;
  readonly expected: string;
  readonly log: Log;
}

/** What is on disk, if it is sound: it is made from the package, and so is made anew where it is damaged. */
async function loadSound(name: DataSetName, { folder, expected, log }: Stored): Promise<DataSet | undefined> {
  try {
    return await load(folder, name, expected, shared);
  } catch (error) {
    log.warn({ data: name, reason: messageOf(error) }, `The data set ${name} on disk is damaged and is made anew`);
    return undefined;
  }
}

/** A disk that does not take it costs the conversion at each start, and nothing else. */
async function saveIfPossible(folder: string, set: DataSet, log: Log): Promise<void> {
  const failed = (error: unknown): void =>
    log.warn({ data: set.name, folder, reason: messageOf(error) }, "The data set was not kept: each start converts it");
  await save(folder, set).catch(failed);
}

const shared = (bytes: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(bytes));
