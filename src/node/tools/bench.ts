// How fast this machine trains, and the self-test of the training path that `doctor` runs.
import { messageOf, toHex, utf8 } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import { initialParameters, type ModelManifest } from "../../ml/index.ts";
import type { Runtime } from "../../ports/index.ts";
import type { BenchReport } from "./reports.ts";

/** Number `n` of the benchmark's seeds. */
const seedOf = (n: number): Uint8Array => sha256(utf8(`bench ${n}`));

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export interface BenchRun {
  readonly runtime: Runtime;
  readonly manifest: ModelManifest;
  /** Steps per unit of the network. */
  readonly steps: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
  /** Share done, 0 to 1. */
  readonly onProgress: (done: number) => void;
}

/** Trains unit after unit on every worker for `seconds`; measured after one unit per worker to warm up. */
export async function benchTraining(run: BenchRun): Promise<BenchReport> {
  const { runtime, manifest, steps, signal } = run;
  const start = initialParameters(manifest);
  let next = 0;
  const unit = () =>
    runtime.run(
      { model: manifest.name, start, seed: seedOf(next++), steps, priority: "train", delta: "exact" },
      { signal },
    );
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
    model: manifest.name,
    provider: runtime.provider,
    workers: runtime.workers,
    seconds,
    units: graphMs.length,
    unitsPerSecond: graphMs.length / seconds,
    stepsPerSecond: (graphMs.length * steps) / seconds,
    graphMs: median(graphMs),
    unitMs: median(unitMs),
    graphShare: sum(graphMs) / sum(unitMs),
  };
}

/** Steps of the self-test: enough to train, quick on WASM. */
const TEST_STEPS = 20;

/** One unit twice: the same bits both times, other bits than it started from, and a finite loss. */
export async function selfTest(
  runtime: Runtime,
  manifest: ModelManifest,
  { signal }: { readonly signal: AbortSignal },
): Promise<{ readonly ok: boolean; readonly sentence: string }> {
  const start = initialParameters(manifest);
  const request = { model: manifest.name, start, seed: seedOf(0), steps: TEST_STEPS, priority: "train" } as const;
  try {
    const run = () => runtime.run({ ...request, delta: "exact" }, { signal });
    const [first, second] = [await run(), await run()];
    const digest = toHex(first.digest);
    if (digest !== toHex(second.digest))
      return { ok: false, sentence: "one unit, run twice, gave two results: this machine must not mine" };
    if (!Number.isFinite(first.loss) || !first.end.some((value, i) => value !== start[i]))
      return { ok: false, sentence: "a unit ran and trained nothing" };
    const how = `${TEST_STEPS} steps of ${manifest.name} twice on ${runtime.provider}`;
    return { ok: true, sentence: `${how}: the same bits, ${second.graphMs.toFixed(0)} ms (${digest.slice(0, 12)})` };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, sentence: `a unit failed: ${messageOf(error)}` };
  }
}
