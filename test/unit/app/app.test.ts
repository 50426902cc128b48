// The app over a fake node: what it opens and closes in which order, and how the resources of plugins join the API.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readAnnouncement, resource, textResource } from "../../../src/api/index.ts";
import { type App, type AppNode, composeApp, type Plugin } from "../../../src/app/index.ts";
import { PouwError, z } from "../../../src/base/index.ts";
import { loadPlugins, type NodeOptionsInput, parseOptions } from "../../../src/node/index.ts";
import type { Log } from "../../../src/ports/index.ts";
import { fakeNode } from "../../support/fake-io.ts";
import { fakeView } from "../../support/fake-view.ts";

let dir: string;
let node: ReturnType<typeof fakeNode>;
let errors: object[];
const apps: App<AppNode>[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "pouw-app-"));
  node = fakeNode(fakeView());
  errors = [];
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop().catch(() => undefined);
  rmSync(dir, { recursive: true, force: true });
});

const nothing = (): void => undefined;
const log: Log = {
  ...{ debug: nothing, info: nothing, warn: nothing, child: () => log },
  error: (data) => void errors.push(data),
};

async function compose(
  input: NodeOptionsInput = {},
  plugins: readonly Plugin[] = [],
  change: Partial<AppNode> = {},
): Promise<App<AppNode>> {
  const loaded = await loadPlugins({ given: plugins });
  const options = parseOptions({ dataDir: dir, apiPort: 0, ...input }, dir, loaded.table);
  const createNode = async (): Promise<AppNode> => ({ ...node, ...change });
  const app = await composeApp({ options, plugins: loaded }, { log, createNode });
  apps.push(app);
  return app;
}

const page = (path: string, handle = (): { readonly hello: string } => ({ hello: "you" })) =>
  resource({ method: "GET", path, summary: "A greeting.", reply: z.object({ hello: z.string() }), handle });

describe("an app", () => {
  it("answers before it has joined, leads there by api.json, and leaves nothing", async () => {
    const app = await compose();
    expect(node.calls).toEqual([]);
    expect(readAnnouncement(dir)).toEqual({ url: app.apiUrl, pid: process.pid });
    expect((await fetch(`${app.apiUrl}/v1/status`)).status).toBe(200);
    await app.start();
    const done = app.stop();
    expect(app.stop()).toBe(done);
    await done;
    expect(node.calls).toEqual(["start", "stop"]);
    expect(existsSync(join(dir, "api.json"))).toBe(false);
    await expect(fetch(`${app.apiUrl}/v1/status`)).rejects.toThrow();
  });

  it("has no API where it is switched off", async () => {
    const app = await compose({ apiPort: "off" });
    expect([app.apiUrl, readAnnouncement(dir)]).toEqual([undefined, undefined]);
  });

  it("closes what it opened when the node cannot start, and hands the reason on", async () => {
    const reason = new PouwError("PORT_IN_USE", "The address is taken.");
    const app = await compose({}, [], { start: () => Promise.reject(reason) });
    await expect(app.start()).rejects.toBe(reason);
    expect([node.calls, readAnnouncement(dir)]).toEqual([["stop"], undefined]);
  });

  it("stops the node when the API's port is taken", async () => {
    const first = await compose();
    const port = Number(new URL(first.apiUrl as string).port);
    await expect(compose({ apiPort: port })).rejects.toMatchObject({ code: "PORT_IN_USE" });
    expect(node.calls).toEqual(["stop"]);
    expect(readAnnouncement(dir)?.url).toBe(first.apiUrl);
  });

  it("says the failure that matters when closing fails too", async () => {
    const reason = new Error("no start");
    const app = await compose({}, [], {
      start: () => Promise.reject(reason),
      stop: () => Promise.reject(new Error("no stop")),
    });
    await expect(app.start()).rejects.toBe(reason);
    expect(errors).toHaveLength(1);
  });
});

describe("resources of plugins", () => {
  it("stand beside the node's own, in the index and the document too", async () => {
    const text = textResource({ path: "/v1/x/plain", summary: "Words.", type: "text/plain", handle: () => "words" });
    const { apiUrl, plugins } = await compose({}, [
      { name: "one", resources: [page("/v1/x/hello")] },
      { name: "two", resources: [text] },
    ]);
    expect(plugins).toEqual(["one", "two"]);
    expect(await (await fetch(`${apiUrl}/v1/x/hello`)).json()).toEqual({ hello: "you" });
    expect(await (await fetch(`${apiUrl}/v1/x/plain`)).text()).toBe("words");
    expect(await (await fetch(`${apiUrl}/v1`)).text()).toContain("/v1/x/hello");
    expect(await (await fetch(`${apiUrl}/v1/openapi.json`)).text()).toContain("/v1/x/plain");
  });

  it("that fail are logged with the plugin's name, the node's own without", async () => {
    const fail = (): never => {
      throw new Error("broken");
    };
    const app = await compose({}, [{ name: "clumsy", resources: [page("/v1/x/hello", fail)] }], {
      view: () => ({ ...fakeView(), peers: fail }),
    });
    expect((await fetch(`${app.apiUrl}/v1/x/hello?a=1`)).status).toBe(500);
    expect((await fetch(`${app.apiUrl}/v1/peers`)).status).toBe(500);
    expect(errors).toMatchObject([{ plugin: "clumsy", url: "/v1/x/hello?a=1" }, { plugin: undefined }]);
  });

  it.each<[string, object[][], RegExp]>([
    [
      "the node's",
      [[page("/v1/status")]],
      /^The plugin p0 brings a resource that cannot be had: Two resources .* GET \/v1\/status/,
    ],
    ["each other", [[page("/v1/x/a")], [page("/v1/x/:b")]], /^The plugin p1 brings .* it is taken by \/v1\/x\/a\.$/],
    ["the form of a path", [[page("/V1/x y")]], /^The plugin p0 .* is no path for a resource of the API\.$/],
    [
      "the form of a row",
      [[page("/v1/x/a"), { path: "/v1/x/b" }]],
      /^The plugin p0 is malformed: resources\[1\] must be made with resource\(\)/,
    ],
    [
      "its method",
      [[{ ...page("/v1/x/a"), method: "FETCH" }]],
      /resources\[0\]\.method must be GET, POST, PUT or DELETE\.$/,
    ],
    ["its function", [[{ ...page("/v1/x/a"), handle: 1 }]], /resources\[0\]\.handle must be a function\.$/],
    [
      "what can be documented",
      [[{ ...page("/v1/x/a"), reply: z.bigint() }]],
      /^The plugin p0 brings a resource that cannot be had: /,
    ],
  ])("are refused before anything is opened: against %s", async (_, given, expected) => {
    const plugins = given.map((resources, i) => ({ name: `p${i}`, resources }) as Plugin);
    await expect(compose({}, plugins)).rejects.toMatchObject({
      code: "BAD_PLUGIN",
      message: expect.stringMatching(expected),
    });
    expect(node.calls).toEqual([]);
  });
});
