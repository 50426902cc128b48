// Plugins as modules: what is refused and how it is said, what each kind brings to a node, and that a failing one harms nobody.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/level/index.ts";
import { createMemoryNetwork } from "../../src/adapters/memory-wire/index.ts";
import { createMetrics } from "../../src/adapters/telemetry/index.ts";
import { type App, createApp, type Plugin } from "../../src/app/index.ts";
import { toHex } from "../../src/base/index.ts";
import { PROFILES } from "../../src/chain/index.ts";
import {
  genesisFor,
  loadNetwork,
  loadPlugins,
  MODELS_DIR,
  type NodeOptionsInput,
  PoUWNode,
} from "../../src/node/index.ts";
import { installedArtifacts } from "../../src/node/parts/capabilities.ts";
import { attachPlugins } from "../../src/node/plugins/guard.ts";
import type { Log } from "../../src/ports/index.ts";
import { type AnyRole, anyRole } from "../../src/roles/index.ts";
import { fakeView } from "../support/fake-view.ts";
import { module, pluginDir, RANKING } from "../support/plugin-files.ts";
import { refusalOf } from "../support/refusal.ts";
import { Sim, toyArtifacts, toyNetwork, toyRuntime } from "../support/sim.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const folder = pluginDir();

/** A role with nothing to do. */
const aRole = (change: object = {}): AnyRole =>
  anyRole({
    ...{ name: "greeter", bit: 0, needs: [], claims: {}, listens: {}, effects: {} },
    ...{ start: () => [0, []], step: (state: unknown) => [state, []] },
    ...change,
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

/** What a node of the simulator's world runs on. */
function world() {
  const clock = new VirtualClock();
  const air = createMemoryNetwork({ clock, random: () => 0.5, latencyMs: 20, loss: 0 });
  const { log, lines } = memoryLog();
  const parts = {
    ...{ log, clock, store: memoryStore(), wire: air.wire("one"), artifacts: toyArtifacts },
    ...{ runtime: toyRuntime({ clock, unitMs: 1000 }), network: toyNetwork(), key: Sim.key("one") },
    metrics: createMetrics({ process: false }),
  };
  return { parts, clock, lines };
}

/** A node with an API, its log and its clock. */
async function miner(input: NodeOptionsInput, plugins: readonly Plugin[] = []) {
  const { parts, clock, lines } = world();
  const place = { dataDir: mkdtempSync(join(folder.path(), "data-")), ephemeral: true, apiPort: 0 };
  const app = await createApp({ ...place, ...input }, { plugins, parts });
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
    await clock.run(120_000);
    const { height, nodeId, roles } = app.node.getStatus();
    expect(height).toBeGreaterThan(2);
    expect(roles).toContain("ranking");
    const page = await (await get("/v1/x/miners")).json();
    expect(page).toEqual({ height, miners: [{ miner: nodeId, blocks: height }], forgeries: 0 });
    expect(await (await get("/metrics")).text()).toContain(`pouw_ranking_blocks_total{own="true"} ${height}\n`);
  });

  it("gives its role and metric to a node without an API", async () => {
    const { parts, clock } = world();
    const input = { roles: ["miner", "ranking"], plugins: [RANKING], dataDir: "/nowhere", ephemeral: true };
    const node = await PoUWNode.create(input as NodeOptionsInput, parts);
    await node.start();
    await clock.run(30_000);
    const { roles, height } = node.getStatus();
    await node.stop();
    expect([roles.includes("ranking"), height > 0]).toEqual([true, true]);
    expect(await parts.metrics.text()).toContain(`pouw_ranking_blocks_total{own="true"} ${height}\n`);
    await expect(PoUWNode.create({ plugins: ["./none.mjs"] })).rejects.toMatchObject({ code: "BAD_PLUGIN" });
  });

  it("has settings that are checked as any other", async () => {
    const error = await refusalOf(() => miner({ plugins: [RANKING], ranking: { top: 0 } } as NodeOptionsInput));
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
    const error = await refusalOf(() => miner({ roles: ["greeter"] }, [plugin]));
    expect([error.code, error.message]).toEqual([
      "BAD_PLUGIN",
      "The plugin clumsy failed to start its role greeter: no map.",
    ]);
  });
});

describe("models of a plugin", () => {
  it("are found by networks that name them and by digest, and nowhere without it", async () => {
    const models = join(folder.path(), "models");
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
    const file = join(folder.path(), "other.json");
    writeFileSync(file, JSON.stringify(genesis));
    const [task] = loadNetwork(file, modelsDirs).rules.tasks;
    expect(task?.model).toBe(name);
    expect((await refusalOf(async () => loadNetwork(file))).code).toBe("BAD_MODEL");
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
