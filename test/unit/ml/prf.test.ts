// The batch PRF: fixed by definition, in range, unbiased.
import { describe, expect, it } from "vitest";
import { batchIndexes, permutation } from "../../../src/ml/data/index.ts";

const seed = Uint8Array.from({ length: 32 }, (_, i) => i);

/** One block of ChaCha20 (RFC 8439 section 2.3) with a zero nonce, written down a second time. */
function chachaBlock(key: Uint8Array, counter: number): Buffer {
  const keyWords = Array.from({ length: 8 }, (_, i) => Buffer.from(key).readUInt32LE(4 * i));
  const begin = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, ...keyWords, counter, 0, 0, 0];
  const x = [...begin];
  const at = (i: number): number => x[i] as number;
  const mix = (a: number, b: number, d: number, turn: number): void => {
    x[a] = (at(a) + at(b)) >>> 0;
    const e = at(d) ^ at(a);
    x[d] = ((e << turn) | (e >>> (32 - turn))) >>> 0;
  };
  const quarter = (a: number, b: number, c: number, d: number): void => {
    mix(a, b, d, 16);
    mix(c, d, b, 12);
    mix(a, b, d, 8);
    mix(c, d, b, 7);
  };
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 4; i++) quarter(i, 4 + i, 8 + i, 12 + i);
    for (let i = 0; i < 4; i++) quarter(i, 4 + ((i + 1) % 4), 8 + ((i + 2) % 4), 12 + ((i + 3) % 4));
  }
  const out = Buffer.alloc(64);
  begin.forEach((word, i) => {
    out.writeUInt32LE((at(i) + word) >>> 0, 4 * i);
  });
  return out;
}

/** The definition, written down a second time. */
function reference(seed32: Uint8Array, count: number, n: number): number[] {
  const out: number[] = [];
  for (let block = 0; out.length < count; block++) {
    const bytes = chachaBlock(seed32, block);
    for (let word = 0; word < 16; word++) {
      const value = bytes.readUInt32LE(4 * word);
      if (value < Math.floor(2 ** 32 / n) * n) out.push(value % n);
    }
  }
  return out.slice(0, count);
}

describe("the key stream", () => {
  it("is RFC 8439's first block for a zero key", () => {
    const expected = "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7";
    expect(chachaBlock(new Uint8Array(32), 0).toString("hex", 0, 32)).toBe(expected);
  });
});

describe("batchIndexes", () => {
  it("is the documented stream", () => {
    expect([...batchIndexes(seed, 5, 7, [0, 8000])]).toEqual(reference(seed, 35, 8000));
    // Past the first chunk of the stream, too.
    expect([...batchIndexes(seed, 700, 32, [0, 8000])]).toEqual(reference(seed, 22_400, 8000));
    expect([...batchIndexes(seed, 5, 7, [100, 8100])]).toEqual(reference(seed, 35, 8000).map((i) => i + 100));
  });

  it("throws words away where keeping them would be a bias", () => {
    // With n just above 2^31 / 2 three quarters of the words fit; a stream without rejection would differ from the reference.
    const n = 2 ** 30 + 1;
    const kept = reference(seed, 200, n);
    expect([...batchIndexes(seed, 200, 1, [0, n])]).toEqual(kept);
    const first = chachaBlock(seed, 0);
    const naive = Array.from({ length: 8 }, (_, word) => first.readUInt32LE(4 * word) % n);
    expect(kept.slice(0, 8)).not.toEqual(naive);
  });

  it("starts with the same steps whatever the number of steps", () => {
    expect([...batchIndexes(seed, 2, 32, [0, 8000])]).toEqual([
      ...batchIndexes(seed, 9, 32, [0, 8000]).subarray(0, 64),
    ]);
  });

  it("spreads evenly", () => {
    const counts = new Array<number>(10).fill(0);
    for (const index of batchIndexes(seed, 1000, 20, [0, 10])) counts[index] = (counts[index] as number) + 1;
    // 2000 expected each; five standard deviations are 212.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(212);
  });

  it("differs between seeds, and refuses seeds of another length and empty ranges", () => {
    const other = seed.with(31, 99);
    expect(batchIndexes(other, 1, 32, [0, 8000])).not.toEqual(batchIndexes(seed, 1, 32, [0, 8000]));
    expect(() => batchIndexes(seed.subarray(1), 1, 1, [0, 2])).toThrow(expect.objectContaining({ code: "BAD_ID" }));
    expect(() => batchIndexes(seed, 1, 1, [2, 2])).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
  });
});

describe("permutation", () => {
  it("holds every number once", () => {
    expect([...permutation(seed, 500)].sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect([...permutation(seed, 500)]).not.toEqual(Array.from({ length: 500 }, (_, i) => i));
  });
});
