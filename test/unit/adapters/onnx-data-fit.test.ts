// Whether a data set holds what a task reads, at the borders on both sides.
import { describe, expect, it } from "vitest";
import { checkDataFits } from "../../../src/adapters/onnx/data-fit.ts";
import { PouwError } from "../../../src/base/index.ts";
import { type DataSet, dataSet } from "../../../src/ml/index.ts";
import type { TaskData } from "../../../src/work/index.ts";

const ROWS = 20;
const set: DataSet = dataSet({
  name: "tiny",
  tensors: [
    { name: "x", dtype: "uint8", shape: [ROWS, 2], data: Uint8Array.from({ length: 2 * ROWS }, (_, i) => i % 8) },
    { name: "y", dtype: "uint8", shape: [ROWS], data: new Uint8Array(ROWS).fill(3) },
  ],
  splits: { train: [0, 10], validation: [10, 15], test: [15, 20] },
  evalStride: 1,
  vocabulary: undefined,
});
const good: TaskData = {
  name: "tiny",
  digest: set.digest,
  inputs: [
    { name: "x", dtype: "uint8", shape: ["N", 2], limit: 8 },
    { name: "y", dtype: "uint8", shape: ["N"], limit: 4 },
  ],
  window: 1,
  evalStride: 1,
  splits: set.splits,
};
const input = (at: number, changes: object): Partial<TaskData> => ({
  inputs: good.inputs.map((one, i) => (i === at ? { ...one, ...changes } : one)),
});
const splits = (changes: Partial<TaskData["splits"]>): Partial<TaskData> => ({
  splits: { ...good.splits, ...changes },
});
const check = (changes: Partial<TaskData>): void => checkDataFits({ name: "t", data: { ...good, ...changes } }, set);

describe("data that fits", () => {
  it.each<[string, Partial<TaskData>]>([
    ["as registered", {}],
    ["one input of two", { inputs: good.inputs.slice(1) }],
    ["other splits, to the last row", splits({ train: [0, ROWS], test: [0, 1] })],
    ["a window up to the last row", { window: 11, ...splits({ validation: [0, 5], test: [5, 10] }) }],
  ])("%s", (_name, changes) => {
    expect(() => check(changes)).not.toThrow();
  });
});

describe("data that does not fit is refused with both values:", () => {
  it.each<[string, Partial<TaskData>, RegExp]>([
    ["a split past the end", splits({ test: [15, 21] }), /to row 21 of x, which has 20/],
    ["a window past the end", { window: 2 }, /to row 21 of x, which has 20/],
    ["a training split past the end", splits({ train: [0, 400] }), /to row 400 of x, which has 20/],
    ["an empty split", splits({ train: [5, 5] }), /train split, 5 to 5,/],
    ["a split below zero", splits({ validation: [-1, 5] }), /validation split, -1 to 5,/],
    ["a split that is no whole number", splits({ validation: [0.5, 5] }), /validation split, 0.5 to 5,/],
    ["no such tensor", input(0, { name: "z" }), /reads z, which is not there/],
    ["another extent", input(0, { shape: ["N", 3] }), /x as \[N, 3\], which is \[20, 2\]/],
    ["another rank", input(1, { shape: ["N", 1] }), /y as \[N, 1\], which is \[20\]/],
    ["values at the limit", input(0, { limit: 7 }), /values of x below 7, which has 7/],
    ["values far above the limit", input(1, { limit: 1 }), /values of y below 1, which has 3/],
  ])("%s", (_name, changes, message) => {
    const error = (() => {
      try {
        return check(changes);
      } catch (reason) {
        return reason;
      }
    })();
    expect(error).toBeInstanceOf(PouwError);
    expect(error).toMatchObject({
      code: "BAD_DATA",
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    });
    expect((error as PouwError).message).toContain("task t ");
  });
});
