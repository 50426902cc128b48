// The programs of examples/ as people run them: real processes on the built package, stopped as Ctrl-C does; and the plugin in the command.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CliProcess, needBuild } from "../support/cli-process.ts";
import { eventually, Lab } from "../support/e2e-lab.ts";

const example = (name: string): string => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
const PLUGIN = example("plugins/ranking.mjs");
let lab: Lab;
const running: CliProcess[] = [];
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.signal("SIGKILL");
    await child.exit;
  }
  await lab.close();
});

/** Runs an example on the network and a directory of its own. */
function program(name: string, network: string, ...args: string[]): CliProcess {
  const place = ["--network", network, "--dir", lab.dataDir(name)];
  const child = new CliProcess([...place, ...args], { cwd: lab.dir, program: example(`${name}.mjs`) });
  running.push(child);
  return child;
}

async function stop(child: CliProcess): Promise<void> {
  child.signal("SIGINT");
  expect(await child.exit).toEqual({ code: 0, signal: null });
  expect(child.out.endsWith("stopped\n")).toBe(true);
  expect(child.err).toBe("");
}

describe("examples", () => {
  it("mine, follow what is mined, and stop cleanly", async () => {
    const network = lab.network();
    const miner = program("mine", network);
    const address = await miner.until(() => /--join (\/ip4\/\S+)/.exec(miner.out)?.[1], "the miner's address");
    const [, block] = await miner.until(() => /^block 2 ([0-9a-f]{16})$/m.exec(miner.out) ?? undefined, "two blocks");
    expect(block).toHaveLength(16);
    const follower = program("follow", network, "--join", address);
    const line = /^height (\d+): digits-mlp round \d+ [0-9a-f]{16} accuracy (0\.\d+|not known yet)$/m;
    const first = await follower.until(() => line.exec(follower.out) ?? undefined, "a height");
    // It goes on with the miner: a later block than the first that it told of.
    const later = new RegExp(`^height ${Number(first[1]) + 3}: `, "m");
    await follower.until(() => (later.test(follower.out) ? true : undefined), "three heights more");
    await stop(follower);
    await stop(miner);
  });
});

describe("the example plugin", () => {
  const flags = ["--plugin", PLUGIN, "--ranking-top", "1"];

  it("brings role, setting, page and metric to the command", async () => {
    const node = await lab.node("ranked", lab.network(), "--role", "miner,ranking", ...flags);
    expect(node.first.roles).toContain("ranking");
    await eventually(() => (node.told() >= 2 ? true : undefined), "two blocks");
    const { out } = await lab.run("status", "--json", "--data-dir", lab.dataDir("ranked"));
    const { nodeId } = JSON.parse(out) as { nodeId: string };
    const { url } = node.api;
    const page = await (await fetch(`${url}/v1/x/miners`)).json();
    const blocks: unknown = expect.toSatisfy((count: number) => count >= 2);
    expect(page).toEqual({ height: expect.any(Number), miners: [{ miner: nodeId, blocks }], forgeries: 0 });
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^pouw_ranking_blocks_total\{own="true"\} \d+$/m);
    const document = await (await fetch(`${url}/v1/openapi.json`)).json();
    expect(document).toHaveProperty(["paths", "/v1/x/miners", "get", "summary"]);
    expect(await node.stop()).toBe(0);
  });

  it("is known to the help and to config explain, and said to be missing where it is", async () => {
    const help = await lab.run("help", "start", "--plugin", PLUGIN);
    expect(help.out).toMatch(/--ranking-top <n> +how many miners/);
    const { out, code } = await lab.run("config", "explain", ...flags);
    expect(code).toBe(0);
    expect(out).toMatch(/^ranking\.top +--ranking-top +1$/m);
    const missing = await lab.run("config", "explain", "--plugin", "./none.mjs");
    expect([missing.code, missing.out]).toEqual([1, ""]);
    expect(missing.err).toMatch(
      /^✗ The plugin \S+none\.mjs is not there\.\n {2}Correct its path, or leave it out\.\n$/,
    );
  });

  it("is found beside the configuration file that names it", async () => {
    const dir = lab.dataDir("elsewhere");
    mkdirSync(dir);
    const names = (plugin: string): void =>
      writeFileSync(join(dir, "my.json"), JSON.stringify({ plugins: [plugin], ranking: { top: 7 } }));
    names(`./${relative(dir, PLUGIN)}`);
    const found = await lab.run("config", "explain", "--config", "elsewhere/my.json");
    expect(found.out).toMatch(/^ranking\.top +elsewhere\/my\.json +7$/m);
    names("./none.mjs");
    const missing = await lab.run("config", "explain", "--config", "elsewhere/my.json");
    expect(missing.err).toContain(`${join(dir, "none.mjs")} is not there`);
  });
});
