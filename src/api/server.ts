// The HTTP server: the guard, the rows, the error form, and how it takes a port.
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { PouwError } from "../base/index.ts";
import { DEFAULT_API_PORT, type NodeView } from "../node/index.ts";
import { HttpRefusal, sendError, statusOf } from "./errors.ts";
import { guardForm, guardHost, guardOrigin } from "./guard.ts";
import { registerRows } from "./register.ts";
import { matches, type Row } from "./resource.ts";
import { withAbout } from "./resources/about.ts";
import { RESOURCES } from "./resources/index.ts";

/** A request has this long to arrive whole, ms. */
const REQUEST_MS = 10_000;
/** How often that is looked at, ms. */
const CHECK_MS = 1000;
/** Connections at once, streams included; more are closed as they come. */
const MAX_CONNECTIONS = 256;

export interface ApiOptions {
  readonly host: string;
  /** `auto`: the default port or a free one; 0: a free one. */
  readonly port: number | "auto";
  readonly bodyBytes: number;
  readonly maxStreams: number;
  /** Time that a request may take to arrive, ms; 10 s when left out. */
  readonly requestMs?: number;
  /** More resources, a plugin's, beside those of resources/index.ts. */
  readonly resources?: readonly Row[];
  /** Told of every answer of 500 and above, with what caused it. */
  readonly onFailure?: (error: unknown, url: string) => void;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Every row of an API: the node's, `more` of plugins, and those that tell of them. Throws BAD_CONFIG for rows that clash. */
export const apiRows = (more: readonly Row[] = []): readonly Row[] => withAbout([...RESOURCES, ...more]);

/** The server without a port, for `inject`. Throws BAD_CONFIG when a resource claims what another one has. */
export function buildApi(view: NodeView, options: Omit<ApiOptions, "port">): FastifyInstance {
  const rows = apiRows(options.resources);
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    if (statusOf(error) >= 500) options.onFailure?.(error, request.url);
    sendError(reply, error);
  };
  const requestTimeout = options.requestMs ?? REQUEST_MS;
  const app = fastify({
    bodyLimit: options.bodyBytes,
    forceCloseConnections: true,
    requestTimeout,
    // Node gives a body the longer of the two times, and headers a minute where nobody says otherwise.
    http: { connectionsCheckingInterval: CHECK_MS, headersTimeout: requestTimeout },
    frameworkErrors: fail,
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("x-content-type-options", "nosniff").header("cache-control", "no-store");
    guardHost(request, options.host);
    guardOrigin(request);
    // Before the form of a write: a wrong method is told as one, whatever its body is.
    if (request.is404) refuseUnknown(request, rows);
    guardForm(request);
  });
  app.setErrorHandler(fail);
  registerRows(rows, { app, view, maxStreams: options.maxStreams });
  return app;
}

/** Throws BAD_METHOD for a path that has other methods, NO_SUCH_PAGE for one that has none. */
function refuseUnknown({ method, url }: FastifyRequest, rows: readonly Row[]): never {
  const path = url.split("?", 1)[0] as string;
  const others = rows.filter((row) => matches(row, path));
  if (others.length === 0) throw new HttpRefusal("NO_SUCH_PAGE", `There is nothing at ${method} ${url}.`);
  const allow = others.flatMap((row) =>
    row.method === "GET" && row.kind !== "stream" ? ["GET", "HEAD"] : [row.method],
  );
  throw new HttpRefusal("BAD_METHOD", `${method} is no method of ${path}: it takes ${allow.join(", ")}.`, {
    headers: { allow: allow.join(", ") },
  });
}

const taken = (error: unknown): boolean => (error as { code?: unknown }).code === "EADDRINUSE";

async function listen(app: FastifyInstance, host: string, port: number | "auto"): Promise<void> {
  try {
    await app.listen({ host, port: port === "auto" ? DEFAULT_API_PORT : port });
  } catch (error) {
    if (!taken(error)) throw error;
    if (port === "auto") return listen(app, host, 0);
    throw new PouwError("PORT_IN_USE", `The API's port ${port} is taken by another process.`, {
      remedy: "Choose another with --api-port, or --api-port auto for a free one.",
      cause: error,
    });
  }
}

/** Starts the API. Throws PORT_IN_USE for a port that was asked for and is taken. */
export async function startApi(view: NodeView, options: ApiOptions): Promise<ApiServer> {
  const app = buildApi(view, options);
  try {
    await listen(app, options.host, options.port);
  } catch (error) {
    await app.close();
    throw error;
  }
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const name = options.host === "0.0.0.0" || options.host === "::" ? "127.0.0.1" : options.host;
  const url = `http://${name.includes(":") ? `[${name}]` : name}:${port}`;
  return { url, port, close: () => app.close() };
}
