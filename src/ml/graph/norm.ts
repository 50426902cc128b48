// Layer normalisation: every sum over a row is an exact sum on a grid as fine as the row's length allows.
import { bitsForSum, INSIDE } from "./grid.ts";
import { dimAt, type Value } from "./ir.ts";
import type { Net } from "./net.ts";
import { atLeast, clip, div, mul, reduceMean, reduceSum, scale, shift, sqrt, sub } from "./ops.ts";

const EPSILON = 2 ** -16;
/** Results are cut to this many deviations: their products then have finer steps, which is worth more than what is lost. */
const LIMIT = 4;
/** Far above an element of the gradient of a mean over a batch of windows; with it the checker can prove that nothing overflows behind a division. */
const GRADIENT_LIMIT = 2 ** -1;

/** Mean over the last axis, kept; in the exact lowering of a tensor on a grid. */
function rowMean({ g, exact }: Net, x: Value): Value {
  const axis = x.shape.length - 1;
  return exact ? scale(g, reduceSum(g, x, [axis]), 1 / dimAt(x.shape, axis)) : reduceMean(g, x, [axis]);
}

/** x minus its row's mean, and the row's variance. */
function moments(net: Net, x: Value): readonly [Value, Value] {
  const { g } = net;
  if (!net.exact) {
    const centred = sub(g, x, rowMean(net, x));
    return [centred, rowMean(net, mul(g, centred, centred))];
  }
  // One rounding to as many bits as let the squares add up exactly serves both sums.
  const bits = Math.floor(bitsForSum(dimAt(x.shape, -1)) / 2);
  const rounded = net.operands.real(x, "activation", bits).value;
  const mean = rowMean(net, rounded);
  const squares = rowMean(net, mul(g, rounded, rounded));
  return [sub(g, x, mean), atLeast(g, sub(g, squares, mul(g, mean, mean)), 0)];
}

/**
 * (x - mean) / sqrt(variance + 2^-16) over the last axis, whose length is a power of two; no gain and no bias, since the
 * linear layer that follows has both. Results are cut, so the grid of the product that follows is fixed.
 */
export function layerNorm(net: Net, x: Value): Value {
  const { g } = net;
  const [centred, variance] = moments(net, x);
  const deviation = sqrt(g, shift(g, variance, EPSILON));
  const normal = div(g, centred, deviation);
  const y = net.exact ? net.operands.bounded(clip(g, normal, -INSIDE * LIMIT, INSIDE * LIMIT), LIMIT) : normal;
  return net.record(y, [x], (dy) => {
    const [mean, slope] = net.exact ? exactMeans(net, dy, y) : [rowMean(net, dy), rowMean(net, mul(g, dy, y))];
    const dx = div(g, sub(g, sub(g, dy, mean), mul(g, y, slope)), deviation);
    return [net.exact ? clip(g, dx, -GRADIENT_LIMIT, GRADIENT_LIMIT) : dx];
  });
}

/** Means over the last axis of dy and of dy * y: dy is rounded once, to as many bits as let its products with y's grid add up. */
function exactMeans(net: Net, dy: Value, y: Value): readonly [Value, Value] {
  const { g } = net;
  const bits = bitsForSum(dimAt(dy.shape, -1)) - net.bits.activation;
  const d = net.operands.real(dy, "gradient", bits).value;
  return [rowMean(net, d), rowMean(net, mul(g, d, net.operands.real(y, "activation", net.bits.activation).value))];
}
