// Plugins as modules: what is refused and how it is said, what each kind brings to a node, and that a failing one harms nobody.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/level/index.ts";
import { createMemoryNetwork } from "../../src/adapters/memory-wire/index.ts";
import { createMetrics } from "../../src/adapters/telemetry/index.ts";
import { type App, createApp, type Plugin } from "../../src/app/index.ts";
import { PouwError, setting, toHex, z } from "../../src/base/index.ts";
import { PROFILES } from "../../src/chain/index.ts";
import { genesisFor, loadNetwork, loadPlugins, MODELS_DIR, type NodeOptionsInput } from "../../src/node/index.ts";
import { installedArtifacts } from "../../src/node/parts/capabilities.ts";
import { attachPlugins } from "../../src/node/parts/plugin-guard.ts";
import type { Log } from "../../src/ports/index.ts";
import { type AnyRole, anyRole } from "../../src/roles/index.ts";
import { fakeView } from "../support/fake-view.ts";
import { Sim, toyArtifacts, toyNetwork, toyRuntime } from "../support/sim.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const RANKING = fileURLToPath(new URL("../../examples/plugins/ranking.mjs", import.meta.url));
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "pouw-plugins-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Writes a module; its path. */
function module(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

async function refusal(job: () => Promise<unknown>): Promise<PouwError> {
  const error = await job().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof PouwError) return error;
  throw new Error(`not refused with a code: ${String(error)}`);
}

const ROLE = `{ name: "greeter", bit: 0, needs: [], claims: {}, listens: {}, start: () => [0, []], step: (s) => [s, []], effects: {} }`;
/** A role with nothing to do. */
const aRole = (change: object = {}): AnyRole =>
  anyRole({
    ...{ name: "greeter", bit: 0, needs: [], claims: {}, listens: {}, effects: {} },
    ...{ start: () => [0, []], step: (state: unknown) => [state, []] },
    ...change,
  });
const row = (key: string, flag: string) =>
  setting({ key, schema: z.string().default("x"), flag, help: "how to greet" });

describe("a module that cannot be used", () => {
  it.each([
    [
      "throws",
      `throw new Error("no licence. Sorry.\\nsecond line");`,
      /failed while it was loaded: no licence\. Sorry\.$/,
    ],
    ["imports what is not there", `import "./nowhere.mjs"; export const plugin = {};`, /failed while it was loaded: /],
    ["exports nothing", `export const other = 1;`, /exports no `plugin`\.$/],
    ["exports no object", `export const plugin = () => 1;`, /must be an object with a name\.$/],
    ["has no name", `export const plugin = {};`, /is malformed: name must be a name such as greeter.*\.$/],
    [
      "has an unknown field",
      `export const plugin = { name: "x", role: [] };`,
      /has an unknown field "role" \(did you mean "roles"\?\)\.$/,
    ],
    [
      "has handlers that are none",
      `export const plugin = { name: "x", securityHandlers: { flood: 1 } };`,
      /securityHandlers\.flood must be a function\.$/,
    ],
    [
      "has half a role",
      `export const plugin = { name: "x", roles: [{ ...${ROLE}, step: 1 }] };`,
      /roles\[0\]\.step must be a function\.$/,
    ],
    [
      "takes a bit of the protocol",
      `export const plugin = { name: "x", roles: [{ ...${ROLE}, bit: 1 }] };`,
      /roles\[0\]\.bit must be 0 or one of 256, 512/,
    ],
    [
      "has a setting without schema",
      `export const plugin = { name: "x", roles: [{ ...${ROLE}, options: [{ key: "greeter.a", help: "a" }] }] };`,
      /roles\[0\]\.options\[0\]\.schema must be a zod schema\.$/,
    ],
    [
      "names folders that are not there",
      `export const plugin = { name: "x", models: ["./none"] };`,
      /models\[0\] names no directory, .*none\.$/,
    ],
  ])("%s", async (name, text, expected) => {
    const path = module(`${name.replaceAll(" ", "-")}.mjs`, text);
    const error = await refusal(() => loadPlugins({ paths: [path] }));
    expect(error.code).toBe("BAD_PLUGIN");
    expect(error.message).toMatch(/^The plugin \S+ .*\.$/);
    expect(error.message).toMatch(expected);
    expect(error.remedy).toMatch(/\.$|;$/);
  });

  it("is not there", async () => {
    const error = await refusal(() => loadPlugins({ paths: [join(dir, "none.mjs"), RANKING] }));
    expect([error.code, error.message]).toEqual(["BAD_PLUGIN", `The plugin ${join(dir, "none.mjs")} is not there.`]);
  });
});

