// A real miner on a small real disk that fills up and is freed again: it says so, rests, goes on by itself, and a kill loses nothing it told of.
import { symlinkSync } from "node:fs";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { needBuild } from "../support/cli-process.ts";
import { eventually, Lab } from "../support/e2e-lab.ts";
import { NO_SMALL_DISK, type SmallDisk, smallDisk } from "../support/small-disk.ts";

const MEBIBYTES = 96;
let lab: Lab;
let disk: SmallDisk;

beforeAll(needBuild);

describe.skipIf(NO_SMALL_DISK !== undefined)(`a disk of its own (${NO_SMALL_DISK ?? "mounted"})`, () => {
  beforeEach(() => {
    lab = new Lab();
    disk = smallDisk(MEBIBYTES);
    symlinkSync(disk.dir, lab.dataDir("miner"));
  });
  afterEach(async () => {
    await lab.close();
    disk.close();
  });

  it("that fills up degrades the node until there is room, twice, and loses nothing", async () => {
    const network = lab.network();
    const start = () => lab.node("miner", network, "--role", "miner");
    let node = await start();
    for (let time = 0; time < 2; time++) {
      const before = node.told();
      await eventually(() => (node.told() > before + 1 ? true : undefined), "blocks");
      disk.fill();
      const full = await eventually(async () => {
        const status = await node.api.status();
        return status.state === "degraded" ? status : undefined;
      }, "the word of a full disk");
      const store = full.health.find(({ check }) => check === "store");
      expect(store).toMatchObject({ ok: false, sentence: expect.stringMatching(/no room left.*Free some space/) });
      disk.free();
      const told = node.told();
      await eventually(() => (node.told() > told ? true : undefined), "a block once there is room");
      await node.kill();
      const acknowledged = node.told();
      node = await start();
      expect(node.first.height).toBeGreaterThanOrEqual(acknowledged);
    }
    disk.fill();
    await eventually(async () => ((await node.api.status()).state === "degraded" ? true : undefined), "its word again");
    // It stops all the same; what was not stored was told to nobody.
    expect(await node.stop()).toBe(0);
    // Nor does it start on a disk without room, and says why.
    const refused = await lab.run("start", "--network", network, "--data-dir", lab.dataDir("miner"), "--api-port", "0");
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/✗ There is no room left on the disk for .*\n {2}Free some space there/);
    disk.free();
    expect(await lab.verify("miner", network)).toMatchObject({ ok: true });
  });
});
