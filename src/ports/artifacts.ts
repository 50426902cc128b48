// Large things that tasks name by digest: graphs, data sets, first parameters, conformance vectors. Where they come from is the adapter's business.
import type { DataSet, Vectors } from "../ml/index.ts";

/** Kind -> what is got. */
export interface ArtifactValues {
  /** ONNX bytes; the digest is their SHA-256. */
  readonly graph: Uint8Array;
  /** ONNX bytes of the same graph in the `int8` lowering, by the digest of the graph that tasks name. */
  readonly int8: Uint8Array;
  /** The digest is the data set's own; bytes lie in shared memory, so that workers read them without a copy. */
  readonly data: DataSet;
  /** A flat parameter set, by the digest of protocol section 2. */
  readonly parameters: Float32Array;
  /** What every provider must reproduce before it may run a graph, by the training graph's digest. */
  readonly vectors: Vectors;
}
export type ArtifactKind = keyof ArtifactValues;

export interface Artifacts {
  /**
   * The artifact with this digest, checked against it; undefined when it is not to be had here.
   * Throws BAD_MODEL or BAD_DATA with a remedy when what is here is damaged or altered.
   */
  get<K extends ArtifactKind>(
    kind: K,
    digest: Uint8Array,
    options: { readonly signal: AbortSignal; readonly onProgress?: (share: number) => void },
  ): Promise<ArtifactValues[K] | undefined>;
}
