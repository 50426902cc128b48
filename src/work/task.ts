// Every fact of a task, in one record: execution, draws, checks and codecs all take what they use from here (protocol section 2).
import { ACCEPT, reject, type TaskId, type Verdict } from "../base/index.ts";
import type {
  AggregationName,
  DataInput,
  DeltaCodecName,
  Effort,
  GridLayout,
  NoiseSpec,
  ParameterSpec,
  Splits,
} from "../ml/index.ts";

/** The data that a task trains on, and how a sample is read from it. */
export interface TaskData {
  readonly name: string;
  readonly digest: Uint8Array;
  /** The graph's inputs, in order. */
  readonly inputs: readonly DataInput[];
  /** Consecutive rows that one sample reads. */
  readonly window: number;
  /** Distance between the samples that an evaluation looks at. */
  readonly evalStride: number;
  readonly splits: Splits;
}

/** What every node must agree on. A digest is 32 bytes; the layout of a parameter set is `parameters`, so a task is a GridLayout. */
export interface Task extends GridLayout {
  /** Hash of all the other facts. */
  readonly id: TaskId;
  /** For people and settings; unique within a genesis. */
  readonly name: string;
  /** Name of the model. */
  readonly model: string;
  readonly kind: "classification" | "next-token";
  /** SHA-256 of the training graph, ONNX. */
  readonly trainDigest: Uint8Array;
  /** SHA-256 of the evaluation graph, ONNX. */
  readonly evalDigest: Uint8Array;
  /** Digest of the first parameters of season 0; each season draws its own from `initSeed`. */
  readonly initialDigest: Uint8Array;
  readonly initSeed: string;
  readonly data: TaskData;
  /** S, steps of one unit. */
  readonly steps: number;
  /** B, rows of one step. */
  readonly batch: number;
  /** Rows of one call of the evaluation graph. */
  readonly evalBatch: number;
  /** 1, or the window of a next-token model. */
  readonly predictionsPerSample: number;
  /** What a step draws besides its rows. */
  readonly noise: readonly NoiseSpec[];
  /** The seasons take the settings in turn. */
  readonly optimizer: { readonly kind: string; readonly settings: readonly { readonly [name: string]: string }[] };
  readonly parameters: readonly ParameterSpec[];
  readonly parameterCount: number;
  /** Of one step, counted statically from the graph. */
  readonly effort: Effort;
  /** How contributions say what they changed. */
  readonly codec: DeltaCodecName;
  /** How a record's contributions make the next common state. */
  readonly aggregation: AggregationName;
  /** Bytes of an encoded delta at most. */
  readonly maxDeltaBytes: number;
}

/** Chain parameters of the lottery: nonces per 10^9 of effort. */
export interface WorkRules {
  /** For the part of the effort that grows with the batch. */
  readonly omegaB: number;
  /** For the part that does not. */
  readonly omegaM: number;
}

const PER_EFFORT = 1_000_000_000n;

/** a(T) = floor(S (omegaB effort.batch + omegaM effort.rest) / 10^9): the draws that one unit earns, by the work that it is. */
export function noncesPerUnit({ steps, effort }: Pick<Task, "steps" | "effort">, rules: WorkRules): number {
  const weighted = BigInt(rules.omegaB) * BigInt(effort.batch) + BigInt(rules.omegaM) * BigInt(effort.rest);
  return Number((BigInt(steps) * weighted) / PER_EFFORT);
}

/** Refuses a task whose unit earns nothing. */
export function checkNonces(task: Pick<Task, "steps" | "effort">, rules: WorkRules): Verdict {
  return noncesPerUnit(task, rules) < 1 ? reject("task-without-nonces") : ACCEPT;
}

/** A unit is this many stretches, or one per step where it has fewer. */
const STRETCHES = 8;

/** The first steps of a unit's stretches, and the unit's length at the end: their lengths differ by one step at most. */
export function stretchesOf(steps: number): readonly number[] {
  const count = Math.min(STRETCHES, steps);
  return Array.from({ length: count + 1 }, (_, k) => Math.floor((k * steps) / count));
}
