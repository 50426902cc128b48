// What a resource of the API is: a row that says all there is to say about it. The server registers rows, the document
// (openapi.ts) is written from them, the client calls them; none of the three knows a resource by name.
import { z } from "zod";
import { PouwError } from "../base/index.ts";
import type { NodeView } from "../node/index.ts";

export type Method = "GET" | "POST" | "PUT" | "DELETE";

/** What a handler is given: each part as its schema parsed it. */
export interface Request<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
}

interface Common {
  /** Starts with `/`; a segment `:name` is a parameter. No wildcards. */
  readonly path: string;
  /** One sentence: what it answers. */
  readonly summary: string;
}

/** A second status that the same reply can have, such as the 503 of a node that is not well. */
export interface Otherwise<R extends z.ZodType> {
  readonly status: number;
  readonly summary: string;
  when(reply: z.output<R>): boolean;
}

/** Answers JSON. Its types are erased in a list of rows, which is why `handle` and `when` are methods. */
export interface Resource<
  P extends z.ZodType = z.ZodType,
  Q extends z.ZodType = z.ZodType,
  B extends z.ZodType = z.ZodType,
  R extends z.ZodType = z.ZodType,
> extends Common {
  readonly kind: "json";
  readonly method: Method;
  readonly params: P;
  readonly query: Q;
  /** Undefined: what is sent as body is not looked at. */
  readonly body: B | undefined;
  /** What it does not declare does not leave. Without transforms: it describes what is sent, byte for byte. */
  readonly reply: R;
  /** Of an answer that is no error. */
  readonly status: number;
  readonly otherwise: Otherwise<R> | undefined;
  handle(view: NodeView, request: Request<P, Q, B>): z.input<R> | Promise<z.input<R>>;
}

/** Answers text, with GET. */
export interface TextResource extends Common {
  readonly kind: "text";
  readonly method: "GET";
  /** Content type. */
  readonly type: string;
  handle(view: NodeView): string | Promise<string>;
}

export type Send = (event: string, payload: unknown) => void;

/** Server-sent events, with GET. */
export interface StreamResource extends Common {
  readonly kind: "stream";
  readonly method: "GET";
  /** Event -> schema of its data. An event that is not here is not sent. */
  readonly events: { readonly [event: string]: z.ZodType };
  /** What each reader gets first, from that moment. */
  first?(view: NodeView, send: Send): void;
  /** Called once, when the server is made: what it sends goes to every reader, has an id and is kept for those that come back. Returns the function that ends it. */
  open(view: NodeView, send: Send): () => void;
}

export type Row = Resource | TextResource | StreamResource;

const nothing = z.object({});
type Nothing = typeof nothing;

interface Draft<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends z.ZodType> extends Common {
  readonly method: Method;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly reply: R;
  /** 200 when left out. */
  readonly status?: number;
  readonly otherwise?: Otherwise<R>;
  handle(view: NodeView, request: Request<P, Q, B>): z.input<R> | Promise<z.input<R>>;
}

/** A row that answers JSON. Schemas that have an id (`.meta({ id })`) become components of the document. */
export function resource<
  R extends z.ZodType,
  P extends z.ZodType = Nothing,
  Q extends z.ZodType = Nothing,
  B extends z.ZodType = Nothing,
>(draft: Draft<P, Q, B, R>): Resource<P, Q, B, R> {
  // The casts: a schema left out is the empty object, which is what its type parameter then is.
  const params = draft.params ?? (nothing as unknown as P);
  const query = draft.query ?? (nothing as unknown as Q);
  const { body, status = 200, otherwise } = draft;
  return { ...draft, kind: "json", params, query, body, status, otherwise };
}

/** A row that answers text. */
export const textResource = (draft: Omit<TextResource, "kind" | "method">): TextResource => ({
  ...draft,
  kind: "text",
  method: "GET",
});

/** A row whose answer goes on: server-sent events. */
export const streamResource = (draft: Omit<StreamResource, "kind" | "method">): StreamResource => ({
  ...draft,
  kind: "stream",
  method: "GET",
});

const PATH = /^(\/|(\/([a-z0-9][a-z0-9._-]*|:[a-zA-Z]+))+)$/;

/** Whether a request for `path` means this row's path. */
export const matches = ({ path: own }: Row, path: string): boolean => overlap(own, path);

/** Whether some request could mean both: segment by segment the same, or one of them a parameter. */
function overlap(a: string, b: string): boolean {
  const [left, right] = [a.split("/"), b.split("/")];
  return (
    left.length === right.length &&
    left.every((segment, i) => segment === right[i] || segment.startsWith(":") || right[i]?.startsWith(":"))
  );
}

/** Throws BAD_CONFIG for rows that cannot stand side by side, or whose path is none. */
export function checkRows(rows: readonly Row[]): void {
  for (const [i, { method, path }] of rows.entries()) {
    if (!PATH.test(path))
      throw new PouwError("BAD_CONFIG", `"${path}" is no path for a resource of the API.`, {
        remedy: "Write it as /v1/x/name/:parameter, in lower case.",
      });
    const taken = rows.slice(0, i).find((row) => row.method === method && overlap(row.path, path));
    if (taken !== undefined)
      throw new PouwError(
        "BAD_CONFIG",
        `Two resources of the API claim ${method} ${path}: it is taken by ${taken.path}.`,
        {
          remedy: "Give the plugin's resource a path of its own, under /v1/x/.",
        },
      );
  }
}
