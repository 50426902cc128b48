// What each allowed operator makes of what is known of its inputs. An operator without a rule is not allowed.
import {
  type Bounds,
  common,
  type Fact,
  fact,
  type Grid,
  join,
  MIN_EXPONENT,
  magnitude,
  productGrid,
  type Scale,
  stepRange,
  type Within,
} from "./facts.ts";
import type { Attribute } from "./ir.ts";
import { factAt, integers, type Rule, refuse, rounded, type Scope } from "./scope.ts";

const one = ({ inputs }: Scope): Fact => inputs[0] as Fact;
const two = ({ inputs }: Scope): readonly [Fact, Fact] => inputs as readonly [Fact, Fact];

/** Bounds of x + sign * c * S in units of S, where one side is the power c * S and the other is within S. */
function shiftedWithin(a: Fact, b: Fact, sign: number): Within | undefined {
  if (b.power === undefined) return undefined;
  const { scale, factor } = b.power;
  const known = a.within.find((item) => item.scale.id === scale.id);
  const rounded = (x: number): number => Math.fround(x + sign * factor);
  return known && { scale, low: rounded(known.low), high: rounded(known.high) };
}

/** Interval in real units of what is within a scale. */
function endsOf({ scale, low, high }: Within): readonly number[] {
  const sizes = [2 ** scale.low, 2 ** scale.high];
  return sizes.flatMap((size) => [low * size, high * size]);
}

/** In [2^k, 2^(k+1)] times a power of two S, a float32 is a multiple of 2^(k-23) S. */
function scaledBinade({ scale, low, high }: Within): Grid | undefined {
  const k = Math.floor(Math.log2(low));
  if (!(low > 0) || high > 2 ** (k + 1)) return undefined;
  return { exponent: k - 23, scales: [scale], max: high / 2 ** (k - 23) };
}

/** A constant times a power of two, as a grid. */
function powerGrid({ power, grid }: Fact): Grid | undefined {
  if (power === undefined) return grid;
  const exponent = Math.floor(Math.log2(Math.abs(power.factor))) - 23;
  return { exponent, scales: [power.scale], max: Math.abs(power.factor) / 2 ** exponent };
}

/** A grid whose integers are bounded by the value's own bounds, where those are tighter. */
function tightened(grid: Grid, ends: readonly number[], within: Within | undefined): Grid {
  const step = 2 ** grid.exponent;
  const fromEnds = grid.scales.length === 0 ? Math.max(...ends.map(Math.abs)) / step : Number.POSITIVE_INFINITY;
  const fromScale = within === undefined ? fromEnds : Math.max(Math.abs(within.low), Math.abs(within.high)) / step;
  return { ...grid, max: Math.ceil(Math.min(grid.max, fromEnds, fromScale)) };
}

const EXACT = 2 ** 24;
/** Below this the steps that find a leading power of two could underflow. */
const SMALLEST_SCALED = 2 ** -100;

/** x - x * w for a w that is 0 or 1: x again, or 0. */
function remainder({ node, inputs, maker, fact: known }: Scope): Fact | undefined {
  const made = maker(node.inputs[1] as string);
  const [x] = inputs as readonly [Fact];
  if (made?.op !== "Mul" || made.inputs[0] !== node.inputs[0] || x.grid === undefined) return undefined;
  const w = known(made.inputs[1] as string);
  if (w.low < 0 || w.high > 1 || w.grid?.exponent !== 0 || w.grid.scales.length > 0) return undefined;
  return fact(Math.min(0, x.low), Math.max(0, x.high), { grid: x.grid });
}

/** a + sign * b. */
function sum(scope: Scope, sign: 1 | -1): Fact {
  const [a, b] = two(scope);
  const { node, value } = scope;
  const plain = sign === 1 ? [a.low + b.low, a.high + b.high] : [a.low - b.high, a.high - b.low];
  if (value(node.outputs[0] as string).dtype !== "float32") return integers(scope, plain);
  const within = shiftedWithin(a, b, sign) ?? (sign === 1 ? shiftedWithin(b, a, 1) : undefined);
  if (within !== undefined && within.low > 0) {
    const grid = scaledBinade(within);
    return rounded(node, endsOf(within), { grid, within: [within] });
  }
  const rest = sign === -1 ? remainder(scope) : undefined;
  if (rest !== undefined) return rest;
  const capped = sign === -1 && b.tops.get(node.inputs[0] as string) === 1 ? [plain[0] as number, 0] : plain;
  const ends = within === undefined ? capped : endsOf(within);
  const both = common(powerGrid(a), powerGrid(b));
  if (both === undefined) return rounded(node, ends);
  const bound = { ...both[0], max: both[0].max + both[1].max };
  const grid = tightened(bound, ends, within);
  return rounded(node, ends, grid.max <= EXACT ? { grid, within: within === undefined ? [] : [within] } : {});
}

