// GET /v1/status, /v1/peers, /healthz and /metrics: the node as it is now.
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { NodeView } from "../../node/index.ts";
import { healthSchema, peerSchema, replies, replySchema, statusSchema } from "../schemas.ts";

export function statusResource(app: FastifyInstance, view: NodeView): void {
  app.get("/v1/status", { schema: replies(statusSchema) }, () => view.getStatus());
  app.get("/v1/peers", { schema: replies(z.array(peerSchema)) }, () => view.peers());

  const health = replySchema(healthSchema);
  app.get("/healthz", { schema: { response: { 200: health, 503: health } } }, (_request, reply) => {
    const { state } = view.getStatus();
    const ok = state !== "error" && state !== "stopping";
    return reply.code(ok ? 200 : 503).send({ ok, state });
  });

  app.get("/metrics", async (_request, reply) =>
    reply.type("text/plain; version=0.0.4; charset=utf-8").send(await view.metricsText()),
  );
}
