// Child process of the gossip benchmark: some libp2p wires, driven over IPC, that note when each message arrives.
import { systemClock } from "../../src/adapters/clock/index.ts";
import { createLibp2pWire } from "../../src/adapters/libp2p/index.ts";
import { noMetrics, silentLog } from "../../src/adapters/telemetry/index.ts";
import { ACCEPT } from "../../src/base/index.ts";
import type { Wire } from "../../src/ports/index.ts";

export type Order =
  | { readonly kind: "start"; readonly nodes: number }
  | { readonly kind: "dial"; readonly node: number; readonly address: string }
  | { readonly kind: "publish"; readonly node: number; readonly id: number; readonly bytes: number }
  | { readonly kind: "report" };

export type Answer =
  | { readonly kind: "started"; readonly addresses: readonly string[] }
  | { readonly kind: "dialled" | "published" }
  | {
      readonly kind: "report";
      /** [message id, node of this process, time] of every delivery; [message id, time] of every publication. */
      readonly arrivals: readonly (readonly [number, number, number])[];
      readonly departures: readonly (readonly [number, number])[];
      readonly cpuMs: number;
      readonly rssMb: number;
    };

/** Milliseconds since 1970 with fractions: comparable between processes of one machine. */
const now = (): number => performance.timeOrigin + performance.now();

const nothing = (): void => undefined;

const wires: Wire[] = [];
let arrivals: [number, number, number][] = [];
let departures: [number, number][] = [];
let cpu = process.cpuUsage();

async function start(nodes: number): Promise<void> {
  for (let node = 0; node < nodes; node++) {
    const wire = await createLibp2pWire(
      {
        network: "bench",
        listen: ["/ip4/127.0.0.1/tcp/0"],
        bootstrap: [],
        dataDir: undefined,
        mdns: false,
        maxConnections: 50,
        exemptLocal: true,
        lan: true,
        agent: "bench",
        minPeers: 0,
      },
      { log: silentLog(), clock: systemClock(), metrics: noMetrics() },
    );
    await wire.start({
      gossip: async (_topic, data) => {
        arrivals.push([new DataView(data.buffer).getUint32(0), node, now()]);
        return ACCEPT;
      },
      request: async (_protocol, data) => data,
      connected: nothing,
      disconnected: nothing,
    });
    wires.push(wire);
  }
}

async function publish(node: number, id: number, bytes: number): Promise<void> {
  const data = new Uint8Array(bytes).map((_, i) => (i * 31 + id) & 255);
  new DataView(data.buffer).setUint32(0, id);
  departures.push([id, now()]);
  await wires[node]?.publish("block", data);
}

function report(): Answer {
  const used = process.cpuUsage(cpu);
  const answer: Answer = {
    kind: "report",
    arrivals,
    departures,
    cpuMs: (used.user + used.system) / 1000,
    rssMb: process.memoryUsage.rss() / 2 ** 20,
  };
  arrivals = [];
  departures = [];
  cpu = process.cpuUsage();
  return answer;
}

async function obey(order: Order): Promise<Answer> {
  switch (order.kind) {
    case "start":
      await start(order.nodes);
      return { kind: "started", addresses: wires.map((wire) => wire.addresses()[0] as string) };
    case "dial":
      await wires[order.node]?.connect(order.address, { signal: AbortSignal.timeout(10_000) });
      return { kind: "dialled" };
    case "publish":
      await publish(order.node, order.id, order.bytes);
      return { kind: "published" };
    case "report":
      return report();
  }
}

process.on("message", (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on("disconnect", () => process.exit(0));
