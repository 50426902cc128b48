// What the vectors of each operator are made of: a row of nodes that read drawn numbers and the edges at which implementations differ.
import { magic } from "./grid.ts";
import type { DType, Shape, Value } from "./ir.ts";
import * as ops from "./ops.ts";
import { byteProducts, conv, convTranspose, gemm, matmul } from "./probe-products.ts";
import type { ProbeSheet, ProbeRow as Row } from "./probe-sheet.ts";

/** Zeros, neighbours of 1, halves and the constants that round them, ends of the exact integers, powers far apart, denormals. */
const EDGES: readonly number[] = [
  ...[0, -0, 1, -1, 1 - 2 ** -24, 1 + 2 ** -23, 3, 1 / 3, -0.1, 0.5, 1.5, -2.5, magic(0), magic(-8), 2 ** 23 + 1],
  ...[2 ** 24 - 1, 2 ** 24, -255, 1.1 * 2 ** 60, -1.3 * 2 ** -60, 1.7 * 2 ** -100, 2 ** -126, -1.9 * 2 ** -126],
  ...[2 ** -127, 2 ** -149, -(2 ** -126 - 2 ** -149)],
].map(Math.fround);
/** An odd number, so that vectors of any width leave a rest. */
const MANY = 381;

const unary =
  (op: string, of: (x: number) => number = (x) => x): Row =>
  (sheet) => {
    const values = [...EDGES, ...sheet.reals(MANY - EDGES.length, 30)].map(of);
    return [sheet.g.node(op, [sheet.input(values)], { shape: [MANY] })];
  };

/** Pairs of one shape, a matrix with a column, and a matrix with one number; pairs whose result is not finite are left out. */
const binary =
  (op: string, f: (a: number, b: number) => number): Row =>
  (sheet) => {
    const node = (a: Value, b: Value): Value => sheet.g.node(op, [a, b], { shape: a.shape });
    const crossed = EDGES.flatMap((a) => EDGES.map((b) => [a, b]));
    const drawn = sheet.reals(MANY, 30).map((a) => [Math.fround(a), Math.fround(sheet.reals(1, 30)[0] as number)]);
    const pairs = ([...crossed, ...drawn] as [number, number][]).filter(([a, b]) =>
      Number.isFinite(Math.fround(f(a, b))),
    );
    const matrix = sheet.input(sheet.reals(17 * 15, 20), [17, 15]);
    return [
      node(sheet.input(pairs.map(([a]) => a)), sheet.input(pairs.map(([, b]) => b))),
      node(matrix, sheet.input(sheet.reals(17, 20), [17, 1])),
      node(matrix, sheet.input(sheet.reals(1, 3), [])),
    ];
  };

/** Of numbers and of integers, with equals among them. */
const comparison =
  (op: string): Row =>
  (sheet) => {
    const { g } = sheet;
    const pair = (values: readonly number[], dtype: DType): [Value, Value] => {
      const others = values.map((x, i) => (i % 3 === 0 ? x : (values[(i * 7) % values.length] as number)));
      return [sheet.input(values, [values.length], dtype), sheet.input(others, [values.length], dtype)];
    };
    const compared = ([a, b]: readonly [Value, Value]): Value =>
      ops.cast(g, g.node(op, [a, b], { shape: a.shape, dtype: "bool" }), "int32");
    return [
      compared(pair([...EDGES, ...sheet.reals(101, 30)], "float32")),
      compared(pair([2 ** 31 - 1, -(2 ** 31), 0, ...sheet.wholes(98, 5)], "int32")),
      compared(pair([2 ** 40, -(2 ** 40), ...sheet.wholes(99, 5)], "int64")),
    ];
  };

/** Over the last axis, over the first and over all, of what `draw` gives. */
const reduction =
  (reduce: typeof ops.reduceSum, draw: (sheet: ProbeSheet, count: number) => number[]): Row =>
  (sheet) => {
    const { g } = sheet;
    const x = sheet.input(draw(sheet, 13 * 33), [13, 33]);
    return [reduce(g, x, [1]), reduce(g, x, [0], false), reduce(g, x, [0, 1], false)];
  };

