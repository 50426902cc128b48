// Aggregation rules by name (protocol section 3): a task names one, and every node combines its contributions by it.
import type { GridLayout } from "../delta/index.ts";
import { aggregate as mean } from "./mean.ts";

/** P(t+1) from P(t) and the deltas of a record, in the record's order; flat float32 and integers in grid steps. Throws NOT_FINITE, BAD_ENCODING. */
export type AggregationRule = (layout: GridLayout, start: Float32Array, deltas: readonly Int32Array[]) => Float32Array;

/** A new rule is a file and a line. */
export const AGGREGATION_RULES = { mean } as const satisfies { readonly [name: string]: AggregationRule };
export type AggregationName = keyof typeof AGGREGATION_RULES;
