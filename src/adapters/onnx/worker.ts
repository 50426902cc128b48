// Entry of a training worker thread: opens its sessions, proves itself if asked to, then does one task at a time.
import "../../polyfill.ts";
import { parentPort, workerData } from "node:worker_threads";
import { PouwError } from "../../base/index.ts";
import { openProvider } from "./engine.ts";
import { type Order, type Reply, type Task, type TaskResult, toFault, type WorkerSetup } from "./messages.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

/** Units timed to compare providers: the first warms up, the median of the rest is what counts. */
const TIMED_UNITS = 5;
const TIMED_STEPS = 20;

const port = parentPort;
if (port === null) throw new PouwError("INTERNAL", "worker.ts is the entry of a worker thread");
const benches = new Map<string, Workbench>();

async function open({ provider, models, data, gate }: WorkerSetup): Promise<number | undefined> {
  const engine = await openProvider(provider);
  let unitMs: number | undefined;
  for (const files of models) {
    const { manifest } = files;
    const set = data.find((candidate) => candidate.name === manifest.data.name);
    const bench = await openWorkbench(engine, files, set);
    benches.set(manifest.name, bench);
    if (!gate) continue;
    await bench.prove();
    unitMs ??= await bench.time(TIMED_UNITS, TIMED_STEPS);
  }
  return unitMs;
}

function perform(task: Task): Promise<TaskResult> {
  const bench = benches.get(task.model);
  if (bench === undefined)
    throw new PouwError("BAD_MODEL", `the model ${task.model} was not prepared when the runtime was opened`);
  return task.kind === "unit" ? bench.unit(task) : bench.evaluate(task);
}

/** The result's buffers move to the main thread, they are not copied. */
function transfers(result: TaskResult): ArrayBuffer[] {
  if (!("end" in result)) return [];
  const { end, delta } = result;
  return [end.buffer, ...(delta === undefined ? [] : [delta.buffer])].filter((buffer) => buffer instanceof ArrayBuffer);
}

async function close(): Promise<void> {
  for (const bench of benches.values()) await bench.close();
  port?.close();
}

const send = (reply: Reply, moved: ArrayBuffer[] = []): void => port.postMessage(reply, moved);

/** The task in hand. A session must not be released under it: its native call may not have begun yet. */
let busy: Promise<void> = Promise.resolve();

port.on("message", (order: Order) => {
  if (order.kind === "close") {
    busy = busy.then(close);
    return;
  }
  busy = busy
    .then(() => perform(order.task))
    .then(
      (result) => send({ kind: "done", result }, transfers(result)),
      (error: unknown) => send({ kind: "failed", fault: toFault(error) }),
    );
});

open(workerData as WorkerSetup).then(
  (unitMs) => send({ kind: "ready", unitMs }),
  (error: unknown) => send({ kind: "unfit", fault: toFault(error) }),
);
