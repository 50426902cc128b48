// The OpenAPI 3.1 document, written from the rows that the server runs by: a row cannot be served and not be in it.
import type { z } from "zod";
import { PouwError } from "../base/index.ts";
import { VERSION } from "../node/index.ts";
import { type Components, documented, type JsonSchema } from "./json-schema.ts";
import type { Method, Resource, Row, StreamResource, TextResource } from "./resource.ts";
import { errorSchema } from "./schemas.ts";

interface Response {
  readonly description: string;
  readonly content: {
    readonly [type: string]: { readonly schema: JsonSchema; readonly [extra: `x-${string}`]: unknown };
  };
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly description: string | undefined;
  readonly schema: JsonSchema;
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Response["content"] };
  readonly responses: { readonly [status: string]: Response };
}

export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  /** Path -> method in lower case -> operation. */
  readonly paths: { readonly [path: string]: { readonly [M in Lowercase<Method>]?: Operation } };
  readonly components: { readonly schemas: { readonly [name: string]: JsonSchema } };
}

const DESCRIPTION = [
  "What a running node shows and takes. It listens on localhost unless told otherwise, and has no key and no secret: transactions come signed.",
  "Requests must name this machine in `host`; writes must be JSON and are refused from other web sites.",
  "Readers leave alone what they do not know: fields and events may be added.",
].join(" ");

/** The document of `rows`. Throws BAD_CONFIG when two different schemas have one name. */
export function openApiDocument(rows: readonly Row[]): OpenApiDocument {
  const schemas: Components = {};
  const paths: { [path: string]: { [method: string]: Operation } } = {};
  for (const row of rows) {
    const path = row.path.replace(/:([a-zA-Z]+)/g, "{$1}");
    paths[path] = { ...paths[path], [row.method.toLowerCase()]: operation(row, schemas) };
  }
  const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    openapi: "3.1.0",
    info: { title: "PouW Node", version: VERSION, description: DESCRIPTION },
    paths,
    components: { schemas: sorted },
  };
}

function operation(row: Row, components: Components): Operation {
  const common = { operationId: operationId(row), summary: row.summary };
  const errors = errorResponses(components);
  if (row.kind === "text") return { ...common, responses: { 200: textResponse(row), ...errors } };
  if (row.kind === "stream") return { ...common, responses: { 200: streamResponse(row, components), ...errors } };
  const parameters = parametersOf(row, components);
  const { body } = row;
  return {
    ...common,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(body, components) } }),
    responses: { ...jsonResponses(row, components), ...errors },
  };
}

/** GET /v1/chain/blocks/:id -> getChainBlocksById. */
function operationId({ method, path }: Row): string {
  const words = path
    .replace(/^\/v1(?=\/)/, "")
    .split(/[/.-]/)
    .filter((word) => word !== "");
  const name = words.map((word) => (word.startsWith(":") ? `By${capital(word.slice(1))}` : capital(word)));
  return `${method.toLowerCase()}${name.join("") || "Root"}`;
}

const capital = (word: string): string => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;

const json = (schema: z.ZodType, components: Components): Response["content"] => ({
  "application/json": { schema: documented(schema, components) },
});

/** Throws BAD_CONFIG when the path's parameters are not those of its schema. */
function parametersOf(row: Resource, components: Components): Parameter[] {
  const found = (["path", "query"] as const).flatMap((place) => {
    const { properties = {}, required = [] } = documented(place === "path" ? row.params : row.query, components) as {
      properties?: { [name: string]: JsonSchema & { description?: string } };
      required?: string[];
    };
    return Object.entries(properties).map(([name, { description, ...schema }]) => ({
      name,
      in: place,
      required: required.includes(name),
      description,
      schema,
    }));
  });
  const declared = found.filter((parameter) => parameter.in === "path").map(({ name }) => name);
  const named = [...row.path.matchAll(/:([a-zA-Z]+)/g)].map((match) => match[1] as string);
  if (named.length !== declared.length || named.some((name) => !declared.includes(name)))
    throw new PouwError("BAD_CONFIG", `${row.path} names other parameters than its schema: ${declared.join(", ")}.`);
  return found;
}

function jsonResponses({ status, reply, otherwise }: Resource, components: Components): Operation["responses"] {
  const content = json(reply, components);
  const usual = { [status]: { description: "Done.", content } };
  return otherwise === undefined
    ? usual
    : { ...usual, [otherwise.status]: { description: otherwise.summary, content } };
}

const textResponse = ({ type }: TextResource): Response => ({
  description: "Text.",
  content: { [type]: { schema: { type: "string" } } },
});

/** OpenAPI 3.1 has no word for the events of a stream: `x-events` names the schema of each one's data. */
function streamResponse({ events }: StreamResource, components: Components): Response {
  const named = Object.entries(events).map(([event, schema]) => [event, documented(schema, components)]);
  const schema = { type: "string", description: "Server-sent events; the data of each is one line of JSON." };
  return {
    description: "A stream that goes on until one side closes it.",
    content: { "text/event-stream": { schema, "x-events": Object.fromEntries(named) } },
  };
}

function errorResponses(components: Components): Operation["responses"] {
  const content = json(errorSchema, components);
  return {
    "4XX": { description: "The request was refused.", content },
    "5XX": { description: "The node could not answer.", content },
  };
}
