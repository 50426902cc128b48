// What callers ask of the pool, as the jobs that a worker does one at a time: a unit is several, so that others get their turn in between.
import { taggedHash } from "../../crypto/index.ts";
import type { Evaluation, UnitRequest, UnitResult } from "../../ports/index.ts";
import { stretchesOf } from "../../work/index.ts";
import type { Job, JobResult, StretchResult } from "./messages.ts";

/** Jobs that follow each other, each made of what the last one gave. */
export interface Work<R> {
  next(): Job;
  /** Takes what the job gave; undefined while there is more to do. */
  take(result: JobResult): R | undefined;
}

export const oneJob = (job: Job): Work<Evaluation> => ({ next: () => job, take: (result) => result as Evaluation });

/** Parameters move between threads in shared memory: a structured clone of a large array costs both many times this copy. */
export function share(values: Float32Array): Float32Array {
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}

/** A unit, stretch by stretch. */
export class UnitWork implements Work<UnitResult> {
  readonly #request: Omit<UnitRequest, "priority">;
  readonly #onProgress: (share: number) => void;
  readonly #stretches: number;
  readonly #digests: Uint8Array[] = [];
  #from: Float32Array;
  #graphMs = 0;
  #totalMs = 0;

  constructor(request: Omit<UnitRequest, "priority">, onProgress: (share: number) => void = () => undefined) {
    this.#request = { ...request, start: share(request.start) };
    this.#onProgress = onProgress;
    this.#stretches = stretchesOf(request.task.steps).length - 1;
    this.#from = this.#request.start;
  }

  next(): Job {
    const { task, setting, seed, start } = this.#request;
    return { kind: "stretch", task, setting, seed, start, stretch: this.#digests.length, from: this.#from };
  }

  take(result: JobResult): UnitResult | undefined {
    const { end, digest, loss, graphMs, totalMs, change } = result as StretchResult;
    this.#graphMs += graphMs;
    this.#totalMs += totalMs;
    if (change === undefined) {
      this.#digests.push(digest);
      this.#from = share(end);
      this.#onProgress(this.#digests.length / this.#stretches);
      return undefined;
    }
    const trace = taggedHash("trace", ...this.#digests);
    return { end, digest, ...change, trace, loss, graphMs: this.#graphMs, totalMs: this.#totalMs };
  }
}
