// Every fact of a task, in one record: execution, draws, checks and codecs all take what they use from here (protocol section 2).
import { ACCEPT, reject, type TaskId, type Verdict } from "../base/index.ts";
import type { AggregationName, DataInput, DeltaCodecName, GridLayout, Splits } from "../ml/index.ts";

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
  /** digest(P(0)). */
  readonly initialDigest: Uint8Array;
  readonly data: TaskData;
  /** S, steps of one unit. */
  readonly steps: number;
  /** B, rows of one step. */
  readonly batch: number;
  /** Rows of one call of the evaluation graph. */
  readonly evalBatch: number;
  /** 1, or the window of a next-token model. */
  readonly predictionsPerSample: number;
  readonly optimizer: { readonly kind: string; readonly settings: { readonly [name: string]: string } };
  readonly parameterCount: number;
  /** Multiply-accumulates of one step, counted statically from the graph. */
  readonly macsPerStep: bigint;
  /** How contributions say what they changed. */
  readonly codec: DeltaCodecName;
  /** How a record's contributions make the next common state. */
  readonly aggregation: AggregationName;
  /** Bytes of an encoded delta at most. */
  readonly maxDeltaBytes: number;
}

/** Chain parameters of the lottery. */
export interface WorkRules {
  /** Nonces per training row, over `omegaDenominator`. */
  readonly omegaB: number;
  /** Nonces per parameter, over `omegaDenominator`. */
  readonly omegaM: number;
  readonly omegaDenominator: number;
  /** Cap on nonces per 10^9 multiply-accumulates of a unit: no task may be a cheap lottery. */
  readonly maxNoncesPerGigamac: number;
}

type Lottery = Pick<Task, "steps" | "batch" | "parameterCount" | "macsPerStep">;

/** a(T) = floor(omegaB B S + omegaM parameters): the draws that one unit earns. */
export function noncesPerUnit(task: Lottery, rules: WorkRules): number {
  const weighted =
    BigInt(rules.omegaB) * BigInt(task.batch * task.steps) + BigInt(rules.omegaM) * BigInt(task.parameterCount);
  return Number(weighted / BigInt(rules.omegaDenominator));
}

/** Refuses a task that earns nothing, or more nonces per multiply-accumulate than the cap allows. */
export function checkTaskCap(task: Lottery, rules: WorkRules): Verdict {
  const nonces = noncesPerUnit(task, rules);
  if (nonces < 1) return reject("task-without-nonces");
  const macs = task.macsPerStep * BigInt(task.steps);
  if (BigInt(nonces) * 1_000_000_000n > BigInt(rules.maxNoncesPerGigamac) * macs)
    return reject("task-too-cheap", `${nonces} nonces for ${macs} multiply-accumulates is above the cap`);
  return ACCEPT;
}
