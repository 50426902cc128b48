// The Artifacts port over what is installed: model directories, and the data sets that come with the node.
import { toHex } from "../../base/index.ts";
import type { ArtifactKind, Artifacts, ArtifactValues, Log } from "../../ports/index.ts";
import { openDataSets } from "./data-sets.ts";
import { openModelFolders } from "./model-folders.ts";

interface ArtifactsOptions {
  /** Directories that hold one folder per model; one that does not exist holds none. Read when something is asked for. */
  readonly modelsDirs: readonly string[];
  /** The node's data directory; data sets are kept under `data/` in it. Undefined: converted in memory and not kept. */
  readonly dataDir: string | undefined;
}

type GetOptions = Parameters<Artifacts["get"]>[2];
/** A new kind of artifact is a row. `digest` is lower-case hex. */
type Finders = {
  readonly [K in ArtifactKind]: (digest: string, options: GetOptions) => Promise<ArtifactValues[K] | undefined>;
};

export function createArtifacts({ modelsDirs, dataDir }: ArtifactsOptions, { log }: { readonly log: Log }): Artifacts {
  const models = openModelFolders(modelsDirs);
  const data = openDataSets({ dataDir }, { log });
  const finders: Finders = {
    graph: (digest) => models.graph(digest),
    int8: (digest) => models.int8(digest),
    vectors: (digest) => models.vectors(digest),
    parameters: (digest) => models.parameters(digest),
    data: (digest, options) => data.get(digest, options),
  };
  return {
    async get(kind, digest, options) {
      options.signal.throwIfAborted();
      return finders[kind](toHex(digest), options);
    },
  };
}
