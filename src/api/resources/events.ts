// GET /v1/events: what happens in the node as server-sent events, one line of JSON each.
import type { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { NodeEvents, NodeView } from "../../node/index.ts";
import { HttpRefusal } from "../errors.ts";

const EVENTS: readonly (keyof NodeEvents)[] = ["block", "unit", "state", "alert", "peer"];
const HEARTBEAT_MS = 15_000;
/** A reader that leaves this much unread is cut off rather than kept in memory. */
const MAX_UNREAD_BYTES = 1 << 20;

function follow(view: NodeView, out: ServerResponse): () => void {
  const send = (text: string): void => {
    if (out.writableLength > MAX_UNREAD_BYTES) out.destroy();
    else out.write(text);
  };
  const listen = <K extends keyof NodeEvents>(event: K): (() => void) =>
    view.on(event, (payload) => send(`event: ${event}\ndata: ${JSON.stringify(payload)}\n\n`));
  const stops = EVENTS.map((event) => listen(event));
  const heartbeat = setInterval(() => send(": alive\n\n"), HEARTBEAT_MS);
  return () => {
    clearInterval(heartbeat);
    for (const stop of stops) stop();
  };
}

export function eventsResource(app: FastifyInstance, view: NodeView, maxStreams: number): void {
  const open = new Set<ServerResponse>();
  app.addHook("preClose", async () => {
    for (const out of open) out.end();
  });

  app.get("/v1/events", (_request, reply) => {
    if (open.size >= maxStreams) throw new HttpRefusal(503, "TOO_MANY_STREAMS", "Too many live streams are open.");
    reply.hijack();
    const out = reply.raw;
    open.add(out);
    const stop = follow(view, out);
    out.on("close", () => {
      stop();
      open.delete(out);
    });
    out.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", connection: "keep-alive" });
    out.write(`event: status\ndata: ${JSON.stringify(view.getStatus())}\n\n`);
  });
}
