// What a data set is: named uint8 tensors, splits in sample indexes, one digest over all of it.
import { PouwError, utf8 } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";

/** One tensor of a data set, row-major. */
interface DataTensor {
  readonly name: string;
  readonly dtype: "uint8";
  readonly shape: readonly number[];
  /** Exactly the product of `shape` bytes; may lie in shared memory. */
  readonly data: Uint8Array;
}

/** Sample indexes `from <= i < to`. */
export type SampleRange = readonly [from: number, to: number];

export interface Splits {
  readonly train: SampleRange;
  readonly validation: SampleRange;
  readonly test: SampleRange;
}

/** Everything about a data set but its bytes. */
export interface DataDescription {
  readonly name: string;
  readonly tensors: readonly { readonly name: string; readonly dtype: "uint8"; readonly shape: readonly number[] }[];
  /** A sample is a row of every tensor (classification) or a window that starts at the index (text). */
  readonly splits: Splits;
  /** Distance between the samples that an evaluation looks at: 1 for rows, the window's length for text. */
  readonly evalStride: number;
  /** Text only: the symbol of each token value, in order. */
  readonly vocabulary: string | undefined;
}

export interface DataSet extends DataDescription {
  /** SHA-256 over description and bytes, see `dataDigest`. */
  readonly digest: Uint8Array;
  readonly tensors: readonly DataTensor[];
}

/** SHA-256 of the description as JSON in fixed key order, then each tensor's bytes in order: 32 bytes. */
function dataDigest(description: DataDescription, bytes: readonly Uint8Array[]): Uint8Array {
  return sha256(utf8(describe(description)), ...bytes);
}

/** A data set with its digest computed. Throws BAD_DATA when a tensor's bytes do not fill its shape or a split is off. */
export function dataSet(parts: Omit<DataSet, "digest">): DataSet {
  for (const { name, shape, data } of parts.tensors) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (size !== data.length)
      throw new PouwError(
        "BAD_DATA",
        `tensor ${name} of ${parts.name} has ${data.length} bytes, its shape says ${size}`,
      );
  }
  for (const [split, [from, to]] of Object.entries(parts.splits)) {
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || to <= from)
      throw new PouwError("BAD_DATA", `the ${split} split of ${parts.name} is empty or not a range`);
  }
  return {
    ...parts,
    digest: dataDigest(
      parts,
      parts.tensors.map((tensor) => tensor.data),
    ),
  };
}

/** The samples that an evaluation of `split` looks at, in order; a task's data and a data set both say which. */
export function evaluationSamples(
  { splits, evalStride }: Pick<DataDescription, "splits" | "evalStride">,
  split: keyof Splits,
): Int32Array {
  const [from, to] = splits[split];
  const out = new Int32Array(Math.ceil((to - from) / evalStride));
  for (let i = 0; i < out.length; i++) out[i] = from + i * evalStride;
  return out;
}

/** JSON whose keys stand in one order, whatever order the object was built in. */
function describe({ name, tensors, splits, evalStride, vocabulary }: DataDescription): string {
  return JSON.stringify({
    name,
    tensors: tensors.map((tensor) => ({ name: tensor.name, dtype: tensor.dtype, shape: tensor.shape })),
    splits: { train: splits.train, validation: splits.validation, test: splits.test },
    evalStride,
    vocabulary,
  });
}
