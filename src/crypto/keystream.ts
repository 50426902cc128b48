// A long stream of pseudo-random bytes from 32 bytes of key: ChaCha20 (RFC 8439), native, ten times faster per byte here than one hash per block.
import { createCipheriv } from "node:crypto";
import { PouwError } from "../base/index.ts";

const BLOCK_BYTES = 64;

/** Bytes [64 `firstBlock`, 64 `firstBlock` + `length`) of the ChaCha20 stream of `key` (32 bytes) with a zero nonce. */
export function keystream(key: Uint8Array, firstBlock: number, length: number): Uint8Array {
  if (key.length !== 32) throw new PouwError("BAD_ID", `a seed is 32 bytes, got ${key.length}`);
  if (firstBlock + Math.ceil(length / BLOCK_BYTES) > 2 ** 32)
    throw new PouwError("INTERNAL", "the key stream is at its end");
  // The counter's 4 bytes, little-endian, then the nonce's 12.
  const start = new Uint8Array(16);
  new DataView(start.buffer).setUint32(0, firstBlock, true);
  const bytes = createCipheriv("chacha20", key, start).update(new Uint8Array(length));
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
