// Money as people write it: coins with six decimals. Everything below the doors counts in millionths, as bigint.
import { PouwError } from "./errors.ts";

const DECIMALS = 6;
const UNIT = 10n ** BigInt(DECIMALS);
/** Amounts of the chain are below it. */
const LIMIT = 2n ** 64n;

/** What is wrong with an amount that is none, for schemas: it reads on after a name. */
export const COINS = "must be coins, such as 12 or 0.25, with at most six decimals";

/** `5.5` -> 5500000n; undefined when it is not an amount. */
export function parseCoins(text: string): bigint | undefined {
  const match = /^(\d{1,14})(?:\.(\d{1,6}))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole, fraction = ""] = match as unknown as [string, string, string?];
  const units = BigInt(whole) * UNIT + BigInt(fraction.padEnd(DECIMALS, "0"));
  return units < LIMIT ? units : undefined;
}

/** Millionths of so many coins: `coins("5.5")` is 5500000n. Text, because numbers lose digits. Throws BAD_AMOUNT. */
export function coins(text: string): bigint {
  const units = typeof text === "string" ? parseCoins(text.trim()) : undefined;
  if (units !== undefined) return units;
  const shown = typeof text === "string" ? `"${text.slice(0, 40)}"` : `a ${typeof text}`;
  throw new PouwError("BAD_AMOUNT", `${shown} is not an amount.`, {
    remedy: 'Write coins as text, like "12" or "0.25", with at most six decimals.',
  });
}

/** `5500000n` -> `5.5`. */
export function formatCoins(units: bigint): string {
  const positive = units < 0n ? -units : units;
  const fraction = (positive % UNIT).toString().padStart(DECIMALS, "0").replace(/0+$/, "");
  return `${units < 0n ? "-" : ""}${positive / UNIT}${fraction === "" ? "" : `.${fraction}`}`;
}
