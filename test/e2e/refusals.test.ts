// What keeps a node from starting: each its own sentence, the next step, and its exit code.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
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

/** A stopped node with some blocks; `enough` looks at its directory. */
async function stopped(network: string, enough = (): boolean => true): Promise<void> {
  const node = await lab.node("one", network, "--role", "miner");
  await eventually(() => (node.told() >= 3 && enough() ? true : undefined), "three blocks");
  expect(await node.stop()).toBe(0);
}

/** Inverts a byte of every kilobyte from `from` to `to`, as shares of the file. */
function damage(file: string, from: number, to: number): void {
  const bytes = readFileSync(file);
  for (let at = Math.floor(bytes.length * from) + 64; at < bytes.length * to; at += 1024)
    bytes[at] = (bytes[at] as number) ^ 0xff;
  writeFileSync(file, bytes);
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

  const chain = (): string => join(lab.dataDir("one"), "chain");
  const files = (ending: string): string[] =>
    readdirSync(chain())
      .filter((file) => file.endsWith(ending))
      .map((file) => join(chain(), file));
  async function refused(network: string): Promise<void> {
    const { code, err } = await start("--network", network, "--role", "miner");
    expect(code).toBe(1);
    expect(err).toMatch(/✗ .+\.\n {2}\S.+/);
    expect(err).toMatch(/damaged|corrupt|checksum|missing|contradicts/i);
    expect(err).not.toContain("fault in pouw-node");
  }

  it("with damaged tables is refused, not believed", async () => {
    const network = lab.network();
    await stopped(network);
    // Opening the store moves its write log into tables.
    expect(await lab.verify("one", network)).toMatchObject({ ok: true });
    expect(files(".ldb").length).toBeGreaterThan(0);
    for (const file of files(".ldb")) damage(file, 0, 1);
    await refused(network);
  });

  it("with a damaged write log is refused, not believed", async () => {
    // Long units, so that no batch holds the deltas of many: the last one, damaged, would look like one that a power failure tore.
    const network = lab.network({}, [{ model: "digits-mlp", steps: 1000 }]);
    const long = (): string | undefined => files(".log").find((file) => statSync(file).size > 1_000_000);
    // On its way to the stop a node may write so much that LevelDB begins another log: then it is started once more.
    let log: string | undefined;
    for (let tries = 0; log === undefined && tries < 5; tries++) {
      await stopped(network, () => long() !== undefined);
      log = long();
    }
    // The end of the log stays: what is lost there looks like a batch that a power failure tore.
    damage(log as string, 0.1, 0.5);
    await refused(network);
  });
});

it.skipIf(process.platform !== "linux")("a data directory that cannot be made is said so, with 1", async () => {
  const { code, err } = await lab.run("start", "--data-dir", "/proc/pouw/x", "--api-port", "off");
  expect([code, err]).toEqual([1, expect.stringMatching(/^✗ .*\/proc\/pouw\/x.*\.\n {2}\S.*--data-dir.*\n$/s)]);
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
    expect(bad.err).toMatch(/✗ \S+: The genesis is wrong at \S+: is missing \(\d+ more/);
  });
});
