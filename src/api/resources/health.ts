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
    return { ok: state !== "error" && state !== "stopping" && state !== "stopped", state };
  },
});

const readinessSchema = z
  .object({
    ready: z.boolean().describe("Whether the node has caught up with its peers and can store what it takes in."),
    state: stateForm,
    sentence: z.string().optional().describe("Why it is not ready, and what to do; absent when it is."),
  })
  .readonly()
  .meta({ id: "Readiness", description: "Whether the node does its work." });

export const readiness = resource({
  method: "GET",
  path: "/readyz",
  summary: "Whether the node is synced and able to write.",
  reply: readinessSchema,
  otherwise: { status: 503, summary: "Not now; the sentence says why.", when: ({ ready }) => !ready },
  handle(view) {
    const { state, health: checks } = view.getStatus();
    if (state === "active" || state === "mining") return { ready: true, state };
    const sentence = checks.find(({ ok }) => !ok)?.sentence ?? `The node is not ready: its state is ${state}.`;
    return { ready: false, state, sentence };
  },
});

export const metrics = textResource({
  path: "/metrics",
  summary: "Metrics in Prometheus text.",
  type: "text/plain; version=0.0.4; charset=utf-8",
  handle: (view) => view.metricsText(),
});
