// How a value lies on disk: every bit of a stored frame counts, its eight bytes of checksum each by itself.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { frame, unframe } from "../../../src/adapters/level/frame.ts";
import { utf8 } from "../../../src/base/index.ts";

const KEY = "block/00ff";
const VALUE = utf8("twelve bytes");
const stored = frame(KEY, VALUE);
const damaged = expect.objectContaining({
  code: "STORE_CORRUPT",
  message: expect.stringContaining(`"${KEY}"`),
  remedy: expect.any(String),
});

describe("a stored value", () => {
  it("is a version, eight bytes of SHA-256 over key, zero and value, and the value", () => {
    const sum = createHash("sha256").update(`${KEY}\0twelve bytes`).digest();
    expect([...stored]).toEqual([1, ...sum.subarray(0, 8), ...VALUE]);
    expect(unframe(KEY, stored)).toEqual(VALUE);
    expect(unframe(KEY, frame(KEY, new Uint8Array(0)))).toEqual(new Uint8Array(0));
  });

  it.each(Array.from(stored, (_, at) => at))("is refused with any bit of byte %i flipped", (at) => {
    for (let bit = 0; bit < 8; bit++)
      expect(() => unframe(KEY, stored.with(at, (stored[at] as number) ^ (1 << bit)))).toThrow(damaged);
  });

  it("is refused cut short, grown, or under another key", () => {
    for (let length = 0; length < stored.length; length++)
      expect(() => unframe(KEY, stored.subarray(0, length))).toThrow(damaged);
    expect(() => unframe(KEY, Uint8Array.from([...stored, 0]))).toThrow(damaged);
    expect(() => unframe("block/00fe", stored)).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
    // Key and value are told apart: a byte cannot move from one to the other.
    expect(() => unframe(`${KEY}t`, frame(KEY, VALUE).subarray(0, -1))).toThrow(
      expect.objectContaining({ code: "STORE_CORRUPT" }),
    );
  });

  it("is read in place, from wherever it lies in a buffer", () => {
    const around = Uint8Array.from([7, 7, 7, ...stored, 7]);
    expect(unframe(KEY, around.subarray(3, 3 + stored.length))).toEqual(VALUE);
  });
});