describe("plugins that clash", () => {
  it.each<[string, Plugin[], RegExp]>([
    ["in their names", [{ name: "a" }, { name: "a" }], /has a name that another one has, "a"/],
    [
      "with a built-in role",
      [{ name: "a", roles: [aRole({ name: "miner" })] }],
      /a brings a role that is there already, "miner"/,
    ],
    ["with a role to come", [{ name: "a", roles: [aRole({ name: "evaluator" })] }], /there already, "evaluator"/],
    [
      "in their roles",
      [
        { name: "a", roles: [aRole()] },
        { name: "b", roles: [aRole()] },
      ],
      /plugin b brings .*"greeter"/,
    ],
    [
      "in their bits",
      [{ name: "a", roles: [aRole({ bit: 256 }), aRole({ name: "other", bit: 256 })] }],
      /the bit 256, which "greeter" has/,
    ],
    [
      "in a flag",
      [{ name: "a", roles: [aRole({ options: [row("greeter.peers", "max-peers")] })] }],
      /has the flag --max-peers, which is taken by maxPeers/,
    ],
    [
      "with a key of others",
      [{ name: "a", roles: [aRole({ options: [row("miner.speed", "speed")] })] }],
      /must have a key under greeter/,
    ],
  ])("%s", async (_, given, expected) => {
    const error = await refusal(() => loadPlugins({ given }));
    expect(error.code).toBe("BAD_PLUGIN");
    expect(error.message).toMatch(expected);
  });
});

interface Line {
  readonly level: string;
  readonly data: { readonly plugin?: string; readonly what?: string; readonly reason?: string };
}

/** A log that remembers. */
function memoryLog(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (data: object) => void lines.push({ level, data });
  const log: Log = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), child: () => log };
  return { log, lines };
}

const apps: App[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop();
});

/** A miner of the simulator's world with an API, its log and its clock. */
async function miner(input: NodeOptionsInput, plugins: readonly Plugin[] = []) {
  const clock = new VirtualClock();
  const air = createMemoryNetwork({ clock, random: () => 0.5, latencyMs: 20, loss: 0 });
  const { log, lines } = memoryLog();
  const app = await createApp(
    { dataDir: join(dir, `data-${lines.length}-${Math.random()}`), ephemeral: true, apiPort: 0, ...input },
    {
      plugins,
      parts: {
        ...{ log, clock, store: memoryStore(), wire: air.wire("one"), artifacts: toyArtifacts },
        ...{ runtime: toyRuntime({ clock, unitMs: 1000 }), network: toyNetwork(), key: Sim.key("one") },
        metrics: createMetrics({ process: false }),
      },
    },
  );
  apps.push(app);
  const get = async (path: string) => fetch(new URL(path, app.apiUrl as string));
  return { app, clock, lines, get };
}

describe("the example", () => {
  it("ranks miners by the blocks of the best chain, within its setting, and hears of alerts", async () => {
    const input = { roles: ["miner", "ranking"], plugins: [RANKING], ranking: { top: 2 } } as NodeOptionsInput;
    const { app, clock, get } = await miner(input);
    expect(app.plugins).toEqual(["ranking"]);
    await app.start();
    await clock.run(60_000);
    const { height, nodeId, roles } = app.node.getStatus();
    expect(height).toBeGreaterThan(2);
    expect(roles).toContain("ranking");
    const page = await (await get("/v1/x/miners")).json();
    expect(page).toEqual({ height, miners: [{ miner: nodeId, blocks: height }], forgeries: 0 });
    expect(await (await get("/metrics")).text()).toContain(`pouw_ranking_blocks_total{own="true"} ${height}\n`);
  });

  it("has settings that are checked as any other", async () => {
    const error = await refusal(() => miner({ plugins: [RANKING], ranking: { top: 0 } } as NodeOptionsInput));
    expect([error.code, error.message]).toEqual([
      "BAD_CONFIG",
      "ranking.top (from the options given) must be a whole number from 1 to 100; it is 0.",
    ]);
  });
});

