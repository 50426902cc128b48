// Entry of a training worker thread: opens its sessions, passes the gate, then does one job at a time.
import "../../polyfill.ts";
import { parentPort, workerData } from "node:worker_threads";
import { messageOf, PouwError } from "../../base/index.ts";
import { passGate } from "./gate.ts";
import {
  type Admission,
  type Job,
  type JobResult,
  type Order,
  type Passed,
  type Reply,
  toFault,
  type WorkerSetup,
} from "./messages.ts";
import { openProvider } from "./ort.ts";
import { openWorkbench, type Workbench } from "./workbench.ts";

const port = parentPort;
if (port === null) throw new PouwError("INTERNAL", "worker.ts is the entry of a worker thread");
let bench: Workbench | undefined;

/** Opens the `int8` lowering where there is one and it passes the gate, else the `float` one, whose reason counts when it fails too. */
async function open({ int8, ...setup }: WorkerSetup): Promise<Admission> {
  const provider = await openProvider(setup.provider);
  const attempt = async (graphs: WorkerSetup["graphs"]): Promise<Passed> => {
    bench = await openWorkbench(provider, { ...setup, graphs });
    return passGate(provider, setup, bench);
  };
  let refused: string | undefined;
  if (int8.size > 0)
    try {
      return { ...(await attempt(new Map([...setup.graphs, ...int8]))), lowering: "int8", refused };
    } catch (error) {
      refused = messageOf(error);
      await bench?.close();
      bench = undefined;
    }
  return { ...(await attempt(setup.graphs)), lowering: "float", refused };
}

async function perform(job: Job): Promise<JobResult> {
  if (bench === undefined) throw new PouwError("INTERNAL", "the worker has no sessions");
  return bench.perform(job);
}

/** The result's buffers move to the main thread, they are not copied. */
function transfers(result: JobResult): ArrayBuffer[] {
  if (!("end" in result)) return [];
  const buffers = [result.end.buffer, result.change?.delta.buffer];
  return buffers.filter((buffer) => buffer instanceof ArrayBuffer);
}

async function close(): Promise<void> {
  await bench?.close();
  port?.close();
}

const send = (reply: Reply, moved: ArrayBuffer[] = []): void => port.postMessage(reply, moved);

/** The job in hand. A session must not be released under it: its native call may not have begun yet. */
let busy: Promise<void> = Promise.resolve();

port.on("message", (order: Order) => {
  if (order.kind === "close") {
    busy = busy.then(close);
    return;
  }
  busy = busy
    .then(() => perform(order.job))
    .then(
      (result) => send({ kind: "done", result }, transfers(result)),
      (error: unknown) => send({ kind: "failed", fault: toFault(error) }),
    );
});

open(workerData as WorkerSetup).then(
  (admission) => send({ kind: "ready", ...admission }),
  (error: unknown) => send({ kind: "unfit", fault: toFault(error) }),
);
