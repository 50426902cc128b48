// The OpenAPI document against the server that gives it: the same routes both ways, references that resolve, replies that fit.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { apiMarkdown } from "../../../scripts/support/api-markdown.ts";
import { apiRows, buildApi, openApiDocument } from "../../../src/api/index.ts";
import { addressOf, aStatus, fakeView, hexOf } from "../../support/fake-view.ts";
import { resolveRef, schemaFaults } from "../../support/json-schema.ts";

const view = fakeView();
const app = buildApi(view, { host: "127.0.0.1", bodyBytes: 4096, maxStreams: 2 });
const document = openApiDocument(apiRows());
const get = (url: string) => app.inject({ method: "GET", url, headers: { host: "127.0.0.1:9480" } });

/** `GET /v1/x/{id}` of every operation. */
const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
);

/** What fastify itself says it serves, read off its tree of routes: a line is a piece of path under the line it is indented to. */
function served(tree: string): string[] {
  const pieces: string[] = [];
  return tree.split("\n").flatMap((line) => {
    const [, indent, piece, methods] = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
    if (indent === undefined || piece === undefined) return [];
    pieces.length = indent.length / 4;
    pieces.push(piece);
    const path = pieces.join("").replace(/:([a-zA-Z]+)/g, "{$1}");
    return (methods?.split(", ") ?? []).map((method) => `${method} ${path}`);
  });
}

/** Every object in `value` with the path that leads to it. */
function* objects(value: unknown, at = "#"): Generator<[string, { readonly [key: string]: unknown }]> {
  if (typeof value !== "object" || value === null) return;
  yield [at, value as { readonly [key: string]: unknown }];
  for (const [key, item] of Object.entries(value)) yield* objects(item, `${at}/${key}`);
}

describe("the document", () => {
  it("is what GET /v1/openapi.json answers", async () => {
    const reply = await get("/v1/openapi.json");
    expect(reply.statusCode).toBe(200);
    expect(reply.headers["content-type"]).toContain("application/json");
    expect(reply.json()).toEqual(JSON.parse(JSON.stringify(document)));
    expect(document.openapi).toBe("3.1.0");
  });

  it("has the paths and methods of the server, and no other", () => {
    const routes = served(app.printRoutes({ commonPrefix: false }));
    expect(routes.length).toBeGreaterThan(10);
    // fastify answers HEAD wherever it answers GET: a document need not say so.
    expect(routes.filter((route) => !route.startsWith("HEAD ")).sort()).toEqual([...documented].sort());
  });

  it("would show a route that no row stands for", () => {
    const other = buildApi(view, { host: "127.0.0.1", bodyBytes: 4096, maxStreams: 2 });
    other.post("/v1/hidden/:id", () => "hush");
    const routes = served(other.printRoutes({ commonPrefix: false }));
    expect(routes.filter((route) => !route.startsWith("HEAD ") && !documented.includes(route))).toEqual([
      "POST /v1/hidden/{id}",
    ]);
  });

  it("has references that resolve, and no component that nothing refers to", () => {
    const references = [...objects(document)].flatMap(([, { $ref }]) => (typeof $ref === "string" ? [$ref] : []));
    expect(references.length).toBeGreaterThan(50);
    for (const reference of references) resolveRef(reference, document);
    const components = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(components.filter((name) => !references.includes(name))).toEqual([]);
    expect(() => resolveRef("#/components/schemas/Nothing", document)).toThrow("leads nowhere");
  });

  it("says what every field of every shape is", () => {
    const silent = [...objects(document.components.schemas)].flatMap(([at, { properties }]) =>
      Object.entries((properties ?? {}) as { [name: string]: { description?: string; $ref?: string } })
        .filter(([, { description, $ref }]) => description === undefined && $ref === undefined)
        .map(([name]) => `${at}/${name}`),
    );
    expect(silent).toEqual([]);
    const nameless = Object.entries(document.components.schemas).filter(
      ([, { description: text }]) => text === undefined,
    );
    expect(nameless.map(([name]) => name)).toEqual([]);
  });

  it("gives every operation a name of its own, a summary and the error form", () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const { summary, responses } of operations) {
      expect(summary).toMatch(/\.$/);
      for (const status of ["4XX", "5XX"])
        expect(responses[status]?.content["application/json"]?.schema).toEqual({ $ref: "#/components/schemas/Error" });
    }
  });

  it("describes the event stream, event by event", () => {
    const stream = document.paths["/v1/events"]?.get?.responses["200"]?.content["text/event-stream"];
    expect(Object.keys(stream?.["x-events"] as object)).toEqual(["status", "block", "unit", "state", "alert", "peer"]);
  });
});

describe("replies", () => {
  const EXAMPLES: { readonly [name: string]: string } = { address: addressOf(200) };
  const ids: { readonly [path: string]: string } = { "/v1/chain/blocks/{id}": "4" };
  const urlOf = (path: string): string =>
    path.replace(/\{([a-zA-Z]+)\}/g, (_, name: string) => EXAMPLES[name] ?? ids[path] ?? hexOf(77));
  const gets = Object.entries(document.paths).flatMap(([path, { get: operation }]) =>
    operation?.responses["200"]?.content["application/json"] === undefined ? [] : [{ path, operation }],
  );

  const faults = (path: string, status: string, body: unknown): string[] => {
    const schema = document.paths[path]?.get?.responses[status]?.content["application/json"]?.schema;
    return schema === undefined ? ["not documented"] : schemaFaults(body, schema, document);
  };

  it("are of many resources", () => expect(gets.length).toBeGreaterThan(8));

  it.each(gets)("of GET $path fit their schema", async ({ path }) => {
    const reply = await get(urlOf(path));
    expect(reply.statusCode).toBe(200);
    expect(faults(path, "200", reply.json())).toEqual([]);
  });

  it("fit at the start too, when the tip is the genesis block that nobody mined", async () => {
    view.status = aStatus({ tip: { ...aStatus().tip, height: 0, miner: "" }, provider: undefined });
    expect(faults("/v1/status", "200", (await get("/v1/status")).json())).toEqual([]);
    view.status = aStatus({ state: "error" });
    const health = await get("/healthz");
    expect(faults("/healthz", `${health.statusCode}`, health.json())).toEqual([]);
    view.status = aStatus();
  });

  it.each(["/v1/chain/blocks?count=x", "/v1/chain/blocks/77", "/nothing"])("of %s have the error form", async (url) => {
    expect(faults("/v1/status", "4XX", (await get(url)).json())).toEqual([]);
  });

  it("that do not fit are found", async () => {
    const good = (await get("/v1/status")).json() as object;
    expect(faults("/v1/status", "200", { ...good, height: "9" })).toEqual(["$.height is string, not integer"]);
    expect(faults("/v1/status", "200", { ...good, nodeId: "abc" })).toEqual(["$.nodeId: abc"]);
    expect(faults("/v1/status", "200", { ...good, more: 1 })).toEqual(["$.more is not declared"]);
    expect(faults("/v1/status", "200", {})).toContain("$.tip is missing");
  });
});

describe("docs/api.md", () => {
  it("is what the script would write (npm run docs)", () => {
    const page = readFileSync(new URL("../../../docs/api.md", import.meta.url), "utf8");
    expect(page).toBe(apiMarkdown());
  });

  it("has links that lead to a heading of the page", () => {
    const page = apiMarkdown();
    const anchors = [...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) => (title as string).toLowerCase());
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor as string);
    expect(links.length).toBeGreaterThan(50);
    expect(links.filter((link) => !anchors.includes(link))).toEqual([]);
  });
});
