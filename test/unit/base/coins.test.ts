// Money as text: coins with six decimals, read exactly or not at all.
import fc from "fast-check";
import { expect, it } from "vitest";
import { coins, formatCoins, parseCoins } from "../../../src/base/index.ts";
import { refusal } from "../../support/refusal.ts";

it("read what they write, up to the last unit of a u64", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (units) => {
      expect(coins(formatCoins(units))).toBe(units);
    }),
  );
});

it("have at most six decimals", () => {
  expect([formatCoins(10_500_000n), formatCoins(1n), formatCoins(0n), formatCoins(-1_500_000n)]).toEqual([
    "10.5",
    "0.000001",
    "0",
    "-1.5",
  ]);
  expect([coins("5.5"), coins(" 0.25 "), coins("12")]).toEqual([5_500_000n, 250_000n, 12_000_000n]);
});

it.each(["", "-1", "1.", ".5", "1e3", "0.1234567", "1,5", "0x10", "1 2", "18446744073709.551616", "9".repeat(15)])(
  '"%s" is none',
  (text) => {
    expect(parseCoins(text)).toBeUndefined();
    expect(refusal(() => coins(text))).toMatchObject({ code: "BAD_AMOUNT", remedy: expect.any(String) });
  },
);

it.each([1.5, 5n, undefined, null, {}])("%s is no text", (value) => {
  expect(refusal(() => coins(value as never)).code).toBe("BAD_AMOUNT");
});
