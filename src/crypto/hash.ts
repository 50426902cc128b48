// SHA-256, and the one way to hash several things into one: a domain and length-prefixed parts, so no two inputs collide by layout.
import { hash } from "node:crypto";
import { concatBytes, type Hash32, PouwError, utf8 } from "../base/index.ts";

/** SHA-256 of `parts` one after the other (no separators: for one blob, or parts of fixed size). */
export function sha256(...parts: readonly Uint8Array[]): Hash32 {
  const only = parts.length === 1 ? parts[0] : undefined;
  const digest = hash("sha256", only ?? concatBytes(...parts), "buffer");
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.length) as Hash32;
}

/**
 * The bytes that `taggedHash` hashes: 1-byte length and UTF-8 of the domain, then each part behind its 4-byte big-endian length.
 * Throws INTERNAL when the domain is empty or over 255 bytes.
 */
export function taggedBytes(domain: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const name = utf8(domain);
  if (name.length === 0 || name.length > 255) throw new PouwError("INTERNAL", `bad hash domain "${domain}"`);
  // In place, not by concatenation: a block's check comes here some dozen times.
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 1 + name.length));
  const view = new DataView(bytes.buffer);
  bytes[0] = name.length;
  bytes.set(name, 1);
  let at = 1 + name.length;
  for (const part of parts) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

/** SHA-256 of `taggedBytes(domain, ...parts)`: the protocol's H("domain", ...). */
export function taggedHash(domain: string, ...parts: readonly Uint8Array[]): Hash32 {
  return sha256(taggedBytes(domain, ...parts));
}
