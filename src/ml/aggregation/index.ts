// Aggregation rules by name (protocol section 3): a task names one, and every node combines its contributions by it.
import type { Steps } from "../../base/index.ts";
import type { GridLayout } from "../delta/index.ts";
import { aggregate as mean, type Weighted } from "./mean.ts";

export type { Weighted } from "./mean.ts";

/** P(t+1) from P(t) and the contributions of a record; flat float32. Throws NOT_FINITE, BAD_ENCODING. */
export type AggregationRule = (
  layout: GridLayout,
  start: Float32Array,
  contributions: readonly Weighted[],
) => Steps<Float32Array>;

/** A new rule is a file and a line. */
export const AGGREGATION_RULES = { mean } as const satisfies { readonly [name: string]: AggregationRule };
export type AggregationName = keyof typeof AGGREGATION_RULES;
