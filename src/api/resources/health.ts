// For whoever watches the process: is it alive, and what does it measure.
import { z } from "zod";
import { stateForm } from "../../node/index.ts";
import { resource, textResource } from "../resource.ts";

const healthSchema = z
  .object({ ok: z.boolean().describe("Whether the node works."), state: stateForm })
  .readonly()
  .meta({ id: "Health", description: "Whether the process is alive." });

export const health = resource({
  method: "GET",
  path: "/healthz",
  summary: "Whether the node is alive.",
  reply: healthSchema,
  otherwise: { status: 503, summary: "It failed, or is stopping.", when: ({ ok }) => !ok },
  handle(view) {
    const { state } = view.getStatus();
    return { ok: state !== "error" && state !== "stopping", state };
  },
});

export const metrics = textResource({
  path: "/metrics",
  summary: "Metrics in Prometheus text.",
  type: "text/plain; version=0.0.4; charset=utf-8",
  handle: (view) => view.metricsText(),
});
