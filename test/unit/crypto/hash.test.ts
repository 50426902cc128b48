// Hashing: known answers, and the layout that keeps different inputs apart.
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../../src/base/index.ts";
import { sha256, taggedBytes, taggedHash } from "../../../src/crypto/index.ts";

describe("sha256", () => {
  it("gives the known answers", () => {
    expect(toHex(sha256())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(toHex(sha256(utf8("abc")))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("agrees with another implementation at every length around its blocks, in one part or two", () => {
    for (let length = 0; length <= 130; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
      const expected = toHex(nobleSha256(bytes));
      expect(toHex(sha256(bytes))).toBe(expected);
      expect(toHex(sha256(bytes.subarray(0, length >> 1), bytes.subarray(length >> 1)))).toBe(expected);
    }
  });

  it("returns a plain array, so that equality by type holds", () => {
    expect(Object.getPrototypeOf(sha256(utf8("x")))).toBe(Uint8Array.prototype);
  });
});

describe("taggedHash", () => {
  it("hashes exactly the documented bytes", () => {
    const bytes = taggedBytes("ab", Uint8Array.of(1), Uint8Array.of(2, 3));
    expect(toHex(bytes)).toBe("02616200000001010000000202" + "03");
    expect(taggedHash("ab", Uint8Array.of(1), Uint8Array.of(2, 3))).toEqual(sha256(bytes));
  });

  it("tells apart what plain concatenation would confuse", () => {
    const [a, b, ab] = [fromHex("aa"), fromHex("bb"), fromHex("aabb")] as [Uint8Array, Uint8Array, Uint8Array];
    const plain = (...parts: Uint8Array[]): string => toHex(sha256(...parts));
    const tagged = (domain: string, ...parts: Uint8Array[]): string => toHex(taggedHash(domain, ...parts));
    expect(plain(a, b)).toBe(plain(ab));
    const all = [
      tagged("d", a, b),
      tagged("d", ab),
      tagged("d", ab, new Uint8Array()),
      tagged("d", b, a),
      tagged("e", a, b),
      tagged("d\xaa", b),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it("refuses a domain that its length byte cannot hold", () => {
    expect(() => taggedHash("")).toThrow(/bad hash domain/);
    expect(() => taggedHash("x".repeat(256))).toThrow(/bad hash domain/);
    expect(taggedHash("x".repeat(255))).toHaveLength(32);
  });
});
