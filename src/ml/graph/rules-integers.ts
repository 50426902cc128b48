// Rules of bytes: how real numbers become them, and their products, which run in 32 bits and are rounded once.
import { type Fact, MIN_EXPONENT, magnitude, type Power, powerOf, stepRange } from "./facts.ts";
import { EXACT_LIMIT } from "./grid.ts";
import { halfEven, RANGES, type Rule, refuse, rounded, type Scope, shapeOf, whole } from "./scope.ts";

/** Largest sum of two products that 16 bits hold. */
const PAIR_LIMIT = 2 ** 15 - 1;

/** A scale that is one power of two for the whole tensor. */
function stepOf({ node, fact, value }: Scope, at: number): Power {
  const id = node.inputs[at] as string;
  const power = powerOf(fact(id));
  if (power === undefined) return refuse(node, "has a scale that is not proven to be a power of two");
  if (value(id).shape.some((dim) => dim !== 1)) refuse(node, "has more than one scale");
  return power;
}

/** The one number that a tensor of bytes is shifted by: a constant of its own type, or none. */
function zeroOf({ node, constant, value }: Scope, at: number, dtype: string): number {
  const id = node.inputs[at] ?? "";
  if (id === "") return 0;
  const data = constant(id)?.data;
  if (data?.length !== 1 || value(id).dtype !== dtype) return refuse(node, "has a zero point that is not one constant");
  return data[0] as number;
}

/** round(x / scale) + zero, half to even, cut to the type's range: dividing by a power of two is exact. */
const quantized: Rule = (scope) => {
  const { node, value } = scope;
  const [x] = scope.inputs as readonly [Fact];
  const { dtype } = value(node.outputs[0] as string);
  if (dtype !== "uint8" && dtype !== "int8") refuse(node, `makes ${dtype}`);
  const { exponent, scales } = stepOf(scope, 1);
  const zero = zeroOf(scope, 2, dtype);
  const [least, most] = RANGES[dtype];
  const [dynamic] = scales;
  const known = x.within.find(({ scale }) => scale.id === dynamic?.id);
  const ends = dynamic === undefined ? x : (known ?? { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY });
  const cut = (end: number): number => Math.min(Math.max(halfEven(end / 2 ** exponent) + zero, least), most);
  return whole(cut(ends.low), cut(ends.high));
};

/**
 * (a - zero) (b - zero) over bytes, the sums in 32 bits, times both scales, and perhaps a bias. Processors without VNNI add pairs of
 * products of an unsigned and a signed byte in 16 bits, with saturation. The conversion of the sum rounds once, the multiplication by a
 * power of two not at all, so that a bias is one more rounding, fused or not.
 */
const byteProduct: Rule = (scope) => {
  const { node, inputs, value } = scope;
  const [a, b] = inputs as readonly [Fact, Fact];
  const [left, right] = node.inputs.slice(0, 2).map((id) => value(id).dtype) as [string, string];
  if (left !== "uint8") refuse(node, "must have unsigned bytes on its left");
  if (right === "int8" && 2 * a.high * magnitude(b) > PAIR_LIMIT)
    refuse(node, `could saturate: 2 * ${a.high} * ${magnitude(b)} is over ${PAIR_LIMIT}`);
  const [za, zb] = [zeroOf(scope, 4, left), zeroOf(scope, 5, right)];
  const length = shapeOf(scope, 0).at(-1) as number;
  // Runtimes may take the zero points off before or after they add up.
  if ((a.high + za) * (magnitude(b) + Math.abs(zb)) * length >= 2 ** 31) refuse(node, "could overflow 32 bits");
  const widest = (x: Fact, zero: number): number => Math.max(Math.abs(x.high - zero), Math.abs(x.low - zero));
  const max = widest(a, za) * widest(b, zb) * length;
  const [sa, sb] = [stepOf(scope, 2), stepOf(scope, 3)];
  const scales = [...sa.scales, ...sb.scales].sort((x, y) => (x.id < y.id ? -1 : 1));
  const grid = { exponent: sa.exponent + sb.exponent, scales, max };
  const [least, most] = stepRange(grid);
  if (least < MIN_EXPONENT) refuse(node, `could make denormals: its steps go down to 2^${least}`);
  const bound = Math.fround(max) * 2 ** most;
  const bias = inputs[2 + node.inputs.slice(2, 6).filter((id) => id !== "").length];
  if (bias !== undefined) return rounded(node, [bias.low - bound, bias.high + bound]);
  const low = a.low >= za && b.low >= zb ? 0 : -bound;
  return rounded(node, [low, bound], max <= EXACT_LIMIT ? { grid } : {});
};

/** Bytes divided by a power of two, rounded down. */
const shifted: Rule = ({ node, inputs, constant, value }) => {
  const { direction } = node.attributes;
  const right = typeof direction === "object" && "text" in direction && direction.text === "RIGHT";
  const by = constant(node.inputs[1] as string)?.data;
  if (!right || value(node.inputs[0] as string).dtype !== "uint8" || by?.length !== 1)
    return refuse(node, "must move unsigned bytes to the right by one constant");
  const [x] = inputs as readonly [Fact];
  return whole(Math.floor(x.low / 2 ** (by[0] as number)), Math.floor(x.high / 2 ** (by[0] as number)));
};

export const INTEGERS: Readonly<{ [op: string]: Rule | undefined }> = {
  QuantizeLinear: quantized,
  MatMulIntegerToFloat: byteProduct,
  BitShift: shifted,
};
