// Causal self-attention over heads, and the embedding of tokens and positions.

import { softmaxOfScaled, softmaxScale } from "./activations.ts";
import { bitsForSum, EXACT_LIMIT, roundTo } from "./grid.ts";
import { dimAt, fixed, type Value } from "./ir.ts";
import type { Net, Param } from "./net.ts";
import type { Role } from "./operand.ts";
import { add, gather, matmul, min, mul, reduceSum, reshape, scale, sub, transpose } from "./ops.ts";
import { product } from "./products.ts";

export interface Heads {
  readonly batch: number;
  readonly window: number;
  readonly heads: number;
}

/** Queries, keys and values. */
export interface Queried {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
}

/** Probabilities are multiples of 2^-10, or of less where a window is long. */
const PROBABILITY_BITS = 10;
const probabilityBits = (net: Net, window: number): number =>
  Math.min(
    PROBABILITY_BITS,
    Math.floor(Math.log2(EXACT_LIMIT / window)) - Math.max(net.bits.activation, net.bits.gradient),
  );
const FORBIDDEN = -(2 ** 20);

/** [B*T, H*D] -> [B, H, T, D], or [B, H, D, T] when `flip`. */
function apart(net: Net, x: Value, { batch, window, heads }: Heads, flip: boolean): Value {
  const width = dimAt(x.shape, 1) / heads;
  return transpose(net.g, reshape(net.g, x, [batch, window, heads, width]), flip ? [0, 2, 3, 1] : [0, 2, 1, 3]);
}

/** The way back. */
function together(net: Net, x: Value, flip: boolean): Value {
  const y = transpose(net.g, x, flip ? [0, 3, 1, 2] : [0, 2, 1, 3]);
  const [batch, window, heads, width] = fixed(y.shape) as [number, number, number, number];
  return reshape(net.g, y, [batch * window, heads * width]);
}

/** +large where a position may look, strongly negative where it may not: `Min` with it is the causal mask. */
function causal(net: Net, window: number): Value {
  const caps = Array.from({ length: window * window }, (_, i) =>
    i % window <= Math.floor(i / window) ? -FORBIDDEN : FORBIDDEN,
  );
  return net.g.constant(caps, [window, window]);
}

/**
 * softmax(q k^T / sqrt(D)) v for each head, causal; q, k, v and the result are [B*T, H*D], and D is a power of four.
 * The gradient of the scores is P (dP - rowsum(dO O)): the sum runs over a head's width instead of the window.
 */
export function attention(net: Net, { q, k, v }: Queried, shape: Heads): Value {
  const { g } = net;
  const root = Math.sqrt(dimAt(q.shape, 1) / shape.heads);
  const read = (x: Value, role: Role): Value => net.operands.real(x, role, net.bits[role]).value;
  const part = (x: Value, flip: boolean): Value => apart(net, read(x, "activation"), shape, flip);
  const queries = scale(g, part(q, false), softmaxScale(net) / root);
  const scores = min(g, matmul(g, queries, part(k, true)), causal(net, shape.window));
  const soft = softmaxOfScaled(net, scores);
  const p = net.exact ? roundTo(g, soft, -probabilityBits(net, shape.window)) : soft;
  const y = together(net, matmul(g, p, part(v, false)), false);
  return net.record(y, [q, k, v], (dy) => {
    const d = read(dy, "gradient");
    const dp = matmul(g, apart(net, d, shape, false), part(v, true));
    const ds = mul(g, p, sub(g, dp, rowProducts(net, d, y, shape)));
    const s = read(ds, "gradient");
    const dq = scale(g, together(net, matmul(g, s, part(k, false)), false), 1 / root);
    const dk = together(net, matmul(g, scale(g, part(q, true), 1 / root), s), true);
    const dv = together(net, matmul(g, apart(net, d, shape, true), p), true);
    return [dq, dk, dv];
  });
}

/** Sums over each head's width of d * y: [B, H, T, 1]. y is put on a grid as q, k and v are, so that the sums are exact as they are. */
function rowProducts(net: Net, d: Value, y: Value, { batch, window, heads }: Heads): Value {
  const { g } = net;
  const width = dimAt(y.shape, 1) / heads;
  const products = reshape(g, mul(g, d, net.operands.real(y, "activation", net.bits.activation).value), [
    batch,
    window,
    heads,
    width,
  ]);
  return transpose(g, reduceSum(g, products, [3]), [0, 2, 1, 3]);
}

/** Rows `index` (int32 [R]) of a table [V, N]. The gradient is a one-hot product, never a scattered addition. */
export function embedding(net: Net, table: Param, index: Value): Value {
  const { g } = net;
  const rows = table.value;
  return net.record(gather(g, rows, index), [rows], (dy) => {
    const hot = { value: oneHot(net, index, dimAt(rows.shape, 0)), max: 1 };
    return [product(g, hot, net.operands.real(dy, "gradient", sumBits(dy)), { transA: true })];
  });
}

/** Adds row t of `table` [T, N] to every row of x [B*T, N] that is at position t. */
export function positions(net: Net, x: Value, table: Param, batch: number): Value {
  const { g } = net;
  const [window, width] = fixed(table.value.shape) as [number, number];
  const rows = table.value;
  const y = reshape(g, add(g, reshape(g, x, [batch, window, width]), rows), [batch * window, width]);
  return net.record(y, [x, rows], (dy) => {
    const d = net.operands.real(dy, "gradient", sumBits(dy)).value;
    return [dy, reduceSum(g, reshape(g, d, [batch, window, width]), [0], false)];
  });
}

/** Bits at which a column of `x` adds up exactly. */
const sumBits = (x: Value): number => bitsForSum(dimAt(x.shape, 0));

/** Rows of the identity: one-hot [R, classes] of labels int32 [R]. */
export function oneHot({ g }: Pick<Net, "g">, labels: Value, classes: number): Value {
  const identity = Array.from({ length: classes ** 2 }, (_, i) => (i % (classes + 1) === 0 ? 1 : 0));
  return gather(g, g.constant(identity, [classes, classes]), labels);
}
