// Text that people write at the doors: hex and decimal as schemas, parsed once, there, into bytes and bigints.
import { z } from "zod";
import { fromHex } from "./bytes.ts";
import { COINS, parseCoins } from "./coins.ts";
import { type Address, parseAddress } from "./ids.ts";

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

/** Coins as text; parsed to millionths. */
export const coinsText = z.string(COINS).transform((text, context): bigint => {
  const units = parseCoins(text);
  if (units !== undefined) return units;
  context.addIssue({ code: "custom", message: COINS });
  return z.NEVER;
});

const ADDRESS = "must be an address: bech32m, or 64 hex digits";
/** An address in bech32m of any network, or in hex. */
export const addressText = z.string(ADDRESS).transform((text, context): Address => {
  try {
    return parseAddress(text);
  } catch {
    context.addIssue({ code: "custom", message: ADDRESS });
    return z.NEVER;
  }
});

/** The text of a file as it was meant: some editors begin one with a byte order mark. */
export const withoutMark = (text: string): string => (text.startsWith("\uFEFF") ? text.slice(1) : text);
