// Data sets: digests that depend on everything, digits and text converted as documented.
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import {
  bibleDataSet,
  type DataSet,
  dataSet,
  decodeText,
  digitImages,
  digitsDataSet,
  encodeText,
  evaluationSamples,
  TEXT_CONTEXT,
  TEXT_VOCABULARY,
  textDataSet,
} from "../../../src/ml/data/index.ts";

const tiny = (more: object = {}): DataSet =>
  dataSet({
    name: "tiny",
    tensors: [{ name: "x", dtype: "uint8", shape: [4, 2], data: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]) }],
    splits: { train: [0, 2], validation: [2, 3], test: [3, 4] },
    evalStride: 1,
    vocabulary: undefined,
    ...more,
  });

describe("a data set", () => {
  it("has a digest of everything in it", () => {
    const digest = toHex(tiny().digest);
    expect(toHex(tiny().digest)).toBe(digest);
    const changes = [
      { name: "tony" },
      { evalStride: 2 },
      { vocabulary: "ab" },
      { splits: { train: [0, 1], validation: [2, 3], test: [3, 4] } },
      { tensors: [{ name: "x", dtype: "uint8", shape: [2, 4], data: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]) }] },
      { tensors: [{ name: "x", dtype: "uint8", shape: [4, 2], data: Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 9]) }] },
    ];
    const digests = changes.map((change) => toHex(tiny(change).digest));
    expect(new Set([digest, ...digests]).size).toBe(changes.length + 1);
  });

  it("does not depend on the order of an object's keys", () => {
    const turned = tiny({ splits: { test: [3, 4], validation: [2, 3], train: [0, 2] } });
    expect(toHex(turned.digest)).toBe(toHex(tiny().digest));
  });

  it("refuses bytes that do not fill the shape, and empty splits", () => {
    const short = [{ name: "x", dtype: "uint8", shape: [4, 2], data: new Uint8Array(7) }];
    expect(() => tiny({ tensors: short })).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
    const empty = { train: [0, 2], validation: [2, 2], test: [3, 4] };
    expect(() => tiny({ splits: empty })).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
  });

  it("lists the samples of an evaluation by stride", () => {
    expect([...evaluationSamples(tiny(), "train")]).toEqual([0, 1]);
    expect([
      ...evaluationSamples(
        tiny({ evalStride: 2, splits: { train: [0, 1], validation: [1, 4], test: [3, 4] } }),
        "validation",
      ),
    ]).toEqual([1, 3]);
  });
});

describe("digits", () => {
  /** 1000 images a class; the first pixel says the class, the next two the place in it. */
  const classes = Array.from({ length: 10 }, (_, digit) => {
    const images = new Uint8Array(1000 * 784);
    for (let i = 0; i < 1000; i++) images.set([digit, i >> 8, i & 255], i * 784);
    return images;
  });

  it("rounds to the nearest byte and refuses what is no image", () => {
    const pixels = Array.from({ length: 784 }, (_, i) => (i === 3 ? 0.502 : i === 4 ? 1 : 0));
    expect([...digitImages(JSON.stringify({ data: pixels }), 3).subarray(2, 6)]).toEqual([0, 128, 255, 0]);
    for (const bad of ["{", "[]", '{"data":[0]}', JSON.stringify({ data: pixels.map(() => 1.5) })])
      expect(() => digitImages(bad, 3)).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
  });

  it("shuffles every sample once, label with image", () => {
    const set = digitsDataSet(classes);
    const [images, labels] = set.tensors.map((tensor) => tensor.data) as [Uint8Array, Uint8Array];
    const seen = new Set<number>();
    let matching = 0;
    for (let i = 0; i < 10_000; i++) {
      const [digit, high, low] = images.subarray(i * 784) as unknown as [number, number, number];
      seen.add(digit * 1000 + high * 256 + low);
      if (labels[i] === digit) matching++;
    }
    expect(seen.size).toBe(10_000);
    expect(matching).toBe(10_000);
    expect(set.splits).toEqual({ train: [0, 8000], validation: [8000, 9000], test: [9000, 10_000] });
    expect(labels.subarray(0, 100)).not.toEqual(labels.subarray(0, 100).toSorted());
  });

  it("refuses another number of digits", () => {
    expect(() => digitsDataSet(classes.slice(1))).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
  });
});

describe("text", () => {
  it("has an alphabet of 96 symbols that decodes to itself", () => {
    expect(TEXT_VOCABULARY).toHaveLength(96);
    expect(decodeText(encodeText(TEXT_VOCABULARY))).toBe(TEXT_VOCABULARY);
    expect([...encodeText(TEXT_VOCABULARY)]).toEqual(Array.from({ length: 96 }, (_, i) => i));
  });

  it("writes typographic characters plainly and drops the rest", () => {
    expect(decodeText(encodeText("\u201cIt\u2019s\u201d \u2014 50\u00a0\u20ac\r\n\ud83d\ude00"))).toBe(
      '"It\'s" -- 50 \n',
    );
  });

  it("keeps every window inside its split", () => {
    const { splits, tensors } = textDataSet("abcdefghij".repeat(200));
    expect(tensors[0]?.shape).toEqual([2000]);
    expect(splits).toEqual({
      train: [0, 1800 - TEXT_CONTEXT],
      validation: [1800, 1900 - TEXT_CONTEXT],
      test: [1900, 2000 - TEXT_CONTEXT],
    });
    expect(() => textDataSet("abc")).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
  });
});

describe("the Bible", () => {
  const verses = Object.fromEntries(
    Array.from({ length: 100 }, (_, i) => [`Book 1:${i + 1}`, "# And [it was] #1 so."]),
  );

  it("is a line for each verse, in order, without the edition's marks", () => {
    const { name, tensors, evalStride } = bibleDataSet(
      JSON.stringify({ "B 2:1": "First.", "A 1:1": "Then.", ...verses }),
    );
    const text = decodeText(tensors[0]?.data as Uint8Array);
    expect(text.slice(0, 32)).toBe("First.\nThen.\nAnd it was #1 so.\nA");
    expect({ name, evalStride }).toEqual({ name: "bible", evalStride: 8 * TEXT_CONTEXT });
  });

  it("is refused where it is not text by places", () => {
    for (const bad of ["{", "null", "[]", "{}", JSON.stringify({ ...verses, "Book 2:1": 1 })])
      expect(() => bibleDataSet(bad)).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
  });
});
