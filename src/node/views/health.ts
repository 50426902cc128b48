// Real figures of how the node is doing, for scripts that watch it.
import { z } from "zod";
import type { Wire } from "../../ports/index.ts";
import { count } from "./forms.ts";

const healthMetricsSchema = z
  .object({
    responseTimeMs: z
      .number()
      .optional()
      .describe("Median round trip to the peers, milliseconds; absent without peers."),
    successRate: z.number().describe("Accepted gossip messages over all judged, 0 to 1."),
    bytesIn: count("Bytes received from peers since the start."),
    bytesOut: count("Bytes sent to peers since the start."),
    processorMs: z.number().describe("Processor time of the process, milliseconds."),
    eventLoopDelayP99Ms: z.number().describe("99th percentile of how late the event loop was, milliseconds."),
    residentBytes: count("Memory of the process, bytes."),
  })
  .readonly()
  .meta({ id: "HealthMetrics", description: "How the node is doing." });
export type HealthMetrics = z.infer<typeof healthMetricsSchema>;

/** The figures of this process and its wire, now. */
export function healthOf(wire: Pick<Wire, "peers" | "stats">, eventLoopDelayP99Ms: number): HealthMetrics {
  const trips = wire.peers().flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]));
  const { messagesIn, rejected, bytesIn, bytesOut } = wire.stats();
  const { user, system } = process.cpuUsage();
  return {
    responseTimeMs: trips.sort((a, b) => a - b)[trips.length >> 1],
    successRate: messagesIn === 0 ? 1 : 1 - rejected / messagesIn,
    bytesIn,
    bytesOut,
    processorMs: (user + system) / 1000,
    eventLoopDelayP99Ms,
    residentBytes: process.memoryUsage.rss(),
  };
}
