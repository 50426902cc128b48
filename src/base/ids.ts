// Branded ids: the same bytes, told apart by the compiler.
import { fromBech32m, toBech32m } from "./bech32m.ts";
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

const ADDRESS_REMEDY = "Copy it whole: an address is its network's name, the digit 1 and 58 letters and digits.";
const noAddress = (message: string): PouwError => new PouwError("BAD_ID", message, { remedy: ADDRESS_REMEDY });

/** An address as people read it: bech32m after its network's name, such as `devnet1qy3...`. */
export const formatAddress = (address: Uint8Array, network: string): string => toBech32m(network, address);

/**
 * An address as a person types it: bech32m, or 64 hex digits, which find no typing error. Where `network` is given, one of another
 * network is refused. Throws BAD_ID.
 */
export function parseAddress(text: string, network?: string): Address {
  if (typeof text !== "string") throw noAddress(`An address is text, not ${typeof text}.`);
  const typed = text.trim();
  const hex = /^(0x)?[0-9a-fA-F]{64}$/.test(typed) ? fromHex(typed) : undefined;
  if (hex !== undefined) return Address(hex);
  const read = fromBech32m(typed);
  const shown = JSON.stringify(typed.slice(0, 90));
  if (read === undefined && /^[a-z0-9-]{1,31}1[a-z0-9]{40,}$/i.test(typed))
    throw noAddress(`${shown} is mistyped: its checksum does not fit.`);
  if (read?.bytes.length !== 32) throw noAddress(`${shown} is not an address.`);
  if (network !== undefined && read.prefix !== network)
    throw new PouwError("BAD_ID", `${shown} is an address of the network ${read.prefix}, not of ${network}.`, {
      remedy: `Ask for the receiver's address on ${network}: \`pouw-node wallet address --network ${network}\` prints it.`,
    });
  return Address(read.bytes);
}
