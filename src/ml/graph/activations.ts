// Element-wise layers and softmax, each with its derivative.
import { bitsForSum, roundTo } from "./grid.ts";
import { dimAt, type Value } from "./ir.ts";
import type { Net } from "./net.ts";
import {
  add,
  clip,
  div,
  erf,
  exp,
  max,
  mul,
  reduceMax,
  reduceSum,
  relu as reluOp,
  scale,
  shift,
  sign,
  softmaxOp,
  sub,
} from "./ops.ts";

/** max(x, 0). */
export function relu(net: Net, x: Value): Value {
  const y = net.nonNegative(reluOp(net.g, x));
  return net.record(y, [x], (dy) => [mul(net.g, dy, sign(net.g, y))]);
}

/** x + y. */
export function plus(net: Net, x: Value, y: Value): Value {
  return net.record(add(net.g, x, y), [x, y], (d) => [d, d]);
}

/** The smooth step ends where its slope meets zero; its slope in the middle is that of the normal distribution, 1/sqrt(2 pi). */
const STEP_END = 1.88;
const STEP_SLOPE = 3 / (4 * STEP_END);
const STEP_CUBE = STEP_SLOPE / (3 * STEP_END ** 2);

/** x times a smooth step from 0 to 1 (exact lowering, a cubic), or times the normal distribution (plain lowering). */
export function gelu(net: Net, x: Value): Value {
  return net.exact ? smoothGelu(net, x) : plainGelu(net, x);
}

function smoothGelu(net: Net, x: Value): Value {
  const { g } = net;
  const c = clip(g, x, -STEP_END, STEP_END);
  const square = mul(g, c, c);
  const slope = shift(g, scale(g, square, -STEP_CUBE), STEP_SLOPE);
  const step = shift(g, mul(g, c, slope), 0.5);
  return net.record(mul(g, x, step), [x], (dy) => {
    const rise = shift(g, scale(g, square, -3 * STEP_CUBE), STEP_SLOPE);
    return [mul(g, dy, add(g, step, mul(g, x, rise)))];
  });
}

function plainGelu(net: Net, x: Value): Value {
  const { g } = net;
  const step = scale(g, shift(g, erf(g, scale(g, x, Math.SQRT1_2)), 1), 0.5);
  return net.record(mul(g, x, step), [x], (dy) => {
    const density = scale(g, exp(g, scale(g, mul(g, x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [mul(g, dy, add(g, step, mul(g, x, density)))];
  });
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

/** Softmax over the last axis; what is 16 below a row's largest value counts as zero. */
export function softmaxValues(net: Net, x: Value): Value {
  const { g } = net;
  const axis = x.shape.length - 1;
  if (!net.exact) return softmaxOp(g, x);
  const bits = bitsForSum(dimAt(x.shape, axis));
  const e = expOfNegative(net, sub(g, x, reduceMax(g, x, [axis])));
  const kept = roundTo(g, e, -bits);
  const sum = max(g, reduceSum(g, kept, [axis]), g.scalar(2 ** -bits));
  return net.nonNegative(div(g, kept, sum));
}
