// Delta codecs by name (protocol section 3): a task names one; how a contribution says what it changed.
import { decodeDelta, encodeDelta, maxDeltaBytes } from "./exact.ts";
import { flatLength, type GridLayout } from "./grid.ts";

export interface DeltaCodec {
  /** The codec's number in a contribution. */
  readonly tag: number;
  /** Canonical bytes of end - start. Throws NOT_FINITE, or BAD_ENCODING when a value is off its grid. */
  encode(layout: GridLayout, start: Float32Array, end: Float32Array): Uint8Array;
  /** Integer differences in grid steps, in `into` if that is given. Throws BAD_ENCODING unless `bytes` is the one encoding of what it returns. */
  decode(layout: GridLayout, bytes: Uint8Array, into?: Int32Array): Int32Array;
  /** Bytes of an encoding at most. */
  maxBytes(layout: GridLayout): number;
}

const exact: DeltaCodec = {
  tag: 0,
  encode: encodeDelta,
  decode: decodeDelta,
  maxBytes: (layout) => maxDeltaBytes(flatLength(layout)),
};

/** A new codec is a file and a line. */
export const DELTA_CODECS = { exact } as const satisfies { readonly [name: string]: DeltaCodec };
export type DeltaCodecName = keyof typeof DELTA_CODECS;
