// The batch PRF: fixed by definition, in range, unbiased.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { batchIndexes, permutation } from "../../../src/ml/data/index.ts";

const seed = Uint8Array.from({ length: 32 }, (_, i) => i);

/** The definition, written down a second time. */
function reference(seed32: Uint8Array, count: number, n: number): number[] {
  const out: number[] = [];
  for (let block = 0n; out.length < count; block++) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(block);
    const digest = createHash("sha256").update("pouw-batch/1").update(seed32).update(counter).digest();
    for (let word = 0; word < 8; word++) {
      const value = digest.readUInt32BE(4 * word);
      if (value < Math.floor(2 ** 32 / n) * n) out.push(value % n);
    }
  }
  return out.slice(0, count);
}

describe("batchIndexes", () => {
  it("is the documented stream", () => {
    expect([...batchIndexes(seed, 5, 7, 0, 8000)]).toEqual(reference(seed, 35, 8000));
    expect([...batchIndexes(seed, 5, 7, 100, 8100)]).toEqual(reference(seed, 35, 8000).map((i) => i + 100));
  });

  it("throws words away where keeping them would be a bias", () => {
    // With n just above 2^31 / 2 three quarters of the words fit; a stream without rejection would differ from the reference.
    const n = 2 ** 30 + 1;
    const kept = reference(seed, 200, n);
    expect([...batchIndexes(seed, 200, 1, 0, n)]).toEqual(kept);
    const first = createHash("sha256").update("pouw-batch/1").update(seed).update(Buffer.alloc(8)).digest();
    const naive = Array.from({ length: 8 }, (_, word) => first.readUInt32BE(4 * word) % n);
    expect(kept.slice(0, 8)).not.toEqual(naive);
  });

  it("starts with the same steps whatever the number of steps", () => {
    expect([...batchIndexes(seed, 2, 32, 0, 8000)]).toEqual([...batchIndexes(seed, 9, 32, 0, 8000).subarray(0, 64)]);
  });

  it("spreads evenly", () => {
    const counts = new Array<number>(10).fill(0);
    for (const index of batchIndexes(seed, 1000, 20, 0, 10)) counts[index] = (counts[index] as number) + 1;
    // 2000 expected each; five standard deviations are 212.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(212);
  });

  it("differs between seeds, and refuses seeds of another length and empty ranges", () => {
    const other = seed.with(31, 99);
    expect(batchIndexes(other, 1, 32, 0, 8000)).not.toEqual(batchIndexes(seed, 1, 32, 0, 8000));
    expect(() => batchIndexes(seed.subarray(1), 1, 1, 0, 2)).toThrow(expect.objectContaining({ code: "BAD_ID" }));
    expect(() => batchIndexes(seed, 1, 1, 2, 2)).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
  });
});

describe("permutation", () => {
  it("holds every number once", () => {
    expect([...permutation(seed, 500)].sort((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect([...permutation(seed, 500)]).not.toEqual(Array.from({ length: 500 }, (_, i) => i));
  });
});
