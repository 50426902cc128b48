// Bech32m against the vectors of BIP 350, and what it is for: typing errors are found.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBech32m, toBech32m } from "../../../src/base/bech32m.ts";
import { formatAddress, parseAddress, toHex } from "../../../src/base/index.ts";
import { refusal } from "../../support/refusal.ts";

const key = Uint8Array.from({ length: 32 }, (_, i) => 7 * i);
const address = formatAddress(key, "devnet");

describe("bech32m", () => {
  it.each([
    "A1LQFN3A",
    "a1lqfn3a",
    "?1v759aa",
    "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
    "split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
  ])("reads %s", (text) => {
    const read = fromBech32m(text);
    expect(read).toBeDefined();
    if (read !== undefined) expect(toBech32m(read.prefix, read.bytes)).toBe(text.toLowerCase());
  });

  it.each([
    ["a wrong checksum", "M1VUXWEZ"],
    ["an empty prefix", "16plkw9"],
    ["no separator", "qyrz8wqd2c9m"],
    ["a letter that is no digit", "y1b0jsk6g"],
    ["too short a checksum", "in1muywd"],
    ["a space in the prefix", " 1xj0phk"],
    ["the older checksum", "A12UEL5L"],
    ["both cases", "a1LQFN3A"],
    [
      "more than 90 letters",
      `an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4`,
    ],
    ["filling that is not zero", `11${"l".repeat(82)}ludsr8`],
  ])("refuses %s", (_what, text) => {
    expect(fromBech32m(text)).toBeUndefined();
  });

  it("reads what it writes, for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        expect(fromBech32m(toBech32m("net1", bytes))).toEqual({ prefix: "net1", bytes });
      }),
    );
  });
});

describe("an address", () => {
  it("is read in lower case, in upper case and in hex", () => {
    for (const text of [address, address.toUpperCase(), ` ${address}\n`, toHex(key), `0x${toHex(key)}`])
      expect(toHex(parseAddress(text, "devnet"))).toBe(toHex(key));
  });

  it("with up to four wrong letters is never read", () => {
    const places = fc.uniqueArray(fc.integer({ min: 7, max: address.length - 1 }), { minLength: 1, maxLength: 4 });
    const digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    fc.assert(
      fc.property(places, fc.integer({ min: 1, max: 31 }), (at, by) => {
        const letters = [...address];
        for (const i of at) letters[i] = digits[(digits.indexOf(letters[i] as string) + by) % 32] as string;
        expect(refusal(() => parseAddress(letters.join("")))).toMatchObject({
          code: "BAD_ID",
          message: expect.stringContaining("is mistyped: its checksum does not fit."),
        });
      }),
    );
  });

  it.each([
    ["nothing", ""],
    ["a word", "zz"],
    ["half of it", address.slice(0, 30)],
    ["hex of another length", "ab".repeat(31)],
    ["five bytes", toBech32m("devnet", new Uint8Array(5))],
  ])("is not %s", (_what, text) => {
    expect(refusal(() => parseAddress(text))).toMatchObject({ code: "BAD_ID", remedy: expect.any(String) });
  });

  it("is no number, and none of another network", () => {
    expect(refusal(() => parseAddress(5 as never))).toMatchObject({ code: "BAD_ID" });
    expect(refusal(() => parseAddress(address, "testnet")).message).toContain("of the network devnet, not of testnet");
    expect(toHex(parseAddress(address))).toBe(toHex(key));
  });

  it("of the longest name that a network may have fits", () => {
    const name = "n".repeat(31);
    expect(toHex(parseAddress(formatAddress(key, name), name))).toBe(toHex(key));
  });
});
