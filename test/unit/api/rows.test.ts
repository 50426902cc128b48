// What a row gets from the server without a line of its own: checked input, a serialised reply, methods, an entry in the index;
// and what a plugin's rows may and may not do.
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { buildApi, type Row, resource, streamResource, textResource } from "../../../src/api/index.ts";
import { PouwError } from "../../../src/base/index.ts";
import { type FakeView, fakeView } from "../../support/fake-view.ts";

const OPTIONS = { host: "127.0.0.1", bodyBytes: 4096, maxStreams: 2 };
const JSON_TYPE = { "content-type": "application/json" };
let view: FakeView;
beforeEach(() => {
  view = fakeView();
});

type Method = "GET" | "POST" | "PUT" | "DELETE" | "HEAD" | "OPTIONS";
async function ask(resources: readonly Row[], method: Method, url: string, body?: unknown) {
  const app = buildApi(view, { ...OPTIONS, resources });
  const headers = { host: "127.0.0.1:9480", ...(body === undefined ? {} : JSON_TYPE) };
  const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
  const reply = await app.inject({ method, url, headers, ...payload });
  return { status: reply.statusCode, headers: reply.headers, text: reply.body };
}

const greet = resource({
  method: "PUT",
  path: "/v1/x/greet/:name",
  summary: "Greets.",
  params: z.object({ name: z.string().max(5, "must be short").describe("whom") }),
  query: z.object({ times: z.string().regex(/^\d$/, "must be a digit").transform(Number).optional() }),
  body: z.strictObject({ how: z.object({ loud: z.boolean("must be true or false") }) }),
  reply: z.object({ said: z.array(z.string()), height: z.number() }).meta({ id: "Greeting" }),
  status: 201,
  handle(node, { params: { name }, query: { times = 1 }, body }) {
    const said = Array.from({ length: times }, () => (body.how.loud ? name.toUpperCase() : name));
    return { said, height: node.getStatus().height, secret: "hush" } as { said: string[]; height: number };
  },
});
const URL = "/v1/x/greet/anna";

describe("a row", () => {
  it("is given what its schemas parsed, and answers what its schema declares", async () => {
    const reply = await ask([greet], "PUT", `${URL}?times=2`, { how: { loud: true } });
    expect([reply.status, JSON.parse(reply.text)]).toEqual([201, { said: ["ANNA", "ANNA"], height: 9 }]);
  });

  it.each([
    ["/v1/x/greet/annabella", { how: { loud: true } }, "BAD_ID", "name: must be short."],
    [`${URL}?times=x`, { how: { loud: true } }, "BAD_ID", "times: must be a digit."],
    [`${URL}?times=1&times=2`, { how: { loud: true } }, "BAD_ID", "times"],
    [URL, { how: { loud: "yes" } }, "BAD_REQUEST", "how.loud: must be true or false."],
    [URL, { how: {} }, "BAD_REQUEST", "how.loud"],
    [URL, { how: { loud: true }, more: 1 }, "BAD_REQUEST", "more"],
    [URL, [], "BAD_REQUEST", "the body"],
    [URL, null, "BAD_REQUEST", "the body"],
  ])("refuses %s with %j: %s names the field", async (url, body, code, message) => {
    const reply = await ask([greet], "PUT", url, body);
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.text)).toMatchObject({ error: { code, message: expect.stringContaining(message) } });
  });

  it("of text and of events works as well", async () => {
    const note = textResource({ path: "/v1/x/note", summary: "A note.", type: "text/plain", handle: () => "hello" });
    expect(await ask([note], "GET", "/v1/x/note")).toMatchObject({ status: 200, text: "hello" });
    const stream = streamResource({
      path: "/v1/x/ticks",
      summary: "Ticks.",
      events: { tick: z.object({ n: z.number() }) },
      open(_node, send) {
        send("tick", { n: 1, secret: "hush" });
        send("unknown", {});
        return () => undefined;
      },
    });
    const app = buildApi(view, { ...OPTIONS, resources: [stream] });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    const response = await fetch(`${url}/v1/x/ticks`);
    await app.close();
    expect(await response.text()).toMatch(/^id: \w+-1\nevent: tick\ndata: \{"n":1\}\n\n$/);
  });

  it("whose stream cannot be opened says so, and the next reader is let in", async () => {
    let tries = 0;
    const broken = streamResource({
      path: "/v1/x/broken",
      summary: "Breaks.",
      events: {},
      open() {
        tries++;
        throw new Error("no");
      },
    });
    const app = buildApi(view, { ...OPTIONS, maxStreams: 1, resources: [broken] });
    const url = await app.listen({ port: 0, host: "127.0.0.1" });
    for (let i = 0; i < 3; i++) expect((await fetch(`${url}/v1/x/broken`)).status).toBe(500);
    await app.close();
    expect(tries).toBe(3);
  });
});