describe("a plugin that fails", () => {
  const fail = (word: string) => (): never => {
    throw new Error(word);
  };

  it("is contained and named in the log, wherever it fails", async () => {
    const plugin: Plugin = {
      name: "clumsy",
      roles: [
        aRole({
          name: "first",
          listens: { head: () => ({ type: "go" }), unit: fail("listens") },
          start: () => [0, [{ type: "soon" }, { type: "now" }]],
          step: fail("step"),
          effects: { now: fail("now"), soon: () => Promise.reject(new Error("soon")) },
        }),
        aRole({ name: "second", step: () => "no pair", listens: { head: () => ({ type: "go" }) } }),
        aRole({ name: "third", step: () => [0, [null]], listens: { head: () => ({ type: "go" }) } }),
      ],
      metrics(_metrics, view) {
        view.on("block", fail("on block"));
        throw new Error("metrics");
      },
    };
    const { app, clock, lines } = await miner({ roles: ["miner", "first", "second", "third"] }, [plugin]);
    await app.start();
    const rested = app.node.stopMining();
    await clock.run(5_000);
    await rested;
    app.node.resumeMining();
    await clock.run(30_000);
    expect(app.node.getStatus().height).toBeGreaterThan(0);
    const told = lines.filter(({ data }) => data.plugin === "clumsy");
    expect(new Set(told.map(({ level }) => level))).toEqual(new Set(["error"]));
    const words = new Set(told.map(({ data }) => `${data.what}: ${data.reason}`));
    for (const word of ["listens.unit: listens", "step: step", "effects.now: now", "effects.soon: soon"])
      expect(words).toContain(`role first, ${word}`);
    for (const name of ["second", "third"])
      expect([...words].some((it) => it.startsWith(`role ${name}, step: it must give [state, effects]`))).toBe(true);
    for (const word of ["metrics: metrics", "metrics, on block: on block"]) expect(words).toContain(word);
  });

  it("is contained when its handler of alerts throws, at once or later, and others still hear", async () => {
    const { log, lines } = memoryLog();
    const heard: string[] = [];
    const view = fakeView();
    const metrics = createMetrics({ process: false });
    attachPlugins(
      [
        { name: "one", securityHandlers: { equivocation: fail("one") } },
        { name: "two", securityHandlers: { equivocation: () => Promise.reject(new Error("two")) } },
        { name: "three", securityHandlers: { equivocation: ({ sentence }) => heard.push(sentence) } },
      ],
      { view, metrics, log },
    );
    view.events.emit("alert", { kind: "equivocation", sentence: "two blocks" });
    view.events.emit("alert", { kind: "forged-unit", sentence: "not asked for" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(heard).toEqual(["two blocks"]);
    expect(lines.map(({ data }) => `${data.plugin} ${data.reason}`)).toEqual(["one one", "two two"]);
  });

  it("is refused by its name when its role cannot start", async () => {
    const plugin: Plugin = { name: "clumsy", roles: [aRole({ start: fail("no map") })] };
    const error = await refusal(() => miner({ roles: ["greeter"] }, [plugin]));
    expect([error.code, error.message]).toEqual([
      "BAD_PLUGIN",
      "The plugin clumsy failed to start its role greeter: no map.",
    ]);
  });
});

describe("models of a plugin", () => {
  it("are found by networks that name them and by digest, and nowhere without it", async () => {
    const models = join(dir, "models");
    const name = "digits-other";
    mkdirSync(models);
    cpSync(join(MODELS_DIR, "digits-mlp"), join(models, name), { recursive: true });
    const manifest = JSON.parse(readFileSync(join(models, name, "model.json"), "utf8")) as object;
    const changed = { ...manifest, name, initSeed: "another start" };
    writeFileSync(join(models, name, "model.json"), JSON.stringify(changed));
    rmSync(join(models, name, "vectors.json"));
    const path = module("other-model.mjs", `export const plugin = { name: "other", models: ["./models"] };`);
    const { modelsDirs } = await loadPlugins({ paths: [path] });
    expect(modelsDirs).toEqual([models]);

    const genesis = genesisFor(PROFILES.devnet, [{ model: name }], modelsDirs);
    const file = join(dir, "other.json");
    writeFileSync(file, JSON.stringify(genesis));
    const [task] = loadNetwork(file, modelsDirs).rules.tasks;
    expect(task?.model).toBe(name);
    expect((await refusal(async () => loadNetwork(file))).code).toBe("BAD_MODEL");
    const { log } = memoryLog();
    const get = (more: readonly string[]) =>
      installedArtifacts({ dataDir: "not used", ephemeral: true }, { modelsDirs: more, log }).get(
        "parameters",
        task?.initialDigest as Uint8Array,
        { signal: AbortSignal.timeout(10_000) },
      );
    expect((await get(modelsDirs))?.length).toBe(task?.parameterCount);
    expect(await get([])).toBeUndefined();
    expect(toHex(task?.initialDigest as Uint8Array)).toHaveLength(64);
  });
});