const sums: Row = (sheet) => [
  ...reduction(ops.reduceSum, (from, count) => from.wholes(count, 39107, 33))(sheet),
  ops.reduceSum(sheet.g, sheet.input(sheet.wholes(129, 2 ** 20), [129], "int32"), [0], false),
];
/** Zeros of either sign compare as equal, so which of them is the largest nobody says; -0 counts as +0 here as in every digest. */
const extremes = (sheet: ProbeSheet, count: number): number[] => [...EDGES, ...sheet.reals(count - EDGES.length, 30)];

/** To bytes of either kind: halves either way, and what lies beyond both ends. */
const quantized: Row = (sheet) => {
  const { g } = sheet;
  const halves = Array.from({ length: 2 * 300 }, (_, i) => (i - 300) / 16);
  const x = sheet.input([...EDGES, ...halves, ...sheet.reals(MANY, 6)]);
  const step = sheet.input([2 ** -3], []);
  return [
    { dtype: "uint8", zero: 0 } as const,
    { dtype: "uint8", zero: 128 } as const,
    { dtype: "int8", zero: 0 } as const,
  ].map((kind) => ops.cast(g, ops.quantizeLinear(g, x, step, kind), "int32"));
};

const bytes = (sheet: ProbeSheet, shape: readonly number[]): Value =>
  sheet.input(
    Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => (i < 256 ? 255 - i : sheet.below(256))),
    shape,
    "uint8",
  );
const places = (sheet: ProbeSheet, shape: readonly number[], limit: number): Value =>
  sheet.input(
    Array.from({ length: shape.reduce((a, b) => a * b) }, () => sheet.below(limit)),
    shape,
    "int32",
  );
const matrix = (sheet: ProbeSheet, shape: readonly number[]): Value =>
  sheet.input(
    extremes(
      sheet,
      shape.reduce((a, b) => a * b),
    ),
    shape,
  );

const casts: Row = (sheet) => {
  const { g } = sheet;
  const integers = [2 ** 24 + 1, 2 ** 24 + 3, -(2 ** 25) - 2, 2 ** 31 - 1, -(2 ** 31), ...sheet.wholes(251, 2 ** 30)];
  const whole = sheet.input(integers, [integers.length], "int32");
  const wide = sheet.input([2 ** 31 - 1, -(2 ** 31), ...sheet.wholes(99, 2 ** 20)], [101], "int64");
  const flags = ops.greater(g, whole, sheet.input([0], [], "int32"));
  const byte = bytes(sheet, [256]);
  return [
    ...[whole, flags, byte].map((x) => ops.cast(g, x, "float32")),
    ...[wide, flags, byte].map((x) => ops.cast(g, x, "int32")),
  ];
};

const chosen: Row = (sheet) => {
  const { g } = sheet;
  const [x, y] = [matrix(sheet, [101]), matrix(sheet, [101])];
  const [i, j] = [places(sheet, [101], 9), places(sheet, [101], 9)];
  const node = (a: Value, b: Value): Value =>
    g.node("Where", [ops.greater(g, a, b), a, b], { shape: a.shape, dtype: a.dtype });
  return [node(x, y), node(i, j)];
};

const gathered: Row = (sheet) => {
  const { g } = sheet;
  const table = matrix(sheet, [9, 5]);
  const one = sheet.input([3], [], "int64");
  return [
    ops.gather(g, table, places(sheet, [3, 4], 9)),
    ops.gather(g, table, one),
    ops.cast(g, ops.gather(g, bytes(sheet, [16, 17]), places(sheet, [13], 16)), "int32"),
    ops.gather(g, places(sheet, [9, 3], 100), one),
  ];
};

const moved =
  (move: (sheet: ProbeSheet, x: Value) => readonly Value[], shape: readonly number[] = [4, 6, 5]): Row =>
  (sheet) =>
    move(sheet, matrix(sheet, shape));

