// How a value lies on disk: one version byte, eight bytes of checksum, the value. LevelDB checks nothing on ordinary
// reads, so this is what finds a flipped bit. The checksum covers the key too: a value under a wrong key is found.
import { createHash } from "node:crypto";
import { storeCorrupt } from "../../base/index.ts";

const VERSION = 1;
const HEAD = 9;

/** First eight bytes of SHA-256(key, 0, value): keys are printable, so the zero ends them without doubt. */
function checksum(key: string, value: Uint8Array): Uint8Array {
  return createHash("sha256").update(key).update("\0").update(value).digest().subarray(0, 8);
}

/** Bytes that `value` takes in the store. */
const framedBytes = (value: Uint8Array): number => HEAD + value.length;

/** The bytes to store for `value` under `key`, in `out`, which has room for exactly these. */
export function frame(key: string, value: Uint8Array, out = new Uint8Array(framedBytes(value))): Uint8Array {
  out[0] = VERSION;
  out.set(checksum(key, value), 1);
  out.set(value, HEAD);
  return out;
}

/** Room for most of what one batch writes: a block with its deltas is some two megabytes, and dropped buffers of that size are what makes V8 collect garbage. */
const FRAMES_BYTES = 2 << 20;

/** Frames of one batch after the other, in the same memory. */
export class FrameRoom {
  readonly #room = new Uint8Array(FRAMES_BYTES);
  #used = 0;

  /** What was made before is written; its memory is used again. */
  clear(): void {
    this.#used = 0;
  }

  frame(key: string, value: Uint8Array): Uint8Array {
    const end = this.#used + framedBytes(value);
    if (end > FRAMES_BYTES) return frame(key, value);
    const out = this.#room.subarray(this.#used, end);
    this.#used = end;
    return frame(key, value, out);
  }
}

/** The value inside `stored`; throws STORE_CORRUPT naming the key. Shares memory with `stored`. */
export function unframe(key: string, stored: Uint8Array): Uint8Array {
  if (stored.length < HEAD || stored[0] !== VERSION)
    throw storeCorrupt(`the record "${key}" is not in this store's form`);
  const value = new Uint8Array(stored.buffer, stored.byteOffset + HEAD, stored.length - HEAD);
  const sum = checksum(key, value);
  for (let i = 0; i < 8; i++)
    if (sum[i] !== stored[i + 1]) throw storeCorrupt(`the record "${key}" fails its checksum`);
  return value;
}
