// What people and programs write into a request: hex, heights, counts, decimal strings. Parsed once, here.
import { z } from "zod";
import { fromHex, toHex } from "../base/index.ts";

/** Of text that a schema found to be hex. */
export const asBytes = (text: string): Uint8Array => fromHex(text) as Uint8Array;

/** `length` bytes as hex, `0x` allowed. */
export const hexBytes = (length: number) =>
  z
    .string(`must be ${2 * length} hex digits`)
    .regex(new RegExp(`^(0x)?[0-9a-fA-F]{${2 * length}}$`), `must be ${2 * length} hex digits`)
    .transform(asBytes);

/** 32 bytes as hex, as the views write them: lower case, without prefix. */
export const hashInput = (what: string) =>
  z
    .string()
    .regex(/^(0x)?[0-9a-fA-F]{64}$/, "must be 64 hex digits")
    .describe(`${what}, 64 hex digits`)
    .transform((text) => toHex(asBytes(text)));

/** A height (number) or a hash (hex, as the views write it). */
export const heightOrHash = z
  .string()
  .regex(/^(\d{1,10}|(0x)?[0-9a-fA-F]{64})$/, "must be a height or 64 hex digits")
  .describe("a height, or a hash of 64 hex digits")
  .transform((text) => (/^\d{1,10}$/.test(text) ? Number(text) : toHex(asBytes(text))));

/** A whole number from 0 to `max` in a query. */
export function wholeNumber(what: string, max: number) {
  const error = `must be a whole number of at most ${max}`;
  return z
    .string(error)
    .regex(/^\d{1,10}$/, error)
    .describe(`${what}, at most ${max}`)
    .transform(Number)
    .refine((value) => value <= max, error);
}

/** A whole number below 2^64 as a decimal string. */
export const u64 = z
  .string("must be a decimal string")
  .regex(/^\d{1,20}$/, "must be a decimal string")
  .transform(BigInt)
  .refine((value) => value < 2n ** 64n, "must be below 2^64");
