// Registers a row with fastify: its input checked, its reply serialised, by its own schemas.
import type { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { PouwError } from "../base/index.ts";
import type { NodeView } from "../node/index.ts";
import { HttpRefusal } from "./errors.ts";
import { serialisable } from "./json-schema.ts";
import type { Resource, Row, StreamResource, TextResource } from "./resource.ts";
import { errorSchema } from "./schemas.ts";

const HEARTBEAT_MS = 15_000;
/** A reader that leaves this much unread is cut off rather than kept in memory. */
const MAX_UNREAD_BYTES = 1 << 20;

export interface Registration {
  readonly app: FastifyInstance;
  readonly view: NodeView;
  /** Open streams of all stream rows together, at most. */
  readonly maxStreams: number;
}

/** Registers every row. */
export function registerRows(rows: readonly Row[], registration: Registration): void {
  const streams = new Set<ServerResponse>();
  registration.app.addHook("preClose", async () => {
    for (const out of streams) out.end();
  });
  for (const row of rows) {
    if (row.kind === "json") registerJson(row, registration);
    else if (row.kind === "text") registerText(row, registration);
    else registerStream(row, registration, streams);
  }
}

/** The first thing that is wrong, with the name of its field: `transaction.fee: must be a decimal string`. */
function complaint(error: z.ZodError, whole: string): string {
  const issue = error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? whole : issue.path.join(".");
  return `${field}: ${issue?.message ?? "is not right"}.`;
}

/** Throws BAD_ID. */
function parsePart<T extends z.ZodType>(schema: T, value: unknown, whole: string): z.output<T> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw new PouwError("BAD_ID", complaint(parsed.error, whole));
}

/** Throws BAD_REQUEST. */
function parseBody(schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new HttpRefusal("BAD_REQUEST", complaint(parsed.error, "the body"), {
    remedy: "GET /v1/openapi.json and docs/api.md say what this resource takes.",
  });
}

function registerJson(row: Resource, { app, view }: Registration): void {
  const { method, path: url, status, otherwise } = row;
  const reply = serialisable(row.reply);
  const error = serialisable(errorSchema);
  const second = otherwise === undefined ? {} : { [otherwise.status]: reply };
  const response = { "4xx": error, "5xx": error, ...second, [status]: reply };
  app.route({
    method,
    url,
    schema: { response },
    async handler(request, answer) {
      const value = await row.handle(view, {
        params: parsePart(row.params, request.params, "the path"),
        query: parsePart(row.query, request.query, "the query"),
        body: parseBody(row.body, request.body),
      });
      return answer.code(otherwise?.when(value) === true ? otherwise.status : status).send(value);
    },
  });
}

function registerText(row: TextResource, { app, view }: Registration): void {
  app.get(row.path, async (_request, reply) => reply.type(row.type).send(await row.handle(view)));
}

function registerStream(row: StreamResource, { app, view, maxStreams }: Registration, open: Set<ServerResponse>): void {
  const schemas = new Map(Object.entries(row.events).map(([event, schema]) => [event, serialisable(schema)]));
  // No HEAD: it would hold a stream open that nobody can read.
  app.get(row.path, { exposeHeadRoute: false }, (_request, reply) => {
    if (open.size >= maxStreams) throw new HttpRefusal("TOO_MANY_STREAMS", "Too many live streams are open.");
    const out = reply.raw;
    reply.hijack();
    open.add(out);
    out.on("close", () => open.delete(out));
    out.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", connection: "keep-alive" });
    feed(out, (send) =>
      row.open(view, (event, payload) => {
        const schema = schemas.get(event);
        if (schema === undefined) return;
        const line = reply.serializeInput(payload as { [key: string]: unknown }, schema);
        send(`event: ${event}\ndata: ${line}\n\n`);
      }),
    );
  });
}

/** Writes what `open` sends, and a sign of life, until the reader goes; one that cannot be opened is cut off. */
function feed(out: ServerResponse, open: (send: (text: string) => void) => () => void): void {
  const write = (text: string): void => {
    if (out.writableLength > MAX_UNREAD_BYTES) out.destroy();
    else out.write(text);
  };
  try {
    const stop = open(write);
    const heartbeat = setInterval(() => write(": alive\n\n"), HEARTBEAT_MS);
    out.on("close", () => {
      clearInterval(heartbeat);
      stop();
    });
  } catch (error) {
    // The headers are gone: breaking off is all that is left to say it with.
    out.destroy(error instanceof Error ? error : undefined);
  }
}
