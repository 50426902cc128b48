// Plugins that cannot be used, and how it is said; and how the command line finds those that can.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Plugin } from "../../src/app/index.ts";
import { PouwError, setting, z } from "../../src/base/index.ts";
import { loadPlugins, type Plugins } from "../../src/node/index.ts";
import { type AnyRole, anyRole } from "../../src/roles/index.ts";
import { fakeDeps, fakeIo, run } from "../support/fake-io.ts";
import { module, pluginDir, RANKING } from "../support/plugin-files.ts";
import { refusalOf } from "../support/refusal.ts";

const folder = pluginDir();

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
      `export const plugin = { name: "x", securityHandlers: { "forged-unit": 1 } };`,
      /securityHandlers\.forged-unit must be a function\.$/,
    ],
    [
      "handles alerts that nobody raises",
      `export const plugin = { name: "x", securityHandlers: { equivocatoin: () => 1 } };`,
      /handles an unknown kind of alert, "equivocatoin" \(did you mean "equivocation"\?\)\.$/,
    ],
    [
      "listens to what nobody says",
      `export const plugin = { name: "x", roles: [{ ...${ROLE}, listens: { hed: () => undefined } }] };`,
      /listens in its role greeter to an unknown event, "hed" \(did you mean "head"\?\)\.$/,
    ],
    [
      "claims what there is not",
      `export const plugin = { name: "x", roles: [{ ...${ROLE}, claims: { fly: true } }] };`,
      /has an unknown field "roles\[0\]\.claims\.fly"\.$/,
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
    const error = await refusalOf(() => loadPlugins({ paths: [path] }));
    expect(error.code).toBe("BAD_PLUGIN");
    expect(error.message).toMatch(/^The plugin \S+ .*\.$/);
    expect(error.message).toMatch(expected);
    expect(error.remedy).toMatch(/\.$|;$/);
  });

  it("is not there", async () => {
    const error = await refusalOf(() => loadPlugins({ paths: [join(folder.path(), "none.mjs"), RANKING] }));
    expect([error.code, error.message]).toEqual([
      "BAD_PLUGIN",
      `The plugin ${join(folder.path(), "none.mjs")} is not there.`,
    ]);
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
    const error = await refusalOf(() => loadPlugins({ given }));
    expect(error.code).toBe("BAD_PLUGIN");
    expect(error.message).toMatch(expected);
  });
});

describe("the command line", () => {
  const broken = (): string => module("broken.mjs", "throw new Error('no licence')");

  it("finds plugins by flag, variable and file, and takes their flags in any place", async () => {
    const flag = fakeIo({ cwd: folder.path() });
    expect(await run(["config", "explain", "--ranking-top", "4", `--plugin=${RANKING}`], flag)).toBe(0);
    expect(flag.out()).toMatch(/^ranking\.top +--ranking-top +4$/m);
    module("near.mjs", `export { plugin } from ${JSON.stringify(RANKING)};`);
    const variable = fakeIo({ cwd: folder.path(), env: { POUW_PLUGINS: "./near.mjs", POUW_RANKING_TOP: "5" } });
    expect(await run("config explain", variable)).toBe(0);
    expect(variable.out()).toMatch(/^ranking\.top +POUW_RANKING_TOP +5$/m);
    const content = { plugins: ["../near.mjs"], roles: ["ranking"], ranking: { top: 6 } };
    mkdirSync(join(folder.path(), "conf"), { recursive: true });
    writeFileSync(join(folder.path(), "conf", "node.config.json"), JSON.stringify(content));
    const file = fakeIo({ cwd: join(folder.path(), "conf") });
    expect(await run("config explain", file)).toBe(0);
    expect(file.out()).toMatch(/^ranking\.top +node\.config\.json +6$/m);
    expect(file.out()).toMatch(/^roles +node\.config\.json +\["ranking"\]$/m);
  });

  it("ends with one sentence and 1 for a bad one, whatever the command", async () => {
    for (const line of [["start"], ["status"], ["config", "explain"]]) {
      const io = fakeIo({ cwd: folder.path(), env: { POUW_PLUGINS: broken() } });
      expect(await run(line, io)).toBe(1);
      expect(io.err()).toMatch(/^✗ The plugin \S+broken\.mjs failed while it was loaded: no licence\.\n/);
      expect(io.out()).toBe("");
    }
  });

  it("helps and tells its version all the same", async () => {
    const help = fakeIo({ cwd: folder.path() });
    expect(await run(["help", "start", "--plugin", broken()], help)).toBe(0);
    expect(help.out()).toContain("--plugin <path>");
    expect(help.err()).toMatch(/^Without plugins: The plugin \S+ failed/);
    const version = fakeIo({ cwd: folder.path() });
    expect(await run(["--version", "--plugin", broken()], version)).toBe(0);
    expect([version.out(), version.err()]).toEqual(["9.9.9\n", ""]);
  });

  it("hands them on to the node and to the tools", async () => {
    const seen: (readonly string[])[] = [];
    const note = async (_options: unknown, { plugins }: { readonly plugins: Plugins }): Promise<never> => {
      seen.push(plugins.list.map(({ name }) => name));
      throw new PouwError("CLOSED", "Seen.");
    };
    const deps = fakeDeps({ createNode: note, diagnose: note, bench: note, verify: note });
    const env = { POUW_PLUGINS: RANKING, POUW_ROLES: "ranking" };
    for (const command of ["start", "doctor", "bench", "chain verify"])
      expect(await run(command, fakeIo({ cwd: folder.path(), env }), deps)).toBe(1);
    expect(seen).toEqual(Array(4).fill(["ranking"]));
  });
});
