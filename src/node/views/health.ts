// Real figures of how the node is doing, for scripts that watch it.
import { z } from "zod";
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
    residentBytes: count("Memory of the process, bytes."),
  })
  .readonly()
  .meta({ id: "HealthMetrics", description: "How the node is doing." });
export type HealthMetrics = z.infer<typeof healthMetricsSchema>;
