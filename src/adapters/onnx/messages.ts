// What the main thread and a training worker say to each other. Everything here survives a structured clone.
import { type ErrorCode, messageOf, PouwError } from "../../base/index.ts";
import type { DataSet } from "../../ml/index.ts";
import type { Evaluation, UnitResult } from "../../ports/index.ts";
import type { ModelFiles } from "./model-files.ts";

/** Execution providers, best first. */
export const PROVIDERS = ["cuda", "webgpu", "cpu", "wasm"] as const;
export type Provider = (typeof PROVIDERS)[number];

/** What a worker is started with. */
export interface WorkerSetup {
  readonly provider: Provider;
  /** Read and checked by the main thread, once. */
  readonly models: readonly ModelFiles[];
  /** Tensors in shared memory are not copied on the way. */
  readonly data: readonly DataSet[];
  /** Reproduce the models' conformance vectors and time units before saying `ready`. */
  readonly gate: boolean;
}

export interface UnitTask {
  readonly kind: "unit";
  readonly model: string;
  readonly start: Float32Array;
  readonly seed: Uint8Array;
  readonly steps: number;
  readonly delta: "exact" | undefined;
}

export interface EvaluateTask {
  readonly kind: "evaluate";
  readonly model: string;
  readonly parameters: Float32Array;
  readonly split: "validation" | "test";
}

export type Task = UnitTask | EvaluateTask;
export type TaskResult = UnitResult | Evaluation;

/** To a worker: one task at a time, or the end. */
export type Order = { readonly kind: "task"; readonly task: Task } | { readonly kind: "close" };

/** An error on its way between threads. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string | undefined;
}

/** From a worker. `unitMs` is the median of the timed units when the worker was gated. */
export type Reply =
  | { readonly kind: "ready"; readonly unitMs: number | undefined }
  | { readonly kind: "unfit"; readonly fault: Fault }
  | { readonly kind: "done"; readonly result: TaskResult }
  | { readonly kind: "failed"; readonly fault: Fault };

export function toFault(error: unknown): Fault {
  if (error instanceof PouwError) return { code: error.code, message: error.message, remedy: error.remedy };
  return { code: "INTERNAL", message: messageOf(error), remedy: undefined };
}

export function fromFault({ code, message, remedy }: Fault): PouwError {
  return new PouwError(code, message, remedy === undefined ? {} : { remedy });
}
