// Server-sent events: one feed for each stream row, heard by all its readers, with ids by which a reader that was away gets what it missed.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { NodeView } from "../node/index.ts";
import { HttpRefusal } from "./errors.ts";
import { serialisable } from "./json-schema.ts";
import type { StreamResource } from "./resource.ts";

const HEARTBEAT_MS = 15_000;
/** A reader that leaves this much unread is cut off rather than kept in memory. */
const MAX_UNREAD_BYTES = 1 << 20;
/** Events of a feed that are kept for readers who come back; the row's summary says how many. */
const KEPT = 512;

export interface StreamsOptions {
  readonly app: FastifyInstance;
  readonly view: NodeView;
  /** Open streams of all rows together, at most; one address may hold half of them. */
  readonly maxStreams: number;
}

/** Registers every stream row of a server. */
export function registerStreams(rows: readonly StreamResource[], { app, view, maxStreams }: StreamsOptions): void {
  /** Reader -> the address that it came from. */
  const readers = new Map<FastifyReply["raw"], string>();
  const feeds = rows.map((row) => new Feed(row, view));
  app.addHook("preClose", async () => {
    for (const feed of feeds) feed.end();
    for (const out of readers.keys()) out.end();
  });
  const checkPlace = (address: string): void => {
    const same = [...readers.values()].filter((other) => other === address).length;
    if (readers.size < maxStreams && same < Math.ceil(maxStreams / 2)) return;
    throw new HttpRefusal("TOO_MANY_STREAMS", "Too many live streams are open.", {
      remedy: "Close one, or allow more with the setting limits.apiStreams.",
    });
  };
  // No HEAD: it would hold a stream open that nobody can read.
  for (const feed of feeds)
    app.get(feed.path, { exposeHeadRoute: false }, (request, reply) => {
      checkPlace(request.ip);
      const since = feed.begin();
      reply.hijack();
      readers.set(reply.raw, request.ip);
      reply.raw.on("close", () => readers.delete(reply.raw));
      feed.serve(request, reply, since);
    });
}

interface Told {
  readonly number: number;
  readonly event: string;
  readonly payload: unknown;
}

/** What a row tells, to all of its readers. */
class Feed {
  readonly #row: StreamResource;
  readonly #view: NodeView;
  readonly #schemas: ReadonlyMap<string, ReturnType<typeof serialisable>>;
  /** Ids of another run of the node mean nothing here. */
  readonly #run = crypto.randomUUID().slice(0, 8);
  readonly #kept: Told[] = [];
  readonly #readers = new Set<(told: Told) => void>();
  #told = 0;
  #stop: (() => void) | undefined;

  constructor(row: StreamResource, view: NodeView) {
    this.#row = row;
    this.#view = view;
    this.#schemas = new Map(Object.entries(row.events).map(([event, schema]) => [event, serialisable(schema)]));
  }

  get path(): string {
    return this.#row.path;
  }

  /** Listens from the first reader on: nobody missed what came before. The number of events before this reader. Throws what the row does. */
  begin(): number {
    const before = this.#told;
    this.#stop ??= this.#row.open(this.#view, (event, payload) => {
      const told = { number: ++this.#told, event, payload };
      this.#kept.push(told);
      if (this.#kept.length > KEPT) this.#kept.shift();
      for (const tell of this.#readers) tell(told);
    });
    return before;
  }

  end(): void {
    this.#stop?.();
  }

  /** Writes first what every reader gets, then what this one missed, then what comes, and a sign of life, until it goes. */
  serve(request: FastifyRequest, reply: FastifyReply, since: number): void {
    const out = reply.raw;
    const write = (text: string): void => {
      if (out.writableLength > MAX_UNREAD_BYTES) out.destroy();
      else out.write(text);
    };
    const send = (event: string, payload: unknown, id = ""): void => {
      const schema = this.#schemas.get(event);
      if (schema === undefined) return;
      const line = reply.serializeInput(payload as { [key: string]: unknown }, schema);
      write(`${id}event: ${event}\ndata: ${line}\n\n`);
    };
    const tell = ({ number, event, payload }: Told): void => send(event, payload, `id: ${this.#run}-${number}\n`);
    out.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", connection: "keep-alive" });
    try {
      this.#row.first?.(this.#view, send);
    } catch (error) {
      // The headers are gone: breaking off is all that is left to say it with.
      out.destroy(error instanceof Error ? error : undefined);
      return;
    }
    const seen = this.#numberOf(request.headers["last-event-id"]) ?? since;
    for (const told of this.#kept) if (told.number > seen) tell(told);
    this.#readers.add(tell);
    const heartbeat = setInterval(() => write(": alive\n\n"), HEARTBEAT_MS);
    out.on("close", () => {
      clearInterval(heartbeat);
      this.#readers.delete(tell);
    });
  }

  /** The number of an event by its id; undefined for one of another run. */
  #numberOf(id: string | string[] | undefined): number | undefined {
    const [run, number] = typeof id === "string" ? id.split("-") : [];
    return run === this.#run && number !== undefined && /^\d{1,15}$/.test(number) ? Number(number) : undefined;
  }
}
