// Branded ids: the same bytes, told apart by the compiler.
import { fromHex } from "./bytes.ts";
import { PouwError } from "./errors.ts";

declare const brand: unique symbol;
type Brand<T, B extends string> = T & { readonly [brand]: B };

/** 32 bytes of SHA-256 or of an SSZ root. */
export type Hash32 = Brand<Uint8Array, "Hash32">;
/** An account: its 32-byte Ed25519 public key. */
export type Address = Brand<Uint8Array, "Address">;
/** A training task: the SSZ root of its registration. */
export type TaskId = Brand<Uint8Array, "TaskId">;
/** Number of blocks below this one; genesis is 0. */
export type Height = Brand<number, "Height">;

function branded<T>(bytes: Uint8Array, what: string): T {
  if (!(bytes instanceof Uint8Array)) throw new PouwError("BAD_ID", `${what} must be 32 bytes, got ${typeof bytes}`);
  if (bytes.length !== 32) throw new PouwError("BAD_ID", `${what} must be 32 bytes, got ${bytes.length}`);
  return bytes as T;
}

/** Checks the length and brands; throws BAD_ID. */
export const Hash32 = (bytes: Uint8Array): Hash32 => branded<Hash32>(bytes, "a hash");
/** Checks the length and brands; throws BAD_ID. */
export const Address = (bytes: Uint8Array): Address => branded<Address>(bytes, "an address");
/** Checks the length and brands; throws BAD_ID. */
export const TaskId = (bytes: Uint8Array): TaskId => branded<TaskId>(bytes, "a task id");
/** Checks that it is an integer in [0, 2^32) and brands; throws BAD_ID. */
export function Height(value: number): Height {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32)
    throw new PouwError("BAD_ID", `not a height: ${value}`);
  return value as Height;
}

/** An address as a person types it: 64 hex digits, `0x` allowed; throws BAD_ID. */
export function parseAddress(text: string): Address {
  const bytes = fromHex(text.trim());
  if (bytes === undefined) throw new PouwError("BAD_ID", `an address is 64 hex digits, got "${text.slice(0, 80)}"`);
  return Address(bytes);
}
