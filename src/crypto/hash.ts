// SHA-256, and the one way to hash several things into one: a domain and length-prefixed parts, so no two inputs collide by layout.
import { hash } from "node:crypto";
import { concatBytes, type Hash32, PouwError, u32be, utf8 } from "../base/index.ts";

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
  return concatBytes(Uint8Array.of(name.length), name, ...parts.flatMap((part) => [u32be(part.length), part]));
}

/** SHA-256 of `taggedBytes(domain, ...parts)`: the protocol's H("domain", ...). */
export function taggedHash(domain: string, ...parts: readonly Uint8Array[]): Hash32 {
  return sha256(taggedBytes(domain, ...parts));
}
