// Starts training workers as threads and speaks with them: one promise per task, and a clear end.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { messageOf } from "../../base/index.ts";
import { fromFault, type Order, type Reply, type Task, type TaskResult, type WorkerSetup } from "./messages.ts";
import { type Hand, HandLost } from "./pool.ts";

/** Heap of a worker's JavaScript: it holds little, tensors are outside it. The small young part saves some 20 MB of garbage. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 2 };
/** What a running unit may take after `close` before its thread is ended under it. */
const CLOSE_LIMIT_MS = 30_000;

interface Started {
  readonly hand: Hand;
  readonly unitMs: number | undefined;
}

/**
 * Starts one worker and waits until it has its sessions. Throws what the worker says when it is not fit, HandLost when it dies.
 * `launch` makes the thread; tests hand in one of their own.
 */
export async function startHand(
  setup: WorkerSetup,
  launch: (setup: WorkerSetup) => Worker = launchWorker,
): Promise<Started> {
  const worker = launch(setup);
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
  const reply = (send: () => void): Promise<Reply> =>
    new Promise((resolve, reject) => {
      if (death !== undefined) return reject(new HandLost(death));
      answer = resolve;
      lost = (reason) => reject(new HandLost(reason));
      send();
    });
  const order = (message: Order): void => worker.postMessage(message);
  const close = async (): Promise<void> => {
    asked = true;
    if (death !== undefined) return;
    order({ kind: "close" });
    const late = setTimeout(() => void worker.terminate(), CLOSE_LIMIT_MS);
    await gone.finally(() => clearTimeout(late));
  };

  const first = await reply(() => undefined);
  if (first.kind === "unfit") {
    await close();
    throw fromFault(first.fault);
  }
  const run = async (task: Task): Promise<TaskResult> => {
    const last = await reply(() => order({ kind: "task", task }));
    if (last.kind === "failed") throw fromFault(last.fault);
    if (last.kind !== "done") throw new HandLost(`it answered ${last.kind} to a task`);
    return last.result;
  };
  return { hand: { run, gone, close }, unitMs: first.kind === "ready" ? first.unitMs : undefined };
}

/** The worker's entry lies beside this file, as .js in dist and as .ts in the source tree. */
function launchWorker(setup: WorkerSetup): Worker {
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
