// Element-wise layers and softmax, each with its derivative.
import { bitsForSum, roundTo } from "./grid.ts";
import { dimAt, type Value } from "./ir.ts";
import type { Net } from "./net.ts";
import { add, div, max, mul, reduceMax, reduceSum, relu as reluOp, scale, shift, sign, softmaxOp, sub } from "./ops.ts";

/** max(x, 0). */
export function relu(net: Net, x: Value): Value {
  const y = net.nonNegative(reluOp(net.g, x));
  return net.record(y, [x], (dy) => [mul(net.g, dy, sign(net.g, y))]);
}

/** x + y. */
export function plus(net: Net, x: Value, y: Value): Value {
  return net.record(add(net.g, x, y), [x, y], (d) => [d, d]);
}

/** Below this the approximation of exp stops falling; e^-16 is under one grid step of any softmax here. */
const EXP_FLOOR = -16;
const EXP_SQUARINGS = 6;

/**
 * e^x for x <= 0 by single additions and multiplications: a cubic near 0 of x/64, squared six times.
 * Relative error below 5e-5 for x > -4 and below 1 % at -16, where e^x is 1e-7.
 */
export function expOfNegative(net: Net, x: Value): Value {
  const { g } = net;
  const n = 2 ** EXP_SQUARINGS;
  const y = max(g, x, g.scalar(EXP_FLOOR));
  let e = shift(g, scale(g, y, 1 / (6 * n ** 3)), 1 / (2 * n ** 2));
  e = shift(g, mul(g, e, y), 1 / n);
  e = shift(g, mul(g, e, y), 1);
  for (let i = 0; i < EXP_SQUARINGS; i++) e = mul(g, e, e);
  return e;
}

/** Softmax over the last axis. `mask`, if any, holds 1 where a value counts and 0 where it does not. */
export function softmaxValues(net: Net, x: Value, mask?: Value): Value {
  const { g } = net;
  const axis = x.shape.length - 1;
  if (!net.exact) return softmaxOp(g, mask === undefined ? x : add(g, x, scale(g, shift(g, mask, -1), 1e9)));
  const bits = bitsForSum(dimAt(x.shape, axis));
  const e = expOfNegative(net, sub(g, x, reduceMax(g, x, [axis])));
  const kept = roundTo(g, mask === undefined ? e : mul(g, e, mask), -bits);
  const sum = max(g, reduceSum(g, kept, [axis]), g.scalar(2 ** -bits));
  return net.nonNegative(div(g, kept, sum));
}
