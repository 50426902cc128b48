// Gossip latency over real sockets: 10 nodes in 2 processes, time from publish until every node has judged the message.
// `npx tsx scripts/bench/gossip.ts [messages]` prints JSON.
import { type ChildProcess, fork } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Answer, Order } from "./gossip-nodes.ts";

export interface GossipFigures {
  readonly nodes: number;
  readonly processes: number;
  readonly bytes: number;
  readonly messages: number;
  /** Share of (message, node) pairs that arrived, 1 when all did. */
  readonly delivered: number;
  /** Publish until the last of the other nodes judged it, ms. */
  readonly toAllMs: { readonly p50: number; readonly p99: number };
  /** Publish until one node judged it, over all nodes, ms. */
  readonly toOneMs: { readonly p50: number; readonly p99: number };
  /** Processor time of all nodes together per message, ms. */
  readonly cpuMsPerMessage: number;
  readonly rssMbPerProcess: number;
  readonly node: string;
  readonly cpu: string;
}

const NODES = 5;
const PROCESSES = 2;
/** Every node dials the nodes at these distances: 4 to 8 connections each. */
const DIALS = [1, 2, 5];

interface Child {
  readonly process: ChildProcess;
  order(order: Order): Promise<Answer>;
}

function child(): Child {
  const run = fork(fileURLToPath(new URL("./gossip-nodes.ts", import.meta.url)), {
    execArgv: ["--import", "tsx"],
    serialization: "advanced",
  });
  return {
    process: run,
    order: (order) =>
      new Promise((resolve, reject) => {
        const onExit = (code: number | null): void => reject(new Error(`a child ended with ${code}`));
        run.once("exit", onExit);
        run.once("message", (answer: Answer) => {
          run.off("exit", onExit);
          resolve(answer);
        });
        run.send(order);
      }),
  };
}

const pause = (ms: number): Promise<void> => new Promise((next) => setTimeout(next, ms));

/** The value below which a share `q` of `values` lies. */
function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
const spread = (values: readonly number[]): { p50: number; p99: number } => ({
  p50: rounded(quantile(values, 0.5)),
  p99: rounded(quantile(values, 0.99)),
});

async function connectAll(children: readonly Child[]): Promise<void> {
  const started = await Promise.all(children.map((one) => one.order({ kind: "start", nodes: NODES })));
  const addresses = started.flatMap((answer) => (answer.kind === "started" ? answer.addresses : []));
  for (const distance of DIALS)
    for (let i = 0; i < addresses.length; i++) {
      const address = addresses[(i + distance) % addresses.length] as string;
      await children[Math.floor(i / NODES)]?.order({ kind: "dial", node: i % NODES, address });
    }
}

/** `messages` of `bytes` each from the nodes in turn, one every `everyMs`, after a warm-up that is not counted. */
async function measure(
  children: readonly Child[],
  options: { readonly bytes: number; readonly messages: number; readonly everyMs: number; readonly firstId: number },
): Promise<GossipFigures> {
  const total = NODES * PROCESSES;
  const send = async (id: number): Promise<void> => {
    const node = id % total;
    await children[Math.floor(node / NODES)]?.order({ kind: "publish", node: node % NODES, id, bytes: options.bytes });
    await pause(options.everyMs);
  };
  for (let i = 0; i < total; i++) await send(options.firstId + i);
  await pause(500);
  for (const one of children) await one.order({ kind: "report" });
  for (let i = 0; i < options.messages; i++) await send(options.firstId + total + i);
  await pause(1_000);
  const reports = (await Promise.all(children.map((one) => one.order({ kind: "report" })))).filter(
    (answer) => answer.kind === "report",
  );
  const departed = new Map(reports.flatMap((report) => report.departures));
  const delays = new Map<number, number[]>();
  for (const [id, , at] of reports.flatMap((report) => report.arrivals))
    delays.set(id, [...(delays.get(id) ?? []), at - (departed.get(id) ?? Number.NaN)]);
  const all = [...delays.values()];
  return {
    nodes: total,
    processes: PROCESSES,
    bytes: options.bytes,
    messages: options.messages,
    delivered: all.flat().length / (options.messages * (total - 1)),
    toAllMs: spread(all.filter((one) => one.length === total - 1).map((one) => Math.max(...one))),
    toOneMs: spread(all.flat()),
    cpuMsPerMessage: rounded(reports.reduce((sum, report) => sum + report.cpuMs, 0) / options.messages),
    rssMbPerProcess: Math.round(Math.max(...reports.map((report) => report.rssMb))),
    node: process.version,
    cpu: `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`,
  };
}

/** Spawns the processes, connects the nodes, measures 1 KB and 64 KB messages, and ends the processes. */
export async function benchGossip(messages = 100): Promise<readonly GossipFigures[]> {
  const children = Array.from({ length: PROCESSES }, child);
  try {
    await connectAll(children);
    // Meshes form within a heartbeat or two.
    await pause(2_000);
    return [
      await measure(children, { bytes: 1_024, messages, everyMs: 100, firstId: 0 }),
      await measure(children, { bytes: 65_536, messages, everyMs: 150, firstId: 1_000_000 }),
    ];
  } finally {
    for (const one of children) one.process.kill();
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  console.log(JSON.stringify(await benchGossip(Number(process.argv[2] ?? 100)), null, 2));
