// A real miner whose disk fails, turns read-only or takes no longer file: it says so, rests, goes on by itself once it is well, and a kill loses nothing.
import { spawnSync } from "node:child_process";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { needBuild } from "../support/cli-process.ts";
import { eventually, Lab, type LabNode, moreBlocks, sentenceOn } from "../support/e2e-lab.ts";
import { failingDisk, NO_FAILING_DISK } from "../support/failing-disk.ts";
import { signedTwice } from "../support/signed-lines.ts";

/** The longest pause between two tries of the store, and a block on a busy machine. */
const RECOVERY_MS = 120_000;

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

const blocks = (node: LabNode, more: number): Promise<boolean> => moreBlocks(node, more, RECOVERY_MS);

/** What the node says of its store once it does not take writes. */
const word = (node: LabNode): Promise<string | undefined> =>
  eventually(async () => {
    const { state } = await node.api.status();
    return state === "degraded" ? sentenceOn(node, "store") : undefined;
  }, "its word");

/** Kills the node; what it told of is there afterwards, replays, and was signed once. */
async function expectWhole(node: LabNode, network: string): Promise<void> {
  await node.kill();
  const acknowledged = node.told();
  const again = await lab.node("miner", network, "--role", "miner");
  expect(again.first.height).toBeGreaterThanOrEqual(acknowledged);
  expect(await again.stop()).toBe(0);
  expect(await lab.verify("miner", network)).toMatchObject({ ok: true });
  expect(signedTwice(lab.dataDir("miner"))).toEqual([]);
}

describe.skipIf(NO_FAILING_DISK !== undefined)(`a disk that fails (${NO_FAILING_DISK ?? "at will"})`, () => {
  it.each([
    { how: "EIO", says: /The disk with .* fails: it answers with an input\/output error\. Look into the system's log/ },
    { how: "EROFS", says: /The file system of .* is read-only\. Mount it for writing/ },
  ] as const)("with $how degrades the node until it is well again", async ({ how, says }) => {
    const network = lab.network();
    const disk = failingDisk(lab.dataDir("miner"));
    try {
      const node = await lab.nodeIn({ env: disk.env }, "miner", network, "--role", "miner");
      await blocks(node, 2);
      disk.fail(how);
      expect(await word(node)).toMatch(says);
      const told = node.told();
      disk.fail(undefined);
      await eventually(() => (node.told() > told + 1 ? true : undefined), "blocks on a sound disk", RECOVERY_MS);
      expect((await node.api.status()).health.every(({ ok }) => ok)).toBe(true);
      disk.fail(how);
      await word(node);
      await expectWhole(node, network);
    } finally {
      disk.close();
    }
  });
});

const canLimit = spawnSync("prlimit", ["--version"]).status === 0;

it.skipIf(!canLimit)("that takes no longer files than they are degrades the node until it does", async () => {
  const network = lab.network();
  const node = await lab.node("miner", network, "--role", "miner");
  const limit = (bytes: string): void => {
    expect(spawnSync("prlimit", ["--pid", String(node.process.pid), `--fsize=${bytes}:`]).status).toBe(0);
  };
  await blocks(node, 2);
  limit("4");
  expect(await word(node)).toMatch(/no room left on the disk/);
  const told = node.told();
  limit("unlimited");
  await eventually(() => (node.told() > told + 1 ? true : undefined), "blocks without the limit", RECOVERY_MS);
  await expectWhole(node, network);
});
