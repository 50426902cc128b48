// Element-wise layers and softmax, each with its derivative.
import { bitsForSum, roundTo } from "./grid.ts";
import { dimAt, type Value } from "./ir.ts";
import type { Net } from "./net.ts";
import {
  add,
  atLeast,
  cast,
  clip,
  div,
  erf,
  exp,
  greater,
  mul,
  ramp,
  reduceMax,
  reduceSum,
  relu as reluOp,
  scale,
  shift,
  softmaxOp,
  sub,
} from "./ops.ts";

/** max(x, 0). */
export function relu(net: Net, x: Value): Value {
  const y = net.operands.nonNegative(reluOp(net.g, x));
  // Greater and Cast together take a quarter of Sign's time.
  return net.record(y, [x], (dy) => [mul(net.g, dy, cast(net.g, greater(net.g, y, net.g.scalar(0)), "float32"))]);
}

/** x + y. */
export function plus(net: Net, x: Value, y: Value): Value {
  return net.record(add(net.g, x, y), [x, y], (d) => [d, d]);
}

/** x times a smooth step from 0 to 1 (exact lowering, a cubic), or times the normal distribution (plain lowering). */
export function gelu(net: Net, x: Value): Value {
  return net.exact ? smoothGelu(net, x) : plainGelu(net, x);
}

/**
 * The step is h^2 (3 - 2h), where h climbs from 0 at -2 to 1 at 2: its slope in the middle is 3/8, that of the normal
 * distribution 0.399. Between the ends x = 4h - 2, which makes the derivative of x times the step 4 step - 3h; beyond
 * them that is 0 and 1, as it should.
 */
function smoothGelu(net: Net, x: Value): Value {
  const { g } = net;
  const h = ramp(g, x, 1 / 4);
  const step = mul(g, mul(g, h, h), shift(g, scale(g, h, -2), 3));
  const y = mul(g, x, step);
  return net.record(y, [x], (dy) => [mul(g, dy, sub(g, scale(g, step, 4), scale(g, h, 3)))]);
}

function plainGelu(net: Net, x: Value): Value {
  const { g } = net;
  const step = scale(g, shift(g, erf(g, scale(g, x, Math.SQRT1_2)), 1), 0.5);
  return net.record(mul(g, x, step), [x], (dy) => {
    const density = scale(g, exp(g, scale(g, mul(g, x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return [mul(g, dy, add(g, step, mul(g, x, density)))];
  });
}

/** e^x is taken as (1 + y + y^2 / 2)^n with y = x / n: relative error 2e-4 at -1, 1 % at -4. Beyond -16 it stops falling. */
const EXP_SQUARINGS = 5;
const EXP_FLOOR = -16;
/** What `scaledExp` wants its argument divided by: a power of two. */
export const EXP_DIVISOR = 2 ** EXP_SQUARINGS;
/** Power of two by which `scaledExp` is larger than e^x. */
const EXP_GAIN = 2 ** EXP_SQUARINGS;

/**
 * 2^n e^x from y = x / n and a row's largest y: 1 + y + y^2 / 2 is half of (1 + y)^2 + 1, and the halves are left out,
 * since a share of a sum does not feel them.
 */
function scaledExp(net: Net, y: Value): Value {
  const { g } = net;
  const above = shift(g, reduceMax(g, y, [y.shape.length - 1]), -1);
  const u = clip(g, sub(g, y, above), 1 + EXP_FLOOR / EXP_DIVISOR, 1);
  let e = shift(g, mul(g, u, u), 1);
  for (let i = 0; i < EXP_SQUARINGS; i++) e = mul(g, e, e);
  return e;
}

/** Softmax over the last axis of x = y * EXP_DIVISOR; what is 16 below a row's largest x counts as zero. */
export function softmaxOfScaled(net: Net, y: Value): Value {
  const { g } = net;
  if (!net.exact) return softmaxOp(g, y);
  const axis = y.shape.length - 1;
  const step = EXP_GAIN - bitsForSum(dimAt(y.shape, axis));
  const kept = roundTo(g, scaledExp(net, y), step);
  const sum = atLeast(g, reduceSum(g, kept, [axis]), 2 ** step);
  return net.operands.nonNegative(div(g, kept, sum));
}

/** Factor on the argument of a softmax that makes it `softmaxOfScaled`'s. */
export const softmaxScale = (net: Net): number => (net.exact ? 1 / EXP_DIVISOR : 1);

/** Softmax over the last axis. */
export function softmaxValues(net: Net, x: Value): Value {
  return softmaxOfScaled(net, net.exact ? scale(net.g, x, softmaxScale(net)) : x);
}
