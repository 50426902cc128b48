// Runs training graphs, in stretches. Units leave the calling thread at once; the same inputs give the same bits on every runtime.
import type { Task } from "../work/index.ts";

/** One unit to run: the task's S steps of batch B from `start`. */
export interface UnitRequest {
  /** Graph, data, batches, steps and codec are all the task's. */
  readonly task: Task;
  /** Parameters P(t), float32, all tensors in the task's order one after the other. */
  readonly start: Float32Array;
  /** Which of the task's optimizer settings. */
  readonly setting: number;
  /** Seed of the unit's samples and noise, 32 bytes. */
  readonly seed: Uint8Array;
  /** Checks go before training: higher runs first. */
  readonly priority: "check" | "train";
}

export interface UnitResult {
  /** P', same layout as `start`. */
  readonly end: Float32Array;
  /** SHA-256 of P' as protocol section 2 says (-0 as +0), 32 bytes. */
  readonly digest: Uint8Array;
  /** Canonical bytes of P' - P in the task's codec. */
  readonly delta: Uint8Array;
  /** SHA-256 of `delta`. */
  readonly deltaHash: Uint8Array;
  /** What only who ran the unit knows: a hash of the digests after every stretch but the last, 32 bytes. */
  readonly trace: Uint8Array;
  /** Mean training loss over the unit's last batch, for people only. */
  readonly loss: number;
  /** Wall time inside the graph, ms. */
  readonly graphMs: number;
  /** Wall time of the unit's stretches in the workers, ms. */
  readonly totalMs: number;
}

export interface Evaluation {
  readonly samples: number;
  readonly correct: number;
  /** Mean cross-entropy in nats, for people only. */
  readonly loss: number;
}

export interface ProviderReport {
  readonly provider: string;
  readonly state: "chosen" | "refused" | "not tried";
  /** Why it was refused, or how fast it is. */
  readonly reason: string;
  readonly remedy: string | undefined;
  /** Package and version of the library behind it, when it passed the vectors. */
  readonly library: string | undefined;
  /** Median ms of a step of the vectors, when it passed them. */
  readonly stepMs: number | undefined;
}

export interface UnitOptions {
  /** Ends the unit at its next stretch. */
  readonly signal: AbortSignal;
  /** Called after each stretch but the last, with the share of the unit that is done. */
  readonly onProgress?: (share: number) => void;
}

export interface Runtime {
  /** cuda, webgpu, cpu or wasm. */
  readonly provider: string;
  /** Units that can run at once: the number of workers. */
  readonly workers: number;
  /** What every provider answered, in order of trial. */
  readonly providers: readonly ProviderReport[];
  /** A unit runs in stretches, between which others get their turn. Throws NOT_FINITE when the graph diverged, BAD_MODEL for a task whose graphs were not opened, CLOSED after close. */
  run(request: UnitRequest, options: UnitOptions): Promise<UnitResult>;
  /** Exact forward pass over a split of the task's data. */
  evaluate(request: EvaluationRequest, options: { readonly signal: AbortSignal }): Promise<Evaluation>;
  close(): Promise<void>;
}

export interface EvaluationRequest {
  readonly task: Task;
  readonly parameters: Float32Array;
  readonly split: "validation" | "test";
}
