// Layer normalisation: every sum over a row is an exact sum on a grid as fine as the row's length allows.
import { bitsForSum, roundTo } from "./grid.ts";
import { dimAt, type Value } from "./ir.ts";
import type { Net, Role } from "./net.ts";
import { clip, div, mul, reduceMean, reduceSum, scale, shift, sqrt, sub } from "./ops.ts";

const EPSILON = 2 ** -16;
/** Far above an element of the gradient of a mean over a batch of windows; with it the checker can prove that nothing overflows behind a division. */
const GRADIENT_LIMIT = 2 ** -1;

/** Mean over the last axis, kept. */
function rowMean(net: Net, x: Value, role: Role): Value {
  const axis = x.shape.length - 1;
  if (!net.exact) return reduceMean(net.g, x, [axis]);
  const count = dimAt(x.shape, axis);
  const sum = reduceSum(net.g, net.operand(x, role, bitsForSum(count)).value, [axis]);
  return scale(net.g, sum, 1 / count);
}

/**
 * (x - mean) / sqrt(variance + 2^-16) over the last axis, whose length is a power of two; no gain and no bias, since the
 * linear layer that follows has both. No result exceeds sqrt(length), so the grid of the product that follows is fixed.
 */
export function layerNorm(net: Net, x: Value): Value {
  const { g } = net;
  const centred = sub(g, x, rowMean(net, x, "activation"));
  const square = net.nonNegative(mul(g, centred, centred));
  const deviation = sqrt(g, shift(g, rowMean(net, square, "activation"), EPSILON));
  const normal = div(g, centred, deviation);
  const limit = 2 ** Math.ceil(Math.log2(dimAt(x.shape, -1)) / 2);
  const y = net.exact ? clip(g, normal, -limit, limit) : normal;
  if (net.exact) {
    const bits = net.bits.activation;
    net.gridOf(y, { value: roundTo(g, y, Math.log2(limit) - bits), max: 2 ** bits });
  }
  return net.record(y, [x], (dy) => {
    const mean = rowMean(net, dy, "gradient");
    const slope = rowMean(net, mul(g, dy, y), "gradient");
    const dx = div(g, sub(g, sub(g, dy, mean), mul(g, y, slope)), deviation);
    return [net.exact ? clip(g, dx, -GRADIENT_LIMIT, GRADIENT_LIMIT) : dx];
  });
}
