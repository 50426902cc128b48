// Starts training workers as threads and speaks with them: one promise per job, and a clear end.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { messageOf } from "../../base/index.ts";
import type { Fit } from "./ladder.ts";
import { fromFault, type Job, type JobResult, type Order, type Reply, type WorkerSetup } from "./messages.ts";
import { type Hand, HandLost } from "./pool.ts";
import { disableTelemetry } from "./telemetry.ts";

/** Heap of a worker's JavaScript: it holds little, tensors are outside it. The small young part saves some 20 MB of garbage. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 2 };
/** What a running unit may take after `close` before its thread is ended under it. */
const CLOSE_LIMIT_MS = 30_000;

/** Makes a worker's thread. */
export type Launch = (setup: WorkerSetup) => Worker;

/**
 * Starts one worker and waits until it passed the gate. Throws what the worker says when it is not fit, HandLost when it dies.
 * `launch` makes the thread; tests hand in one of their own.
 */
export async function startHand(setup: WorkerSetup, launch: Launch = launchWorker): Promise<Fit> {
  const { next, gone, close } = openLine(launch(setup));
  const first = await next();
  if (first.kind !== "ready") {
    await close();
    throw first.kind === "unfit" ? fromFault(first.fault) : new HandLost(`it began with ${first.kind}`);
  }
  const run = async (job: Job): Promise<JobResult> => {
    const last = await next({ kind: "job", job });
    if (last.kind === "failed") throw fromFault(last.fault);
    if (last.kind !== "done") throw new HandLost(`it answered ${last.kind} to a job`);
    return last.result;
  };
  const { kind: _, ...admission } = first;
  return { hand: { run, gone, close }, ...admission };
}

/** A thread that is told one thing at a time. */
interface Line extends Pick<Hand, "gone" | "close"> {
  /** What the worker says next, after it was sent `order`. Rejects with HandLost when it dies first. */
  next(order?: Order): Promise<Reply>;
}

function openLine(worker: Worker): Line {
  let answer: ((reply: Reply) => void) | undefined;
  let lost: ((reason: string) => void) | undefined;
  let asked = false;
  let death: string | undefined;
  const gone = new Promise<string | undefined>((resolve) => {
    const end = (reason: string): void => {
      death ??= reason;
      lost?.(reason);
      resolve(asked ? undefined : reason);
    };
    worker.on("error", (error) => end(messageOf(error)));
    worker.on("exit", (code) => end(`its thread ended with code ${code}`));
  });
  worker.on("message", (reply: Reply) => answer?.(reply));
  const send = (order: Order): void => worker.postMessage(order);
  return {
    gone,
    next: (order) =>
      new Promise((resolve, reject) => {
        if (death !== undefined) return reject(new HandLost(death));
        answer = resolve;
        lost = (reason) => reject(new HandLost(reason));
        if (order !== undefined) send(order);
      }),
    async close() {
      asked = true;
      if (death !== undefined) return;
      send({ kind: "close" });
      const late = setTimeout(() => void worker.terminate(), CLOSE_LIMIT_MS);
      await gone.finally(() => clearTimeout(late));
    },
  };
}

/** The worker's entry lies beside this file, as .js in dist and as .ts in the source tree. */
function launchWorker(setup: WorkerSetup): Worker {
  disableTelemetry();
  return new Worker(import.meta.url.endsWith(".ts") ? sourceEntry() : new URL("./worker.js", import.meta.url), {
    workerData: setup,
    resourceLimits: WORKER_LIMITS,
    name: `pouw-${setup.provider}`,
  });
}

/** Tests and scripts run the sources: a first module installs the TypeScript loader (Node 20 ignores --import in workers). */
function sourceEntry(): URL {
  // The resolver of require() would give the CommonJS form, which does not work in a worker.
  const tsx = dirname(createRequire(import.meta.url).resolve("tsx/package.json"));
  const loader = pathToFileURL(join(tsx, "dist", "esm", "api", "index.mjs")).href;
  const entry = new URL("./worker.ts", import.meta.url).href;
  const steps = `import { register } from ${JSON.stringify(loader)}; register(); await import(${JSON.stringify(entry)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(steps)}`);
}
