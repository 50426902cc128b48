// The linear layer: products of bytes, or of float32 where a layer needs more bits.
import type { GraphBuilder } from "./builder.ts";
import { bitsForSum } from "./grid.ts";
import { dimAt, type Value } from "./ir.ts";
import type { Net, Param, Precision } from "./net.ts";
import type { Operand } from "./operand.ts";
import { add, concat, gemm, reduceSum, reshape, split, transpose } from "./ops.ts";
import { product } from "./products.ts";

/** W[K, N] and b[N]. */
export interface Affine {
  readonly weight: Param;
  readonly bias?: Param | undefined;
}

/** The products of a layer, in one of the ways to read what it multiplies. */
interface Products {
  /** x W. */
  readonly y: Value;
  /** Gradients of x, where one is asked for, of W and of what is added to each row, from the result's. */
  readonly back: (dy: Value) => {
    readonly dx: Value | undefined;
    readonly dw: Value;
    readonly sum: () => Value;
  };
}

/** Bytes that no gradient goes back to, 7 bits and no sign: their gradient's bits are all for the weights. */
function ofData({ g, operands }: Net, x: Value, weight: Value): Products {
  const a = operands.left(x, "activation", 7);
  return {
    y: product(g, a, operands.right(weight, "activation", 7)),
    back: (dy) => {
      const d = operands.right(dy, "gradient", 7);
      const sum = (): Value => reshape(g, product(g, ones(g, [1, dimAt(dy.shape, 0)], d), d), [dimAt(dy.shape, 1)]);
      return { dx: undefined, dw: product(g, a, d, { transA: true }), sum };
    },
  };
}

/** The weights have 7 bits and a sign on the way forward, the result's gradient on the way back; what they meet has one less. */
function ofBytes({ g, operands }: Net, x: Value, weight: Value): Products {
  const a = operands.left(x, "activation", operands.isNonNegative(x) ? 7 : 6);
  return {
    y: product(g, a, operands.right(weight, "activation", 7)),
    back: (dy) => {
      const d = operands.left(dy, "gradient", 7);
      const w = operands.right(weight, "activation", 6);
      const across = product(g, d, operands.right(x, "activation", 6), { transA: true });
      const sum = (): Value => {
        const column = product(g, d, ones(g, [dimAt(dy.shape, 0), 1], d), { transA: true });
        return reshape(g, column, [dimAt(dy.shape, 1)]);
      };
      return { dx: product(g, d, w, { transB: true }), dw: transpose(g, across, [1, 0]), sum };
    },
  };
}

/** Float32 of so many bits in either lowering. */
function ofReals(net: Net, x: Value, weight: Value, care: Precision): Products {
  const { g, operands } = net;
  const [a, w] = [operands.real(x, "activation", care.activation), operands.real(weight, "activation", care.weight)];
  return {
    y: product(g, a, w),
    back: (dy) => {
      const d = operands.real(dy, "gradient", care.gradient);
      const bits = Math.min(care.gradient, bitsForSum(dimAt(dy.shape, 0)));
      return {
        dx: net.tracks(x) ? product(g, d, w, { transB: true }) : undefined,
        dw: product(g, a, d, { transA: true }),
        sum: () => reduceSum(g, operands.real(dy, "gradient", bits).value, [0], false),
      };
    },
  };
}

/** Ones on the side of a product that `beside` leaves free, held as it is. */
function ones(g: GraphBuilder, shape: readonly [number, number], { bytes }: Operand): Operand {
  const data = Array.from({ length: shape[0] * shape[1] }, () => 1);
  if (bytes === undefined) return { value: g.constant(data, shape), max: 1 };
  const value = g.constant(data, shape, shape[0] === 1 ? "uint8" : "int8");
  return { value, max: 1, bytes: { zero: 0, step: g.scalar(1) } };
}

/** x[R, K] W[K, N] + b[N]; with `care`, over float32 of so many bits in either lowering. */
export function linear(net: Net, x: Value, { weight, bias }: Affine, care?: Precision): Value {
  if (!net.exact) return plainLinear(net, x, { weight, bias });
  const data = !net.tracks(x) && net.operands.isNonNegative(x);
  const { y, back } =
    care === undefined ? (data ? ofData : ofBytes)(net, x, weight.value) : ofReals(net, x, weight.value, care);
  const whole = bias === undefined ? y : add(net.g, y, bias.value);
  return net.record(whole, [x, weight.value, ...(bias === undefined ? [] : [bias.value])], (dy) => {
    const { dx, dw, sum } = back(dy);
    return [net.tracks(x) ? dx : undefined, dw, ...(bias === undefined ? [] : [sum()])];
  });
}

function plainLinear(net: Net, x: Value, { weight, bias }: Affine): Value {
  const { g } = net;
  const y = gemm(g, x, weight.value, { bias: bias?.value });
  return net.record(y, [x, weight.value, ...(bias === undefined ? [] : [bias.value])], (dy) => [
    net.tracks(x) ? gemm(g, dy, weight.value, { transB: true }) : undefined,
    gemm(g, x, dy, { transA: true }),
    bias && reduceSum(g, dy, [0], false),
  ]);
}

/**
 * x[R, N] as `parts` tensors of N / parts columns, in the exact lowerings on one grid, ready for products of float32.
 * Their gradients are joined as they were cut.
 */
export function splitColumns(net: Net, x: Value, parts: number): readonly Value[] {
  const { g, operands } = net;
  const { value, max } = operands.real(x, "activation", net.bits.activation);
  const cut = split(g, value, 1, parts);
  if (net.exact) for (const piece of cut) operands.give(piece, { value: piece, max });
  return net.recordMany(cut, x, (dys) => concat(g, dys, 1));
}
