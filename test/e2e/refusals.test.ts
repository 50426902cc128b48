// What keeps a node from starting: each its own sentence, the next step, and its exit code.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { needBuild } from "../support/cli-process.ts";
import { eventually, Lab } from "../support/e2e-lab.ts";

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

/** A stopped node with some blocks. */
async function stopped(network: string): Promise<void> {
  const node = await lab.node("one", network, "--role", "miner");
  await eventually(() => (node.told() >= 3 ? true : undefined), "three blocks");
  expect(await node.stop()).toBe(0);
}

const start = (...args: string[]) =>
  lab.run("start", "--data-dir", lab.dataDir("one"), "--listen", "/ip4/127.0.0.1/tcp/0", "--api-port", "off", ...args);

describe("a data directory", () => {
  it("of another network is refused with its name", async () => {
    const network = lab.network();
    await stopped(network);
    const other = await start("--network", "devnet");
    expect(other.code).toBe(1);
    expect(other.err).toMatch(/✗ The data directory belongs to .*fast.*\n {2}.*--data-dir/);
    const changed = lab.network({ subsidy: "20000000" });
    const sameName = await start("--network", changed);
    expect(sameName.code).toBe(1);
    expect(sameName.err).toContain("The data directory belongs to");
  });

  it.each([
    ["table", ".ldb"],
    ["write log", ".log"],
  ])("with a damaged %s is refused, not believed", async (_, ending) => {
    const network = lab.network();
    await stopped(network);
    const chain = join(lab.dataDir("one"), "chain");
    // Opening the store moves its write log into tables.
    if (ending === ".ldb") expect(await lab.verify("one", network)).toMatchObject({ ok: true });
    const files = readdirSync(chain).filter((file) => file.endsWith(ending));
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) {
      const bytes = readFileSync(join(chain, file));
      for (let at = 64; at < bytes.length; at += 1024) bytes[at] = (bytes[at] as number) ^ 0xff;
      writeFileSync(join(chain, file), bytes);
    }
    const refused = await start("--network", network, "--role", "miner");
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/✗ .+\.\n {2}\S.+/);
    expect(refused.err).toMatch(/damaged|corrupt|checksum|missing|contradicts/i);
    expect(refused.err).not.toContain("fault in pouw-node");
  });
});

describe("a port", () => {
  it("of the API in use is named, with 1", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const taken = await lab.run(
      "start",
      ...["--data-dir", lab.dataDir("one"), "--listen", "/ip4/127.0.0.1/tcp/0", "--api-port", String(port)],
    );
    await new Promise((resolve) => other.close(resolve));
    expect(taken.code).toBe(1);
    expect(taken.err).toContain(String(port));
    expect(taken.err).toMatch(/✗ .+\.\n {2}\S/);
    expect(lab.leftovers("one")).toEqual([]);
  });
});

describe("a genesis file", () => {
  it("that is missing or wrong is said so, with 1", async () => {
    const missing = await start("--network", "./nowhere.json");
    expect(missing.code).toBe(1);
    expect(missing.err).toContain("./nowhere.json");
    writeFileSync(join(lab.dir, "bad.json"), '{"network":"x"}');
    const bad = await start("--network", "./bad.json");
    expect(bad.code).toBe(1);
    expect(bad.err).toMatch(/✗ .*blockTimeMs/);
  });
});
