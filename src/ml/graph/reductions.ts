// The rules of the reductions: every sum must run over grids, with enough headroom that no partial sum can round.
import { type Bounds, type Fact, fact, MIN_EXPONENT, magnitude, productGrid, stepRange } from "./facts.ts";
import { EXACT_LIMIT } from "./grid.ts";
import { dimAt } from "./ir.ts";
import { integers, type Rule, refuse, type Scope, shapeOf } from "./scope.ts";

/** The axes that a reduction runs over, counted from the front: all of them where it names none. */
function axesOf(scope: Scope): readonly number[] {
  const { node, constant } = scope;
  const rank = shapeOf(scope, 0).length;
  const id = node.inputs[1] ?? "";
  const axes = id === "" ? [] : constant(id)?.data;
  if (axes === undefined) return refuse(node, "must have constant axes");
  if (axes.length > 0) return axes.map((axis) => (axis < 0 ? axis + rank : axis));
  if (node.attributes["noop_with_empty_axes"] === 1) refuse(node, "reduces nothing");
  return Array.from({ length: rank }, (_, axis) => axis);
}

/** A sum of `count` products of values on two grids. */
function contraction(scope: Scope, count: number): Fact {
  const [a, b] = scope.inputs as readonly [Fact, Fact];
  const { node } = scope;
  if (a.grid === undefined || b.grid === undefined) refuse(node, "reads an operand that is on no grid");
  const grid = productGrid(a.grid, b.grid, count);
  if (grid === undefined) {
    const needed = `${a.grid.max} * ${b.grid.max} * ${count}`;
    refuse(node, `could round: ${needed} is over ${EXACT_LIMIT}`);
  }
  const [least, most] = stepRange(grid);
  if (least < MIN_EXPONENT) refuse(node, `could make denormals: its grid goes down to 2^${least}`);
  if (grid.max * 2 ** most >= 2 ** 127) refuse(node, "could overflow");
  const bound = magnitude(a) * magnitude(b) * count;
  const low = a.low >= 0 && b.low >= 0 ? 0 : -bound;
  return fact(low, bound, { grid });
}

const gemm: Rule = (scope) => {
  const { node } = scope;
  const { transA, alpha, beta } = node.attributes;
  if (node.inputs.length > 2) refuse(node, "adds a bias, which could round inside the sum");
  if (alpha !== undefined || beta !== undefined) refuse(node, "has a factor");
  return contraction(scope, dimAt(shapeOf(scope, 0), transA === 1 ? 0 : 1));
};

const matmul: Rule = (scope) => {
  if (shapeOf(scope, 0).length < 3 || shapeOf(scope, 1).length < 3)
    refuse(scope.node, "of two axes could be fused with an addition; use Gemm");
  return contraction(scope, dimAt(shapeOf(scope, 0), -1));
};

const conv: Rule = (scope) => {
  if (scope.node.inputs.length > 2) refuse(scope.node, "adds a bias, which could round inside the sum");
  const [, ...kernel] = shapeOf(scope, 1);
  return contraction(
    scope,
    kernel.reduce((a, b) => a * b, 1),
  );
};

const transposedConv: Rule = (scope) => {
  const [maps, , ...kernel] = shapeOf(scope, 1);
  const { group } = scope.node.attributes;
  if (group !== undefined) refuse(scope.node, "has groups");
  return contraction(
    scope,
    kernel.reduce((a, b) => a * b, maps as number),
  );
};

const reduceSum: Rule = (scope) => {
  const { node, value } = scope;
  const x = scope.inputs[0] as Fact;
  const shape = shapeOf(scope, 0);
  const count = axesOf(scope).reduce((product, axis) => product * dimAt(shape, axis), 1);
  const ends = [x.low * count, x.high * count] as const;
  if (value(node.inputs[0] as string).dtype !== "float32") return integers(scope, ends);
  if (x.grid === undefined) return refuse(node, "adds values that are on no grid");
  const grid = productGrid(x.grid, { exponent: 0, scales: [], max: 1 }, count);
  if (grid === undefined) return refuse(node, `could round: ${x.grid.max} * ${count} is over ${EXACT_LIMIT}`);
  const [least] = stepRange(grid);
  if (least < MIN_EXPONENT) refuse(node, `could add denormals: its grid goes down to 2^${least}`);
  const { keepdims } = node.attributes;
  return fact(...ends, { grid, ...(x.low >= 0 && keepdims !== 0 && { tops: itself(scope) }) });
};

/** A bound of every value of the first input. */
const itself = ({ node }: Scope): Bounds => new Map([[node.inputs[0] as string, 1]]);

/** The largest or the smallest: a bound of every value that it is taken from. */
const extreme =
  (end: "tops" | "bottoms"): Rule =>
  (scope) => {
    const { node } = scope;
    const x = scope.inputs[0] as Fact;
    const all = axesOf(scope).length === shapeOf(scope, 0).length;
    const { keepdims } = node.attributes;
    const bounds = all || keepdims !== 0;
    const known = bounds ? { [end]: itself(scope) } : {};
    return fact(x.low, x.high, { ...(x.grid && { grid: x.grid }), ...known });
  };

export const REDUCTIONS: Readonly<{ [op: string]: Rule | undefined }> = {
  Gemm: gemm,
  MatMul: matmul,
  Conv: conv,
  ConvTranspose: transposedConv,
  ReduceSum: reduceSum,
  ReduceMax: extreme("tops"),
  ReduceMin: extreme("bottoms"),
  ArgMax: (scope) => fact(0, dimAt(shapeOf(scope, 0), 1) - 1),
};
