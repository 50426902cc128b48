// Where bytes live between runs.

/** One write of a batch. `value` undefined deletes. */
export interface StoreWrite {
  readonly key: string;
  readonly value: Uint8Array | undefined;
}

/** Ordered key-value store. Keys are printable ASCII, compared byte by byte. Values carry a checksum: a damaged one throws STORE_CORRUPT naming its key. */
export interface Store {
  /** Undefined when absent. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** All or nothing, and on disk when the promise resolves. After one that failed every other fails too, until `recover`. */
  batch(writes: readonly StoreWrite[]): Promise<void>;
  /** After a failed batch: opens the store anew and finds every acknowledged batch. Throws STORE_FAILED while it still takes nothing, STORE_CORRUPT when one is gone. */
  recover(): Promise<void>;
  /** Ascending keys with `gte <= key < lt`, or descending with `reverse`. */
  entries(range: StoreRange): AsyncIterable<readonly [key: string, value: Uint8Array]>;
  keys(range: StoreRange): AsyncIterable<string>;
  close(): Promise<void>;
}

export interface StoreRange {
  readonly gte: string;
  readonly lt: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}
