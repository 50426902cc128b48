// The data sets that come with the node, and what each must be: whoever trains, trains on these bytes.
import type { Splits } from "./data-set.ts";

/** What a task's registration says of a data set, known without opening it. */
export interface KnownDataSet {
  /** Hex of the data set's digest. A change here is a change of the protocol: old tasks name the old digest. */
  readonly digest: string;
  readonly splits: Splits;
  /** Distance between the samples that an evaluation looks at. */
  readonly evalStride: number;
}

export const KNOWN_DATA = {
  digits: {
    digest: "b3488a5c34cb0201d0fdaa3fc6a99627bd9efb7f957d37a1ff3488edad7ae493",
    splits: { train: [0, 8000], validation: [8000, 9000], test: [9000, 10_000] },
    evalStride: 1,
  },
  text: {
    digest: "39c91a026fb9ba7eccaf0eee8eb3114ec94e755bb386f0783e69f457cd04d581",
    splits: { train: [0, 577_449], validation: [577_513, 609_533], test: [609_597, 641_618] },
    evalStride: 64,
  },
  bible: {
    digest: "7f52d17591e1856e6856b58031b7bd8bd5747816555b1c27028078d5919f870e",
    splits: { train: [0, 3_724_680], validation: [3_724_744, 3_931_610], test: [3_931_674, 4_138_541] },
    evalStride: 512,
  },
} as const satisfies { readonly [name: string]: KnownDataSet };

export type DataSetName = keyof typeof KNOWN_DATA;
