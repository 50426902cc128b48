// The data sets that come with the node, and what each must hash to: whoever trains, trains on these bytes.

/** Hex of the digest of each built-in data set. A change here is a change of the protocol: old tasks name the old digest. */
export const DATA_DIGESTS = {
  digits: "b3488a5c34cb0201d0fdaa3fc6a99627bd9efb7f957d37a1ff3488edad7ae493",
  text: "39c91a026fb9ba7eccaf0eee8eb3114ec94e755bb386f0783e69f457cd04d581",
} as const;

export type DataSetName = keyof typeof DATA_DIGESTS;
