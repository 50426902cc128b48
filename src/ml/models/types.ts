// What an architecture is: its data, its parameters, and one forward pass from which training and evaluation graphs are made.
import type { DataSetName, NoiseSpec } from "../data/index.ts";
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

export interface SgdSetting {
  readonly learningRate: number;
  readonly momentum: number;
}
export interface AdamwSetting {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}
/** A rule and its published settings, which the seasons of a task take in turn; the training graph holds all of them. */
export type Optimizer =
  | { readonly kind: "sgd"; readonly settings: readonly SgdSetting[] }
  | { readonly kind: "adamw"; readonly settings: readonly AdamwSetting[] };

export interface DataInput {
  readonly name: string;
  readonly dtype: DType;
  /** Open sizes by name. */
  readonly shape: readonly (number | string)[];
  /** Values are below this. */
  readonly limit: number;
}

export interface DataSpec {
  readonly name: DataSetName;
  readonly inputs: readonly DataInput[];
  /** Consecutive elements of the open dimension that one sample reads: indices run from 0 to size - window. */
  readonly window: number;
}

/** Noise of one step by name, int32 [count]; undefined in an evaluation. */
export type Noise = ReadonlyMap<string, Value> | undefined;

/** One prediction per row. */
export interface Prediction {
  /** [R, classes]. */
  readonly logits: Value;
  /** int32 [R]. */
  readonly labels: Value;
}

/** What a forward pass reads; `data` and `params` by name. */
export interface ForwardInput {
  /** int32 [B]. */
  readonly index: Value;
  readonly data: ReadonlyMap<string, Value>;
  readonly noise: Noise;
  readonly params: (name: string) => Param;
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
  /** What keeps training from running dry: nothing learnt by heart foretells it. */
  readonly noise: (batch: number) => readonly NoiseSpec[];
  readonly forward: (net: Net, input: ForwardInput) => Prediction;
}
