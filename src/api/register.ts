// Registers a row with fastify: its input checked, its reply serialised, by its own schemas.
import type { FastifyInstance } from "fastify";
import type { z } from "zod";
import { PouwError } from "../base/index.ts";
import type { NodeView } from "../node/index.ts";
import { HttpRefusal } from "./errors.ts";
import { serialisable } from "./json-schema.ts";
import type { Resource, Row, TextResource } from "./resource.ts";
import { errorSchema } from "./schemas.ts";
import { registerStreams } from "./streams.ts";

export interface Registration {
  readonly app: FastifyInstance;
  readonly view: NodeView;
  /** Open streams of all stream rows together, at most. */
  readonly maxStreams: number;
}

/** Registers every row. */
export function registerRows(rows: readonly Row[], registration: Registration): void {
  for (const row of rows) {
    if (row.kind === "json") registerJson(row, registration);
    else if (row.kind === "text") registerText(row, registration);
  }
  const streams = rows.filter((row) => row.kind === "stream");
  registerStreams(streams, registration);
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
