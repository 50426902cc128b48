// What an architecture is: its data, its parameters, and one forward pass from which training and evaluation graphs are made.
import type { DType, Net, Param, Precision, Value } from "../graph/index.ts";

/** How a parameter starts: `std` in units of value, drawn from a deterministic bell-shaped distribution. */
export type Init = { readonly kind: "zeros" | "ones" } | { readonly kind: "normal"; readonly std: number };

export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Values are multiples of 2^exponent in [-2^(22+exponent), 2^(22+exponent)). */
  readonly exponent: number;
  readonly init: Init;
}

export type Optimizer =
  | { readonly kind: "sgd"; readonly learningRate: number; readonly momentum: number }
  | {
      readonly kind: "adamw";
      readonly learningRate: number;
      readonly beta1: number;
      readonly beta2: number;
      readonly epsilon: number;
      readonly weightDecay: number;
    };

export interface DataInput {
  readonly name: string;
  readonly dtype: DType;
  /** Open sizes by name. */
  readonly shape: readonly (number | string)[];
  /** Values are below this. */
  readonly limit: number;
}

export interface DataSpec {
  readonly name: "digits" | "text";
  readonly inputs: readonly DataInput[];
  /** Consecutive elements of the open dimension that one sample reads: indices run from 0 to size - window. */
  readonly window: number;
}

/** One prediction per row. */
export interface Prediction {
  /** [R, classes]. */
  readonly logits: Value;
  /** int32 [R]. */
  readonly labels: Value;
}

export interface Architecture {
  readonly name: string;
  readonly version: number;
  /** One line for people. */
  readonly architecture: string;
  readonly task: { readonly kind: "classification" | "next-token" };
  readonly data: DataSpec;
  readonly batchSize: number;
  readonly evalBatch: number;
  readonly defaultSteps: number;
  readonly bits: Precision;
  readonly optimizer: Optimizer;
  readonly parameters: readonly ParameterSpec[];
  /** 1, or the window of a next-token model. */
  readonly predictionsPerSample: number;
  /** `index` is int32 [B]; `data` and `params` by name. */
  readonly forward: (
    net: Net,
    index: Value,
    data: ReadonlyMap<string, Value>,
    params: (name: string) => Param,
  ) => Prediction;
}
