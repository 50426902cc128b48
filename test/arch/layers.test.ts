// The import law of the house: a file imports from its own room or an earlier one, across rooms only through index.ts, and the
// same between the sub-rooms that have an order (scripts/house/order.ts). Type imports count.
import { describe, expect, it } from "vitest";
import { emptyPlaces, faultsOf, importFaults } from "../../scripts/house/law.ts";
import { ORDER, OTHERS } from "../../scripts/house/order.ts";
import { circlesAmong, importsOf, namesIn, readSources } from "../../scripts/house/sources.ts";

const files = readSources();
const file = (path: string, text: string) => ({ path, text });

describe("the house", () => {
  it("found the sources", () => expect(files.length).toBeGreaterThan(100));

  it("has something at every place of the order", () => {
    expect(emptyPlaces(files.map(({ path }) => path))).toEqual([]);
  });

  it.each(files.map(({ path, text }) => [path, text]))("%s keeps the law", (path, text) => {
    expect(faultsOf(file(path, text))).toEqual([]);
  });

  it("imports only files that are there", () => {
    const paths = new Set(files.map(({ path }) => path));
    expect(files.flatMap((one) => importsOf(one).filter((to) => !paths.has(to) && to.endsWith(".ts")))).toEqual([]);
  });

  it("has no circle of files", () => expect(circlesAmong(files)).toEqual([]));

  it("has no file over 300 lines", () => {
    expect(files.filter(({ text }) => text.split("\n").length > 301).map(({ path }) => path)).toEqual([]);
  });
});

