// Keeps web pages out: a browser on this machine may be made to call localhost by any site it visits.
// The Host check stops names that were pointed here (DNS rebinding); the Origin check stops cross-site writes.
import type { IncomingHttpHeaders } from "node:http";
import { HttpRefusal } from "./errors.ts";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);
const isLoopback = (host: string): boolean => ["127.0.0.1", "::1", "localhost"].includes(host);

/** `host:port` or `[v6]:port` without its port. */
const hostName = (host: string): string => host.replace(/:\d+$/, "").toLowerCase();

export interface Asked {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** Throws HttpRefusal for a request that only a web page would make. `bound` is the interface the server listens on. */
export function guard(request: Asked, bound: string): void {
  const host = request.headers.host ?? "";
  const name = hostName(host);
  // Bound to a real interface on purpose: any address or name may lead here, but a name could be rebound, so only addresses.
  const open = !isLoopback(bound) && (/^[\d.]+$/.test(name) || name.startsWith("[") || name === bound.toLowerCase());
  if (!LOOPBACK.has(name) && !open)
    throw new HttpRefusal(403, "FORBIDDEN_HOST", "This host name does not belong to the node's API.");
  if (request.method === "GET" || request.method === "HEAD") return;
  const origin = request.headers.origin;
  const ownOrigin = origin === undefined || origin === `http://${host}`;
  const site = request.headers["sec-fetch-site"];
  const ownSite = site === undefined || site === "same-origin" || site === "none";
  if (!ownOrigin || !ownSite) throw new HttpRefusal(403, "FORBIDDEN_ORIGIN", "Other web sites may not write here.");
  if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? ""))
    throw new HttpRefusal(415, "JSON_ONLY", "The body must be JSON, with content-type application/json.");
}
