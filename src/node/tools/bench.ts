// How fast this machine trains, and the self-test of the training path that `doctor` runs.
import { median, messageOf, PouwError, toHex, utf8 } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import type { Artifacts, Runtime } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import type { BenchReport } from "./reports.ts";

/** Number `n` of the benchmark's seeds. */
const seedOf = (n: number): Uint8Array => sha256(utf8(`bench ${n}`));

/** P(0) of a task. Throws BAD_MODEL when it is not installed. */
export async function firstParameters(
  artifacts: Artifacts,
  { name, model, initialDigest }: Task,
  options: { readonly signal: AbortSignal },
): Promise<Float32Array> {
  const found = await artifacts.get("parameters", initialDigest, options);
  if (found !== undefined) return found;
  throw new PouwError("BAD_MODEL", `task ${name} needs the parameters ${toHex(initialDigest)}: not to be had here`, {
    remedy: `Install the version of pouw-node that has the model ${model}.`,
  });
}

/** A task, and where its units start. */
export interface Work {
  readonly task: Task;
  readonly start: Float32Array;
}

export interface BenchRun extends Work {
  readonly runtime: Runtime;
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Share done, 0 to 1. */
  readonly onProgress: (done: number) => void;
}

/** Trains unit after unit on every worker for `seconds`; measured after one unit per worker to warm up. */
export async function benchTraining(run: BenchRun): Promise<BenchReport> {
  const { runtime, task, start, signal } = run;
  let next = 0;
  const unit = () => runtime.run({ task, start, setting: 0, seed: seedOf(next++), priority: "train" }, { signal });
  await Promise.all(Array.from({ length: runtime.workers }, unit));

  const graphMs: number[] = [];
  const unitMs: number[] = [];
  const before = performance.now();
  const elapsed = (): number => (performance.now() - before) / 1000;
  const worker = async (): Promise<void> => {
    while (elapsed() < run.seconds && !signal.aborted) {
      const result = await unit();
      graphMs.push(result.graphMs);
      unitMs.push(result.totalMs);
      run.onProgress(Math.min(1, elapsed() / run.seconds));
    }
  };
  await Promise.all(Array.from({ length: runtime.workers }, worker));
  const seconds = elapsed();
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return {
    model: task.model,
    provider: runtime.provider,
    workers: runtime.workers,
    seconds,
    units: graphMs.length,
    unitsPerSecond: graphMs.length / seconds,
    stepsPerSecond: (graphMs.length * task.steps) / seconds,
    graphMs: median(graphMs) ?? 0,
    unitMs: median(unitMs) ?? 0,
    graphShare: sum(graphMs) / sum(unitMs),
  };
}

/** Steps of the self-test: enough to train, quick on WASM. */
const TEST_STEPS = 20;

/** One unit twice: the same bits both times, other bits than it started from, and a finite loss. */
export async function selfTest(
  runtime: Runtime,
  { task, start }: Work,
  { signal }: { readonly signal: AbortSignal },
): Promise<{ readonly ok: boolean; readonly sentence: string }> {
  const short = { ...task, steps: TEST_STEPS };
  const failed = (why: string) => ({ ok: false, sentence: `${task.name}: ${why}` });
  try {
    const run = () => runtime.run({ task: short, start, setting: 0, seed: seedOf(0), priority: "train" }, { signal });
    const [first, second] = [await run(), await run()];
    const digest = toHex(first.digest);
    if (digest !== toHex(second.digest))
      return failed("one unit, run twice, gave two results: this machine must not mine");
    if (!Number.isFinite(first.loss) || !first.end.some((value, i) => value !== start[i]))
      return failed("a unit ran and trained nothing");
    const how = `${TEST_STEPS} steps of ${task.name} twice on ${runtime.provider}`;
    return { ok: true, sentence: `${how}: the same bits, ${second.graphMs.toFixed(0)} ms (${digest.slice(0, 12)})` };
  } catch (error) {
    signal.throwIfAborted();
    return failed(`a unit failed: ${messageOf(error)}`);
  }
}
