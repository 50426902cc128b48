// Keeps web pages out: a browser on this machine may be made to call localhost by any site it visits.
// The Host check stops names that were pointed here (DNS rebinding); the Origin check stops all else that a page may ask for.
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

/**
 * Throws FORBIDDEN_ORIGIN for what another web site's page asks for: it could not read an answer, but it can write, and hold
 * streams open. A person who follows a link to here is let in.
 */
export function guardOrigin({ method, headers }: Asked): void {
  const { origin, host = "" } = headers;
  const ownOrigin = origin === undefined || origin === `http://${host}`;
  const site = headers["sec-fetch-site"];
  const follows = headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document";
  const ownSite = site === undefined || site === "same-origin" || site === "none" || (reads(method) && follows);
  if (!ownOrigin || !ownSite)
    throw new HttpRefusal("FORBIDDEN_ORIGIN", "Other web sites may not ask for anything here.");
}

const reads = (method: string): boolean => method === "GET" || method === "HEAD";

/** Throws JSON_ONLY for a write of any other form, such as those that a web page may make without asking. */
export function guardForm({ method, headers }: Asked): void {
  if (reads(method)) return;
  if (!/^application\/json\s*(;|$)/i.test(headers["content-type"] ?? ""))
    throw new HttpRefusal("JSON_ONLY", "The body must be JSON, with content-type application/json.");
}
