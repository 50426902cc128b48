// The HTTP server: the guard, the resources, the error form, and how it takes a port.
import fastify, { type FastifyInstance } from "fastify";
import { PouwError } from "../base/index.ts";
import { DEFAULT_API_PORT, type NodeView } from "../node/index.ts";
import { HttpRefusal, replyFor, sendError } from "./errors.ts";
import { guard } from "./guard.ts";
import { accountsResource } from "./resources/accounts.ts";
import { chainResource } from "./resources/chain.ts";
import { eventsResource } from "./resources/events.ts";
import { statusResource } from "./resources/status.ts";

export interface ApiOptions {
  readonly host: string;
  /** `auto`: the default port or a free one; 0: a free one. */
  readonly port: number | "auto";
  readonly bodyBytes: number;
  readonly maxStreams: number;
  /** Told of every answer of 500 and above, with what caused it. */
  readonly onFailure?: (error: unknown, url: string) => void;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The server without a port, for `inject`. */
export function buildApi(view: NodeView, options: Omit<ApiOptions, "port">): FastifyInstance {
  const app = fastify({ bodyLimit: options.bodyBytes, forceCloseConnections: true, requestTimeout: 30_000 });
  app.removeContentTypeParser("text/plain");
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("x-content-type-options", "nosniff").header("cache-control", "no-store");
    guard(request, options.host);
  });
  app.setErrorHandler((error, request, reply) => {
    if (replyFor(error).status >= 500) options.onFailure?.(error, request.url);
    sendError(reply, error);
  });
  app.setNotFoundHandler((request, reply) => {
    sendError(reply, new HttpRefusal(404, "NO_SUCH_PAGE", `There is nothing at ${request.method} ${request.url}.`));
  });
  statusResource(app, view);
  chainResource(app, view);
  accountsResource(app, view);
  eventsResource(app, view, options.maxStreams);
  return app;
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
