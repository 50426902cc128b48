// A miner whose disk is full for a while: nothing that it told anybody is lost, it says what is wrong, and goes on by itself with what it won.
import { afterEach, expect, it } from "vitest";
import type { NodeStatus } from "../../src/node/index.ts";
import { FailingStore } from "../support/failing-store.ts";
import { Sim } from "../support/sim.ts";

let sim: Sim;
afterEach(() => sim.close());

const status = (name: string): NodeStatus => sim.node(name).getStatus();
const HOUR_MS = 3_600_000;

const upTo = (ms: number): number => Math.floor(ms * sim.random());

/** A miner on a disk that the test fills, its peer on one that is sound, and a chain. */
async function pair(): Promise<FailingStore> {
  sim = new Sim({ seed: 5 });
  const disk = new FailingStore();
  await sim.add("miner", { roles: ["miner"], store: disk });
  await sim.add("peer", { trains: true }, ["miner"]);
  await sim.clock.run(HOUR_MS, () => status("peer").height >= 5);
  return disk;
}

it("rests while nothing can be stored, says so, and goes on with the block that it had won", async () => {
  const disk = await pair();
  disk.fillsAt = (writes) => writes.some(({ key }) => key.startsWith("block/"));
  await sim.clock.run(HOUR_MS, () => status("miner").state === "degraded");
  const since = Math.trunc(sim.clock.wallTime());
  const stands = status("miner");
  expect(stands.state).toBe("degraded");
  const sentence = expect.stringMatching(/no room left.*Free some/);
  expect(stands.health).toContainEqual({ check: "store", ok: false, since, sentence });
  await sim.clock.run(HOUR_MS);
  // Units under way end; no other begins, and nobody is told of what is not stored.
  expect(status("miner").stats.units - stands.stats.units).toBeLessThanOrEqual(1);
  expect(status("miner").height).toBe(stands.height);
  expect(status("peer").height).toBeLessThanOrEqual(stands.height);
  const { blocksMined } = status("miner").stats;
  disk.full = false;
  const { units } = status("miner").stats;
  await sim.clock.run(40_000, () => status("miner").state === "mining");
  expect(status("miner")).toMatchObject({ state: "mining", height: stands.height + 1 });
  expect(status("miner").health).toContainEqual({ check: "store", ok: true, since: Math.trunc(sim.clock.wallTime()) });
  // The very block that the disk did not take: its unit ends with it, and no other ran in between.
  expect(status("miner").stats).toMatchObject({ units: units + 1, blocksMined: blocksMined + 1 });
  await sim.clock.run(HOUR_MS, () => status("peer").height >= stands.height + 5);
  expect(status("peer").height).toBeGreaterThanOrEqual(stands.height + 5);
});

it("has after a restart all that its peer heard of it, however often the disk fills", async () => {
  const disk = await pair();
  const before = status("peer").height;
  for (let time = 0; time < 8; time++) {
    await sim.clock.run(10_000 + upTo(10_000));
    disk.full = true;
    await sim.clock.run(upTo(20_000));
    disk.full = false;
    await sim.clock.run(upTo(30_000));
    const heard = status("peer").tip;
    await sim.stop("miner");
    await disk.recover();
    await sim.restart("miner", ["peer"]);
    const own = await sim.node("miner").view().block(heard.height);
    expect(own?.hash, `time ${time}`).toBe(heard.hash);
  }
  expect(disk.lost).toEqual([]);
  expect(status("peer").height).toBeGreaterThan(before + 3);
});

it("closes its rounds again", async () => {
  const disk = await pair();
  disk.full = true;
  await sim.clock.run(HOUR_MS, () => status("miner").state === "degraded");
  const round = (): number => status("miner").tasks[0]?.round as number;
  const before = round();
  disk.full = false;
  await sim.clock.run(HOUR_MS, () => round() >= before + 10);
  expect(round()).toBeGreaterThanOrEqual(before + 10);
});

it("that lost what it had acknowledged ends the node", async () => {
  const disk = await pair();
  disk.full = true;
  await sim.clock.run(HOUR_MS, () => status("miner").state === "degraded");
  disk.full = false;
  disk.damaged = true;
  await sim.clock.run(60_000);
  expect(status("miner").state).toBe("error");
  expect(status("miner").health).toContainEqual(
    expect.objectContaining({ ok: false, sentence: expect.stringContaining("damaged") }),
  );
});
