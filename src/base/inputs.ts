// Hex and decimal text that people write at the doors, as schemas: parsed once, there, into bytes and bigints.
import { z } from "zod";
import { fromHex } from "./bytes.ts";

/** Of text that a schema found to be hex. */
export const asBytes = (text: string): Uint8Array => fromHex(text) as Uint8Array;

/** `length` bytes as hex, `0x` allowed. */
export const hexBytes = (length: number) =>
  z
    .string(`must be ${2 * length} hex digits`)
    .regex(new RegExp(`^(0x)?[0-9a-fA-F]{${2 * length}}$`), `must be ${2 * length} hex digits`)
    .transform(asBytes);

/** A whole number below 2^64 as a decimal string. */
export const u64Text = z
  .string("must be a decimal string")
  .regex(/^\d{1,20}$/, "must be a decimal string")
  .transform(BigInt)
  .refine((value) => value < 2n ** 64n, "must be below 2^64");
