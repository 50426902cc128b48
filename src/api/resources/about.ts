// What the API says of itself: an index for people at `/` and `/v1`, the OpenAPI document for programs.
import { z } from "zod";
import { VERSION } from "../../node/index.ts";
import { openApiDocument } from "../openapi.ts";
import { checkRows, type Row, resource } from "../resource.ts";

const entrySchema = z
  .object({
    method: z.string().describe("GET, POST, PUT or DELETE."),
    path: z.string().describe("Path, with parameters as `:name`."),
    summary: z.string().describe("What it answers."),
  })
  .readonly();

const indexSchema = z
  .object({
    name: z.literal("pouw-node").describe("The program."),
    version: z.string().describe("Version of pouw-node."),
    document: z.string().describe("Path of the OpenAPI document."),
    resources: z.array(entrySchema).readonly().describe("Every resource of this node."),
  })
  .readonly()
  .meta({ id: "Index", description: "What there is." });

const documentSchema = z
  .looseObject({ openapi: z.string().describe("Version of OpenAPI.") })
  .meta({ id: "OpenApi", description: "An OpenAPI 3.1 document." });

const DOCUMENT = "/v1/openapi.json";

/** `rows` with the rows that tell of them, themselves included. Throws BAD_CONFIG for rows that clash. */
export function withAbout(rows: readonly Row[]): readonly Row[] {
  const index = (path: string): Row =>
    resource({
      method: "GET",
      path,
      summary: "This list of resources.",
      reply: indexSchema,
      handle: () => ({
        name: "pouw-node" as const,
        version: VERSION,
        document: DOCUMENT,
        resources: all.map(({ method, path, summary }) => ({ method, path, summary })),
      }),
    });
  const openapi = resource({
    method: "GET",
    path: DOCUMENT,
    summary: "This API as an OpenAPI 3.1 document, made from the rows that the server runs by.",
    reply: documentSchema,
    handle: () => ({ ...document }),
  });
  const all: readonly Row[] = [index("/"), index("/v1"), openapi, ...rows];
  checkRows(all);
  // Now, not when it is first asked for: rows that cannot be documented must not be served.
  const document = openApiDocument(all);
  return all;
}