describe("the law", () => {
  it.each([
    ["a value", 'import { a } from "./a.ts";'],
    ["a type", 'import type { A } from "./a.ts";'],
    ["over lines", 'import {\n  type A,\n  b,\n} from "./a.ts";'],
    ["for its effect", 'import "./a.ts";'],
    ["late", 'const a = await import("./a.ts");'],
    ["a type in place", 'let a: import("./a.ts").A;'],
    ["and exports", 'export * from "./a.ts";'],
    ["and exports a type", 'export type { A } from "./a.ts";'],
  ])("sees what is imported %s", (_how, text) => expect(namesIn(text)).toEqual(["./a.ts"]));

  it.each([
    ["a room above", "base/x.ts", "chain/index.ts", "looks up"],
    ["past a door", "engine/x.ts", "chain/rules.ts", "past its index"],
    ["the command line from inside", "api/x.ts", "cli/main.ts", "looks up"],
    ["a sibling", "adapters/level/x.ts", "adapters/onnx/index.ts", "sibling"],
    ["an adapter past its door", "node/parts/x.ts", "adapters/onnx/pool.ts", "past its index"],
    ["another role", "roles/miner/x.ts", "roles/peer.ts", "sibling"],
    ["a role's table from a role", "roles/miner/x.ts", "roles/registry.ts", "looks up"],
    ["codec from crypto", "crypto/x.ts", "codec/index.ts", "looks up"],
    ["exchange to intake", "engine/exchange/x.ts", "engine/intake/index.ts", "looks up"],
    ["storage to the engine's wiring", "engine/storage/x.ts", "engine/wiring.ts", "looks up"],
    ["events to storage", "engine/events.ts", "engine/storage/index.ts", "looks up"],
    ["an engine's sub-room past its door", "engine/intake/x.ts", "engine/chain/ledger.ts", "past its index"],
    ["the node's views to its parts", "node/views/x.ts", "node/parts/index.ts", "looks up"],
    ["the node's config past its door", "node/tools/x.ts", "node/config/table.ts", "past its index"],
    ["paths to config", "node/paths.ts", "node/config/index.ts", "looks up"],
    ["gossip to requests", "adapters/libp2p/gossip/x.ts", "adapters/libp2p/requests/index.ts", "looks up"],
    ["requests past a door", "adapters/libp2p/peers/x.ts", "adapters/libp2p/requests/client.ts", "past its index"],
    ["base files among each other", "adapters/libp2p/rate.ts", "adapters/libp2p/slots.ts", "sibling"],
    ["data to models", "ml/data/x.ts", "ml/models/index.ts", "looks up"],
    ["graph past its door", "ml/models/x.ts", "ml/graph/ops.ts", "past its index"],
  ])("refuses %s", (_what, from, to, fault) => {
    expect(importFaults(from, to).join()).toContain(fault);
  });

  it.each([
    ["its own room", "chain/apply.ts", "chain/state/state.ts"],
    ["a room below", "engine/training/x.ts", "chain/index.ts"],
    ["a sub-room below", "engine/training/x.ts", "engine/storage/index.ts"],
    ["a file below a sub-room", "engine/storage/x.ts", "engine/events.ts"],
    ["a role in its table", "roles/registry.ts", "roles/herald.ts"],
    ["an event from a role", "roles/herald.ts", "roles/role.ts"],
    ["an adapter", "node/parts/x.ts", "adapters/libp2p/index.ts"],
    ["the polyfill", "cli/main.ts", "polyfill.ts"],
    ["a folder without an order", "api/x.ts", "api/resources/index.ts"],
  ])("allows %s", (_what, from, to) => expect(importFaults(from, to)).toEqual([]));

  it("knows every place", () => {
    expect(faultsOf(file("attic/x.ts", ""))).toEqual(["attic/x.ts has no place in the order of src/"]);
    expect(faultsOf(file("engine/x.ts", ""))).toHaveLength(1);
    expect(faultsOf(file("adapters/libp2p/x.ts", ""))).toHaveLength(1);
    expect(faultsOf(file("chain/x.ts", ""))).toEqual([]);
  });

  it("says which place is empty", () => {
    const all = Object.entries(ORDER)
      .flatMap(([folder, order]) => order.flat().map((name) => `${folder}/${name}`))
      .filter((path) => path !== `roles/${OTHERS}`);
    const paths = all.map((path) => path.replace(/^\//, ""));
    expect(emptyPlaces(paths)).toEqual([]);
    expect(emptyPlaces(paths.filter((path) => path !== "engine/origin.ts"))).toEqual(["engine/origin.ts"]);
    expect(emptyPlaces([])).toHaveLength(all.length);
  });

  it("gives packages to their owners", () => {
    expect(faultsOf(file("chain/x.ts", 'import { A } from "level";'))).toHaveLength(1);
    expect(faultsOf(file("adapters/level/x.ts", 'import { A } from "level";'))).toEqual([]);
    expect(faultsOf(file("codec/x.ts", 'import { z } from "zod";'))).toHaveLength(1);
    expect(faultsOf(file("apiary/x.ts", 'import { A } from "fastify";'))).toContain("apiary/x.ts imports fastify");
    expect(faultsOf(file("work/x.ts", 'import { A } from "node:crypto";'))).toHaveLength(1);
  });

  it.each(["Date.now()", "Math.random()", "process.env.A", "console.log()"])("keeps %s out of pure rooms", (what) => {
    expect(faultsOf(file("work/x.ts", `const t = ${what};`))).toContain(
      "work/x.ts uses clock, chance, environment or console",
    );
    expect(faultsOf(file("adapters/clock/index.ts", `const t = ${what};`))).toEqual([]);
  });

  it.each(["clock.wallTime()", "Date.now()", "new Date()"])("keeps %s out of durations", (what) => {
    const fault = "asks for the time of day; a duration is of the monotonic clock";
    for (const path of ["adapters/libp2p/x.ts", "node/views/x.ts", "cli/x.ts", "engine/training/x.ts"])
      expect(faultsOf(file(path, `const t = ${what};`)).filter((it) => it.includes("time of day"))).toEqual([
        `${path} ${fault}`,
      ]);
    expect(faultsOf(file("engine/training/block-maker.ts", `const t = ${what};`)).join()).not.toContain("time of day");
    expect(faultsOf(file("cli/x.ts", "new Date(header.time)"))).toEqual([]);
  });

  it("finds circles, through types and over many files, and no others", () => {
    const a = file("a.ts", 'import type { B } from "./b.ts";');
    const b = file("b.ts", 'export { C } from "./c.ts";');
    const c = (to: string) => file("c.ts", `import { A } from "./${to}.ts";`);
    expect(circlesAmong([a, b, c("a"), file("d.ts", 'import "./a.ts";')])).toEqual([["a.ts", "b.ts", "c.ts"]]);
    expect(circlesAmong([a, b, c("d"), file("d.ts", "")])).toEqual([]);
  });
});
