// What the reference evaluator's kernels get and give.
import type { Node, Value } from "./ir.ts";

/** A tensor as plain numbers, row-major. Integers and booleans are numbers too. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What an operator's evaluation gets. */
export interface Call {
  readonly node: Node;
  readonly inputs: readonly Tensor[];
  /** Rounds a float32 result; leaves others. */
  readonly round: (x: number) => number;
  /** Nothing is rounded, bytes included: the graph as a smooth function. */
  readonly smooth: boolean;
  readonly output: Value;
}
export type Kernel = (call: Call) => readonly Tensor[];
