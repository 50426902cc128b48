// The vectors of products: whole numbers whose every sum is exact, up to the very end of what is.
import type { Value } from "./ir.ts";
import * as ops from "./ops.ts";
import type { ProbeRow as Row } from "./probe-sheet.ts";

/** Products whose every sum is below 2^24: the end of the range, a long sum, a choice among wide numbers. `a` and `b` are the largest sizes. */
const SUMS = [
  { rows: 7, columns: 37, length: 64, a: 511, b: 511 },
  { rows: 2, columns: 3, length: 1024, a: 127, b: 127 },
  { rows: 5, columns: 9, length: 40, a: 1, b: 2 ** 18 },
] as const;

export const gemm: Row = (sheet) =>
  SUMS.flatMap(({ rows, columns, length, a, b }) => {
    const left = sheet.wholes(rows * length, a, length);
    const right = sheet.wholes(columns * length, b);
    // The first row by the first column, whichever way they are read, is the largest sum.
    const full = (transposed: boolean): number[] =>
      right.map((x, at) => ((transposed ? at < length : at % columns === 0) ? b : x));
    const flipped = Array.from(
      { length: rows * length },
      (_, at) => left[(at % rows) * length + Math.floor(at / rows)] as number,
    );
    const make = (transA: boolean, transB: boolean): Value => {
      const first = transA ? sheet.input(flipped, [length, rows]) : sheet.input(left, [rows, length]);
      const second = sheet.input(full(transB), transB ? [columns, length] : [length, columns]);
      return ops.gemm(sheet.g, first, second, { transA, transB });
    };
    return [make(false, false), make(true, false), make(false, true)];
  });

export const matmul: Row = (sheet) =>
  SUMS.map(({ rows, columns, length, a, b }) => {
    const batch = 2;
    const left = sheet.wholes(batch * rows * length, a, length);
    const right = sheet.wholes(batch * length * columns, b).map((x, at) => (at % columns === 0 ? b : x));
    return ops.matmul(sheet.g, sheet.input(left, [batch, rows, length]), sheet.input(right, [batch, length, columns]));
  });

/** Windows of 5 by 5 over three channels, and over each channel by itself. */
export const conv: Row = (sheet) => {
  const kernel = [5, 5];
  const image = sheet.input(sheet.wholes(2 * 3 * 12 * 12, 255, 12 * 12), [2, 3, 12, 12]);
  const maps = sheet.input(sheet.wholes(4 * 3 * 25, 511, 75), [4, 3, ...kernel]);
  const each = sheet.input(sheet.wholes(6 * 25, 511, 25), [6, 1, ...kernel]);
  return [
    sheet.g.node("Conv", [image, maps], { shape: [2, 4, 8, 8] }, { kernel_shape: kernel }),
    sheet.g.node("Conv", [image, each], { shape: [2, 6, 8, 8] }, { kernel_shape: kernel, group: 3 }),
  ];
};

export const convTranspose: Row = (sheet) => {
  const kernel = [5, 5];
  const x = sheet.input(sheet.wholes(2 * 4 * 6 * 6, 255, 36), [2, 4, 6, 6]);
  const maps = sheet.input(sheet.wholes(4 * 3 * 25, 511, 25), [4, 3, ...kernel]);
  return [sheet.g.node("ConvTranspose", [x, maps], { shape: [2, 3, 10, 10] }, { kernel_shape: kernel })];
};

/** The largest bytes whose products may be added in pairs in 16 bits, and unsigned ones of full range; the long sums are rounded once. */
export const byteProducts: Row = (sheet) =>
  SUMS.flatMap(({ rows, columns, length }) => {
    const inner = length === 1024 ? 1201 : length;
    const [left, right, full] = [rows * inner, inner * columns, inner];
    const unsigned = (count: number, max: number, first: number): number[] =>
      sheet.wholes(count, max, first).map((x) => Math.abs(x));
    const side = (
      data: readonly number[],
      shape: readonly number[],
      dtype: "uint8" | "int8",
      zero: number,
    ): ops.Bytes => ({
      value: sheet.input(data, shape, dtype),
      zero,
      step: sheet.input([2 ** -5], []),
    });
    const lowest = sheet.wholes(right, 127).map((x, at) => (at % columns === 0 ? -128 : x));
    return [
      ops.byteProduct(
        sheet.g,
        side(unsigned(left, 127, full), [rows, inner], "uint8", 0),
        side(lowest, [inner, columns], "int8", 0),
      ),
      ops.byteProduct(
        sheet.g,
        side(unsigned(left, 255, full), [rows, inner], "uint8", 128),
        side(unsigned(right, 255, full), [inner, columns], "uint8", 128),
      ),
    ];
  });
