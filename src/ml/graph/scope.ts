// What the checker's rules are written with: what one may look at, how it refuses, and the bounds of what a node rounds or cuts.
import { PouwError } from "../../base/index.ts";
import { type Fact, fact, MAX_FLOAT, type Within } from "./facts.ts";
import { type Constant, type DType, fixed, type Node, type Value } from "./ir.ts";

/** What a rule may look at. */
export interface Scope {
  readonly node: Node;
  /** Facts of the inputs, those left out excepted. */
  readonly inputs: readonly Fact[];
  readonly value: (id: string) => Value;
  readonly constant: (id: string) => Constant | undefined;
  /** The node that makes a tensor. */
  readonly maker: (id: string) => Node | undefined;
  /** What is known of a tensor made before. */
  readonly fact: (id: string) => Fact;
  /** Adds to what is known of a tensor. */
  readonly learn: (id: string, more: Within) => void;
}
export type Rule = (scope: Scope) => Fact;

export function refuse(node: Node, why: string): never {
  throw new PouwError("BAD_GRAPH", `${node.op} (${node.outputs[0]}) ${why}.`);
}

/** Sizes of an input. */
export const shapeOf = ({ node, value }: Scope, at: number): readonly number[] =>
  fixed(value(node.inputs[at] as string).shape);

/** What is known of the input at a place; undefined where it is left out. */
export function factAt({ node, fact: known }: Scope, at: number): Fact | undefined {
  const id = node.inputs[at] ?? "";
  return id === "" ? undefined : known(id);
}

/** Smallest and largest value of each type. */
export const RANGES: Readonly<Record<DType, readonly [number, number]>> = {
  float32: [-MAX_FLOAT, MAX_FLOAT],
  uint8: [0, 255],
  int8: [-128, 127],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63],
  bool: [0, 1],
};

/** The nearest integer, the even one of two that are as near. */
export function halfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Ends of an interval as float32 rounds them: rounding keeps order, so the rounded ends bound the rounded values. */
export function rounded(node: Node, ends: readonly number[], more: Partial<Fact> = {}): Fact {
  const low = Math.fround(Math.min(...ends));
  const high = Math.fround(Math.max(...ends));
  if (!(low >= -MAX_FLOAT && high <= MAX_FLOAT)) refuse(node, "could overflow or be undefined");
  return fact(low, high, more);
}

/** Integers between `ends`. Where the output's type does not hold those they wrap, and may be anything that it holds. */
export function integers({ node, value }: Scope, ends: readonly number[]): Fact {
  const [least, most] = RANGES[value(node.outputs[0] as string).dtype];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const held = low >= least && high <= most ? ([low, high] as const) : ([least, most] as const);
  return whole(...held);
}

/** Integers between two. */
export const whole = (low: number, high: number): Fact =>
  fact(low, high, { grid: { exponent: 0, scales: [], max: Math.max(Math.abs(low), Math.abs(high)) } });
