// Runs training graphs. Units leave the calling thread at once; the same inputs give the same bits on every runtime.

/** One unit to run: S steps of batch B from `start`. */
export interface UnitRequest {
  /** Name of a model directory, e.g. `digits-mlp`. */
  readonly model: string;
  /** Parameters P(t), float32, all tensors in manifest order one after the other. */
  readonly start: Float32Array;
  /** Seed of the batch PRF, 32 bytes. */
  readonly seed: Uint8Array;
  /** S. */
  readonly steps: number;
  /** Checks go before training: higher runs first. */
  readonly priority: "check" | "train";
  /** Also return the delta in this codec. */
  readonly delta: "exact" | undefined;
}

export interface UnitResult {
  /** P', same layout as `start`. */
  readonly end: Float32Array;
  /** SHA-256 of P' as protocol says (-0 as +0), 32 bytes. */
  readonly digest: Uint8Array;
  /** Canonical bytes of P' - P in the asked-for codec. */
  readonly delta: Uint8Array | undefined;
  /** SHA-256 of `delta`. */
  readonly deltaHash: Uint8Array | undefined;
  /** Mean training loss over the unit's last batch, for people only. */
  readonly loss: number;
  /** Wall time inside the graph, ms. */
  readonly graphMs: number;
  /** Wall time of the whole job in the worker, ms. */
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
  /** Median ms of the timed units, when it got that far. */
  readonly unitMs: number | undefined;
}

export interface Runtime {
  /** cuda, webgpu, cpu or wasm. */
  readonly provider: string;
  /** Units that can run at once: the number of workers. */
  readonly workers: number;
  /** What every provider answered, in order of trial. */
  readonly providers: readonly ProviderReport[];
  /** Throws NOT_FINITE when the graph diverged, CLOSED after close. */
  run(request: UnitRequest, options: { readonly signal: AbortSignal }): Promise<UnitResult>;
  /** Exact forward pass over a split. */
  evaluate(
    model: string,
    parameters: Float32Array,
    split: "validation" | "test",
    options: { readonly signal: AbortSignal },
  ): Promise<Evaluation>;
  close(): Promise<void>;
}