const mod: Row = (sheet) => {
  const steps = sheet.input(
    [0, 1, 255, 256, 257, 2 ** 40 + 3, ...sheet.wholes(95, 1000).map(Math.abs)],
    [101],
    "int64",
  );
  const one = sheet.g.node("Mod", [steps, sheet.g.constant([256], [], "int64")], { shape: [101], dtype: "int64" });
  return [ops.cast(sheet.g, one, "int32")];
};

const argMax: Row = (sheet) => {
  // Small numbers, so that the largest is there more than once: the first counts.
  const x = sheet.input(sheet.wholes(29 * 33, 4), [29, 33]);
  const best = sheet.g.node("ArgMax", [x], { shape: [29], dtype: "int64" }, { axis: 1, keepdims: 0 });
  return [ops.cast(sheet.g, best, "int32")];
};

/** By operator. One that is not here cannot be used by a model: no provider would pass. */
export const PROBE_ROWS: Readonly<{ [op: string]: Row | undefined }> = {
  Add: binary("Add", (a, b) => a + b),
  Sub: binary("Sub", (a, b) => a - b),
  Mul: binary("Mul", (a, b) => a * b),
  Div: binary("Div", (a, b) => a / b),
  Max: binary("Max", Math.max),
  Min: binary("Min", Math.min),
  Sqrt: unary("Sqrt", Math.abs),
  Abs: unary("Abs"),
  Neg: unary("Neg"),
  Sign: unary("Sign"),
  Relu: unary("Relu"),
  Clip: moved(({ g }, x) => [ops.clip(g, x, -1, 2 ** 23), ops.clip(g, x, 0.5, 1 + 2 ** -23)]),
  HardSigmoid: (sheet) => [ops.ramp(sheet.g, sheet.input([...EDGES, ...sheet.reals(MANY, 4)]), 0.25)],
  Equal: comparison("Equal"),
  Greater: comparison("Greater"),
  GreaterOrEqual: comparison("GreaterOrEqual"),
  Where: chosen,
  Cast: casts,
  Mod: mod,
  Gemm: gemm,
  MatMul: matmul,
  Conv: conv,
  ConvTranspose: convTranspose,
  QuantizeLinear: quantized,
  MatMulIntegerToFloat: byteProducts,
  BitShift: (sheet) => [1, 4].map((by) => ops.cast(sheet.g, ops.shiftRight(sheet.g, bytes(sheet, [256]), by), "int32")),
  ReduceSum: sums,
  ReduceMax: reduction(ops.reduceMax, extremes),
  ReduceMin: reduction(ops.reduceMin, extremes),
  ArgMax: argMax,
  Gather: gathered,
  GatherElements: (sheet) => [
    ops.cast(sheet.g, ops.gatherRows(sheet.g, bytes(sheet, [4, 70]), places(sheet, [4, 9], 70)), "int32"),
  ],
  Reshape: moved(({ g }, x) => [ops.reshape(g, x, [8, 15])]),
  Transpose: moved(({ g }, x) =>
    [
      [1, 0, 2],
      [2, 1, 0],
      [0, 2, 1],
    ].map((order) => ops.transpose(g, x, order)),
  ),
  Slice: moved(({ g }, x) => [ops.slice(g, x, 1, { from: 1, to: 4 }), ops.slice(g, x, 2, { from: 0, to: 3 })]),
  Split: moved(({ g }, x) => [...ops.split(g, x, 0, 2), ...ops.split(g, x, 1, 3)]),
  Concat: moved((sheet, x) => [0, 2].map((axis) => ops.concat(sheet.g, [x, matrix(sheet, [4, 6, 5])], axis))),
  Pad: moved((sheet, x) => [
    ops.pad(sheet.g, x, [0, 1, 2]),
    ops.cast(sheet.g, ops.pad(sheet.g, bytes(sheet, [3, 5]), [2, 1]), "int32"),
  ]),
  Expand: (sheet) => {
    const shape: Shape = [31, 7];
    return [
      sheet.g.node("Expand", [sheet.input(sheet.reals(31, 30), [31, 1]), sheet.g.constant([31, 7], [2], "int64")], {
        shape,
      }),
    ];
  },
  Identity: moved(({ g }, x) => [ops.identity(g, x)]),
};