describe("the index", () => {
  it.each(["/", "/v1"])("at %s lists every resource, those of plugins too", async (url) => {
    const { status, text } = await ask([greet], "GET", url);
    const index = JSON.parse(text) as { document: string; resources: unknown[] };
    expect([status, index.document]).toEqual([200, "/v1/openapi.json"]);
    expect(index.resources).toContainEqual({ method: "PUT", path: "/v1/x/greet/:name", summary: "Greets." });
    expect(index.resources).toContainEqual(expect.objectContaining({ method: "GET", path: "/v1/events" }));
  });

  it("and the document have a plugin's rows and shapes", async () => {
    const document = JSON.parse((await ask([greet], "GET", "/v1/openapi.json")).text) as {
      paths: { [path: string]: object };
      components: { schemas: object };
    };
    expect(document.paths["/v1/x/greet/{name}"]).toHaveProperty("put.requestBody");
    expect(document.components.schemas).toHaveProperty("Greeting");
  });
});

describe("a method that a path does not have", () => {
  it.each([
    ["PUT", "/v1/status", "GET, HEAD"],
    ["POST", "/v1/status", "GET, HEAD"],
    ["POST", "/v1/chain/blocks/4?x=1", "GET, HEAD"],
    ["GET", "/v1/transactions", "POST"],
    ["OPTIONS", "/v1/transactions", "POST"],
    ["HEAD", "/v1/events", "GET"],
  ] as const)("%s %s is 405 with allow: %s, whatever its body", async (method, url, allow) => {
    const reply = await ask([], method, url);
    expect([reply.status, reply.headers]).toMatchObject([405, { allow }]);
    if (method !== "HEAD") expect(JSON.parse(reply.text)).toMatchObject({ error: { code: "BAD_METHOD" } });
  });

  it("is 404 where nothing is, and 403 for a foreign host before all else", async () => {
    expect((await ask([], "POST", "/v1/nothing")).status).toBe(404);
    const reply = await buildApi(view, OPTIONS).inject({ method: "PUT", url: "/v1/status", headers: { host: "evil" } });
    expect(reply.statusCode).toBe(403);
  });

  it("and a path that is no path are told in the error form", async () => {
    const reply = await ask([], "GET", "/v1/accounts/%zz");
    expect([reply.status, JSON.parse(reply.text)]).toMatchObject([400, { error: { code: "BAD_REQUEST" } }]);
  });
});

describe("rows that clash", () => {
  const row = (path: string, method: "GET" | "POST" = "GET") => {
    const params = z.object(Object.fromEntries([...path.matchAll(/:(\w+)/g)].map(([, name]) => [name, z.string()])));
    return resource({ method, path, summary: "x.", params, reply: z.object({}), handle: () => ({}) });
  };
  const build = (...resources: Row[]) => buildApi(view, { ...OPTIONS, resources });
  const code = (job: () => unknown): unknown => {
    try {
      return job() === undefined ? "nothing" : "built";
    } catch (error) {
      return error instanceof PouwError ? error.code : error;
    }
  };

  it("may stand beside the node's", () => {
    expect(code(() => build(row("/v1/x/a"), row("/v1/x/a", "POST"), row("/v1/x/a/:id")))).toBe("built");
    expect(code(() => build(row("/v1/accounts")))).toBe("built");
    expect(code(() => build(row("/v1/status", "POST")))).toBe("built");
  });

  it.each([
    ["one of the node's", [row("/v1/status")]],
    ["the index", [row("/")]],
    ["the document", [row("/v1/openapi.json")]],
    ["one inside a parameter", [row("/v1/chain/blocks/latest")]],
    ["one with its parameter named otherwise", [row("/v1/accounts/:who")]],
    ["another plugin's", [row("/v1/x/a"), row("/v1/x/a")]],
    ["a stream", [textResource({ path: "/v1/events", summary: "x.", type: "text/plain", handle: () => "" })]],
    ["no path at all", [row("v1/x")]],
    ["a wildcard", [row("/v1/x/*")]],
    ["upper case", [row("/v1/X")]],
  ])("are BAD_CONFIG: %s", (_name, rows) => {
    expect(code(() => build(...rows))).toBe("BAD_CONFIG");
  });

  it("are BAD_CONFIG when they name another shape as the node does, or other parameters than their path", () => {
    const reply = z.object({ mine: z.string() }).meta({ id: "Block" });
    const named = resource({ method: "GET", path: "/v1/x/b", summary: "x.", reply, handle: () => ({ mine: "" }) });
    expect(code(() => build(named))).toBe("BAD_CONFIG");
    const other = resource({
      method: "GET",
      path: "/v1/x/:id",
      summary: "x.",
      params: z.object({ name: z.string() }),
      reply: z.object({}),
      handle: () => ({}),
    });
    expect(code(() => build(other))).toBe("BAD_CONFIG");
  });
});