/** q - q * (1 - 2^-24) with q = m * (2^23 + 1): the leading power of two of m, a new scale (grid.ts). */
function leadingPower({ node, maker, constant, value, learn }: Scope, tops: (id: string) => Fact): Fact | undefined {
  const [q, less] = node.inputs as readonly [string, string];
  const factorOf = (id: string, of: string): number | undefined => {
    const made = maker(id);
    return made?.op === "Mul" && made.inputs[0] === of ? constant(made.inputs[1] as string)?.data[0] : undefined;
  };
  const source = maker(q)?.inputs[0];
  if (factorOf(less, q) !== 1 - 2 ** -24 || source === undefined || factorOf(q, source) !== 2 ** 23 + 1)
    return undefined;
  const m = tops(source);
  if (value(source).shape.some((dim) => dim !== 1) || m.low < SMALLEST_SCALED) return undefined;
  const exponent = (x: number): number => Math.floor(Math.log2(x));
  const scale: Scale = { id: node.outputs[0] as string, low: exponent(m.low), high: exponent(m.high) };
  for (const [id, factor] of m.tops) {
    const made = maker(id);
    const high = 2 / factor;
    const depth = m.depths.get(id);
    if (made?.op === "Abs") learn(made.inputs[0] as string, { scale, low: -high, high });
    if (tops(id).low >= 0) learn(id, { scale, low: 0, high });
    else if (depth !== undefined) learn(id, { scale, low: -2 / depth, high });
  }
  return fact(2 ** scale.low, 2 ** scale.high, { power: { scale, factor: 1 } });
}

/** What a value that is never negative still bounds after its multiplication by `factor` > 0, whose rounding may take some of it away. */
function raised({ low, tops, depths }: Fact, factor: number): Partial<Fact> {
  if (!(factor > 0) || low < 0) return {};
  const by = (bounds: Bounds): Bounds =>
    new Map([...bounds].map(([id, old]) => [id, old * factor * (1 - 2 ** -23)] as const));
  return { tops: by(tops), depths: by(depths) };
}

function product(scope: Scope): Fact {
  const [a, b] = two(scope);
  const { node, value } = scope;
  const squared = node.inputs[0] === node.inputs[1];
  const corners = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
  const ends = squared ? [a.low < 0 && a.high > 0 ? 0 : Math.min(a.low ** 2, a.high ** 2), magnitude(a) ** 2] : corners;
  if (value(node.outputs[0] as string).dtype !== "float32") return integers(scope, ends);
  const factor = scope.constant(node.inputs[1] as string)?.data;
  if (a.power !== undefined && factor?.length === 1) {
    const scaled = a.power.factor * (factor[0] as number);
    if (Math.fround(scaled) === scaled) return rounded(node, ends, { power: { ...a.power, factor: scaled } });
  }
  const grid = productGrid(a.grid, b.grid, 1);
  const kept = grid !== undefined && stepRange(grid)[0] >= MIN_EXPONENT ? grid : undefined;
  return rounded(node, ends, { grid: kept, ...(factor?.length === 1 && raised(a, factor[0] as number)) });
}

function quotient(scope: Scope): Fact {
  const [a, b] = two(scope);
  const { node, constant } = scope;
  if (b.low <= 0 && b.high >= 0) refuse(node, "could divide by zero");
  if (constant(node.inputs[0] as string)?.data.every((x) => x === 1))
    refuse(node, "of 1 could be fused with a product");
  // x / max(sum of x, floor) is at most 1 where no x is negative.
  if (a.low >= 0 && b.tops.get(node.inputs[0] as string) === 1) return rounded(node, [0, 1]);
  return rounded(node, [a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high]);
}

const monotone =
  (f: (x: number) => number): Rule =>
  (scope) =>
    rounded(scope.node, [f(one(scope).low), f(one(scope).high)]);

const kept = (scope: Scope, low: number, high: number): Fact => {
  const { grid } = one(scope);
  return fact(low, high, grid === undefined ? {} : { grid });
};

function squareRoot(scope: Scope): Fact {
  if (one(scope).low < 0) refuse(scope.node, "could take the root of a negative number");
  return monotone(Math.sqrt)(scope);
}

function absolute(scope: Scope): Fact {
  const x = one(scope);
  return kept(scope, x.low <= 0 && x.high >= 0 ? 0 : Math.min(Math.abs(x.low), Math.abs(x.high)), magnitude(x));
}

function larger({ inputs }: Scope): Fact {
  const grids = inputs.map((item) => item.grid);
  const grid = grids.reduce((a, b) => {
    const both = common(a, b);
    return both && { ...both[0], max: Math.max(both[0].max, both[1].max) };
  });
  const all = (of: (item: Fact) => Bounds): Bounds => new Map(inputs.flatMap((item) => [...of(item)]));
  const low = Math.max(...inputs.map((item) => item.low));
  const high = Math.max(...inputs.map((item) => item.high));
  return fact(low, high, { tops: all((item) => item.tops), depths: all((item) => item.depths), ...(grid && { grid }) });
}

