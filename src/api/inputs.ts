// What people and programs write into a path or a query: hashes, heights, counts. Parsed once, here.
import { z } from "zod";
import { asBytes, toHex } from "../base/index.ts";

/** 32 bytes as hex, as the views write them: lower case, without prefix. */
export const hashInput = (what: string) =>
  z
    .string()
    .regex(/^(0x)?[0-9a-fA-F]{64}$/, "must be 64 hex digits")
    .describe(`${what}, 64 hex digits`)
    .transform((text) => toHex(asBytes(text)));

/** An address, left as text: the node knows which network it must be of. */
export const addressInput = z
  .string()
  .max(100, "must be an address")
  .describe("the account's address, or its 64 hex digits");

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
