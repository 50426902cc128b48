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

/** Throws FORBIDDEN_HOST for a name that is not this machine's. `bound` is the interface the server listens on. */
export function guardHost({ headers }: Asked, bound: string): void {
  const name = hostName(headers.host ?? "");
  // Bound to a real interface on purpose: any address or name may lead here, but a name could be rebound, so only addresses.
  const open = !isLoopback(bound) && (/^[\d.]+$/.test(name) || name.startsWith("[") || name === bound.toLowerCase());
  if (!LOOPBACK.has(name) && !open)
    throw new HttpRefusal("FORBIDDEN_HOST", "This host name does not belong to the node's API.");
}

/** Throws FORBIDDEN_ORIGIN or JSON_ONLY for a write that only a web page would make. */
export function guardWrite({ method, headers }: Asked): void {
  if (method === "GET" || method === "HEAD") return;
  const { origin, host = "" } = headers;
  const ownOrigin = origin === undefined || origin === `http://${host}`;
  const site = headers["sec-fetch-site"];
  const ownSite = site === undefined || site === "same-origin" || site === "none";
  if (!ownOrigin || !ownSite) throw new HttpRefusal("FORBIDDEN_ORIGIN", "Other web sites may not write here.");
  if (!/^application\/json\s*(;|$)/i.test(headers["content-type"] ?? ""))
    throw new HttpRefusal("JSON_ONLY", "The body must be JSON, with content-type application/json.");
}
