// What the main thread and a training worker say to each other. Everything here survives a structured clone.
import { type ErrorCode, messageOf, PouwError } from "../../base/index.ts";
import type { DataSet, Vectors } from "../../ml/index.ts";
import type { Evaluation, UnitResult } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";

/** Execution providers, best first. */
export const PROVIDERS = ["cuda", "webgpu", "cpu", "wasm"] as const;
export type Provider = (typeof PROVIDERS)[number];

/** What a provider must reproduce of a task's graphs before anything is trained with them. */
export interface Proof {
  readonly task: Task;
  readonly vectors: Vectors;
  /** Parameters that the vectors start from, flat. */
  readonly start: Float32Array;
}

/** What a worker is started with: fetched and checked by the main thread, once. Digests are lower-case hex. */
export interface WorkerSetup {
  readonly provider: Provider;
  readonly tasks: readonly Task[];
  /** ONNX bytes of those tasks' graphs, by digest: a graph that two tasks share is opened once. */
  readonly graphs: ReadonlyMap<string, Uint8Array>;
  /** The same graphs in the `int8` lowering, by the same digests, where there are any; opened instead where they pass the gate. */
  readonly int8: ReadonlyMap<string, Uint8Array>;
  /** Data of those tasks, by digest; tensors in shared memory are not copied on the way. */
  readonly data: ReadonlyMap<string, DataSet>;
  /** To reproduce before saying `ready`, beside the vectors of the operators that the graphs use. */
  readonly proofs: readonly Proof[];
}

/** One stretch of a unit. */
export interface StretchJob {
  readonly kind: "stretch";
  readonly task: Task;
  readonly setting: number;
  readonly seed: Uint8Array;
  /** Which of the unit's stretches, and the parameters that it begins with. */
  readonly stretch: number;
  readonly from: Float32Array;
  /** Parameters that the unit began with, for its last stretch, which makes the delta. */
  readonly start: Float32Array;
}

export interface StretchResult {
  readonly end: Float32Array;
  readonly digest: Uint8Array;
  readonly loss: number;
  readonly graphMs: number;
  readonly totalMs: number;
  /** Of the last stretch only. */
  readonly change: Pick<UnitResult, "delta" | "deltaHash"> | undefined;
}

export interface EvaluateJob {
  readonly kind: "evaluate";
  readonly task: Task;
  readonly parameters: Float32Array;
  readonly split: "validation" | "test";
}

/** Steps on the vectors' data, to be timed. */
export interface TimeJob {
  readonly kind: "time";
  readonly task: Task;
  readonly proof: Proof;
  readonly steps: number;
}
export interface Timed {
  readonly stepMs: number;
}

export type Job = StretchJob | EvaluateJob | TimeJob;
export type JobResult = StretchResult | Evaluation | Timed;

/** To a worker: one job at a time, or the end. */
export type Order = { readonly kind: "job"; readonly job: Job } | { readonly kind: "close" };

/** An error on its way between threads. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string | undefined;
}

/** What a worker says of itself once it passed the gate. */
export interface Passed {
  /** Package and version of the library that computes. */
  readonly library: string;
  /** Mean over the proofs of the median ms of a step. */
  readonly stepMs: number;
}

/** With the lowering that it passed with, and what was said of `int8` where that did not. */
export interface Admission extends Passed {
  readonly lowering: "int8" | "float";
  readonly refused: string | undefined;
}

/** From a worker. */
export type Reply =
  | ({ readonly kind: "ready" } & Admission)
  | { readonly kind: "unfit"; readonly fault: Fault }
  | { readonly kind: "done"; readonly result: JobResult }
  | { readonly kind: "failed"; readonly fault: Fault };

export function toFault(error: unknown): Fault {
  if (error instanceof PouwError) return { code: error.code, message: error.message, remedy: error.remedy };
  return { code: "INTERNAL", message: messageOf(error), remedy: undefined };
}

export function fromFault({ code, message, remedy }: Fault): PouwError {
  return new PouwError(code, message, remedy === undefined ? {} : { remedy });
}