function smaller(scope: Scope): Fact {
  const [a, b] = two(scope);
  return fact(Math.min(a.low, b.low), Math.min(a.high, b.high));
}

/** Either bound may be left out, and may be a tensor: the result grows with each of the three. */
function clipped(scope: Scope): Fact {
  const x = one(scope);
  const none = (end: number): Fact => fact(end, end);
  const floor = factAt(scope, 1) ?? none(Number.NEGATIVE_INFINITY);
  const ceiling = factAt(scope, 2) ?? none(Number.POSITIVE_INFINITY);
  return fact(Math.min(Math.max(x.low, floor.low), ceiling.low), Math.min(Math.max(x.high, floor.high), ceiling.high));
}

/** slope * x + offset between 0 and 1: with a power of two for a slope the product is exact, so fused or not is one. */
function hardSigmoid(scope: Scope): Fact {
  const { alpha, beta } = scope.node.attributes;
  const number = (item: Attribute | undefined): number =>
    typeof item === "object" && "float" in item ? item.float : refuse(scope.node, "must have its factors written out");
  const [slope, offset] = [number(alpha), number(beta)];
  if (!(slope > 0) || Math.log2(slope) % 1 !== 0) refuse(scope.node, "must have a power of two for a slope");
  return monotone((x) => Math.min(Math.max(slope * x + offset, 0), 1))(scope);
}

/** Data movement: the values stay, some may go. A grid has one scale for the whole tensor, so it moves along. */
const moved: Rule = (scope) => kept(scope, one(scope).low, one(scope).high);
/** Zeros around a tensor. */
function padded(scope: Scope): Fact {
  const { node, constant } = scope;
  const filler = node.inputs[2] === undefined ? [0] : constant(node.inputs[2])?.data;
  if (node.inputs.length > 3 || node.attributes["mode"] !== undefined || filler?.join() !== "0")
    refuse(node, "must pad with zeros");
  const x = one(scope);
  return kept(scope, Math.min(0, x.low), Math.max(0, x.high));
}
const truth: Rule = () => fact(0, 1, { grid: { exponent: 0, scales: [], max: 1 } });

function chosen(scope: Scope): Fact {
  return join(scope.inputs.slice(1));
}

function converted(scope: Scope): Fact {
  const x = one(scope);
  const from = scope.value(scope.node.inputs[0] as string).dtype;
  const to = scope.value(scope.node.outputs[0] as string).dtype;
  if (from === "float32" && to !== from) refuse(scope.node, `turns real numbers into ${to}`);
  if (from === to) return x;
  if (to !== "float32") return integers(scope, [x.low, x.high]);
  const whole = { exponent: 0, scales: [], max: magnitude(x) };
  return rounded(scope.node, [x.low, x.high], whole.max <= EXACT ? { grid: whole } : {});
}

/** Of integers by a positive one: what is left has the divisor's sign. */
function remainderOf(scope: Scope): Fact {
  const divisor = scope.inputs[1] as Fact;
  if (scope.value(scope.node.outputs[0] as string).dtype === "float32" || divisor.low <= 0)
    refuse(scope.node, "must divide integers by a positive one");
  return integers(scope, [0, divisor.high - 1]);
}

/** Rules of the operators that are not reductions; those are in reductions.ts. */
export const RULES: Readonly<{ [op: string]: Rule | undefined }> = {
  Add: (scope) => sum(scope, 1),
  Mul: product,
  Div: quotient,
  Sqrt: squareRoot,
  Abs: absolute,
  Neg: (scope) => ({ ...kept(scope, -one(scope).high, -one(scope).low), depths: one(scope).bottoms }),
  Relu: (scope) => kept(scope, Math.max(0, one(scope).low), Math.max(0, one(scope).high)),
  Sign: (scope) =>
    fact(Math.sign(one(scope).low), Math.sign(one(scope).high), { grid: { exponent: 0, scales: [], max: 1 } }),
  Max: larger,
  Min: smaller,
  Clip: clipped,
  HardSigmoid: hardSigmoid,
  Where: chosen,
  Cast: converted,
  Equal: truth,
  Greater: truth,
  GreaterOrEqual: truth,
  Concat: ({ inputs }) => join(inputs),
  Gather: moved,
  GatherElements: moved,
  Reshape: moved,
  Transpose: moved,
  Slice: moved,
  Split: moved,
  Expand: moved,
  Unsqueeze: moved,
  Identity: moved,
  Pad: padded,
  Mod: remainderOf,
};

/** Subtraction, which besides differences makes the scales. */
export const subtraction = (scope: Scope, known: (id: string) => Fact): Fact =>
  leadingPower(scope, known) ?? sum(scope, -1);
