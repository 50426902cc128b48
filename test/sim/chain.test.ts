// Whole nodes in virtual time: one chain, one model, whatever happens to the network and the processes.
import { afterEach, describe, expect, it } from "vitest";
import type { NodeStatus } from "../../src/node/index.ts";
import { replayStore } from "../../src/node/tools/replay.ts";
import { Sim, toyArtifacts } from "../support/sim.ts";

let sim: Sim;
afterEach(() => sim.close());

const MINUTE = 60_000;
const statuses = (...names: string[]): NodeStatus[] => names.map((name) => sim.node(name).getStatus());

/** What nodes of one chain must agree on. */
const settled = ({ settled: { height, hash, stateRoot, parametersDigest }, tasks }: NodeStatus): object => ({
  height,
  hash,
  stateRoot,
  parametersDigest,
  accuracy: tasks[0]?.accuracy,
});

describe("one miner", () => {
  it("leads itself from unit to unit and finds a block every few units", async () => {
    sim = new Sim();
    await sim.add("a", { roles: ["miner"] });
    await sim.clock.run(5 * MINUTE);
    const [status] = statuses("a") as [NodeStatus];
    expect(status.state).toBe("mining");
    expect(status.height).toBeGreaterThan(10);
    expect(status.stats.units).toBeGreaterThan(280);
    // It never waits: nearly every unit became a round.
    expect(status.tasks[0]?.round).toBeGreaterThan(0.85 * status.stats.units);
    expect(status.stats.blocksMined).toBe(status.height);
  });
});

describe("two miners", () => {
  it("train one model: both contribute to the same records", async () => {
    sim = new Sim();
    await sim.add("a", { roles: ["miner"] });
    await sim.add("b", { roles: ["miner"], unitMs: 1100 }, ["a"]);
    await sim.clock.run(6 * MINUTE);
    const [a, b] = statuses("a", "b") as [NodeStatus, NodeStatus];
    expect(a.settled.height).toBeGreaterThan(15);
    expect(settled(b)).toEqual(settled(a));
    expect(a.stats.blocksMined).toBeGreaterThan(0);
    expect(b.stats.blocksMined).toBeGreaterThan(0);
    const blocks = await sim
      .node("a")
      .view()
      .blocks(a.height - 8, 8);
    const records = blocks.reduce((sum, block) => sum + block.records, 0);
    const contributions = blocks.reduce((sum, block) => sum + block.contributions, 0);
    expect(contributions).toBeGreaterThan(1.5 * records);
    expect(a.stats.blocksVerified).toBeGreaterThanOrEqual(b.stats.blocksMined - 1);
  });

  it("come to one chain after a split, and no money is made or lost", async () => {
    sim = new Sim({ seed: 7 });
    await sim.add("a", { roles: ["miner"] });
    await sim.add("b", { roles: ["miner"] }, ["a"]);
    await sim.clock.run(2 * MINUTE);
    const together = statuses("a")[0]?.height as number;
    sim.air.split([[sim.peerId("a")], [sim.peerId("b")]]);
    await sim.clock.run(2 * MINUTE);
    const apart = statuses("a", "b") as [NodeStatus, NodeStatus];
    expect(apart[0].height).toBeGreaterThan(together);
    expect(apart[1].height).toBeGreaterThan(together);
    expect(apart[0].settled.hash).not.toBe(apart[1].settled.hash);
    sim.air.join();
    await sim.dial("b", "a");
    await sim.clock.run(MINUTE);
    const [a, b] = statuses("a", "b") as [NodeStatus, NodeStatus];
    expect(settled(b)).toEqual(settled(a));
    expect(a.stats.reorganisations + b.stats.reorganisations).toBeGreaterThan(0);
    const { network } = sim;
    for (const name of ["a", "b"]) {
      const deps = { store: sim.store(name), artifacts: toyArtifacts, runtime: undefined };
      const run = { signal: new AbortController().signal, onProgress: () => undefined };
      expect(await replayStore({ network, tasks: network.rules.tasks }, deps, run)).toMatchObject({ ok: true });
    }
  });
});

describe("a long split", () => {
  it("ends on one chain though each half has many blocks to check and mines on meanwhile", async () => {
    sim = new Sim({ seed: 11 });
    await sim.add("a", { roles: ["miner"], unitMs: 4000 });
    await sim.add("b", { roles: ["miner"], unitMs: 4000 }, ["a"]);
    await sim.clock.run(2 * MINUTE);
    sim.air.split([[sim.peerId("a")], [sim.peerId("b")]]);
    const [{ height: common }] = statuses("a") as [NodeStatus];
    await sim.clock.run(25 * MINUTE);
    for (const { height } of statuses("a", "b")) expect(height).toBeGreaterThan(common + 36);
    sim.air.join();
    await sim.dial("b", "a");
    await sim.clock.run(5 * MINUTE);
    const [a, b] = statuses("a", "b") as [NodeStatus, NodeStatus];
    expect(settled(b)).toEqual(settled(a));
    expect([a.threatLevel, b.threatLevel, a.peers, b.peers]).toEqual(["LOW", "LOW", 1, 1]);
  });
});

describe("joining", () => {
  it("a late peer syncs the whole chain and the round in progress", async () => {
    sim = new Sim();
    await sim.add("a", { roles: ["miner"] });
    await sim.clock.run(10 * MINUTE);
    const height = statuses("a")[0]?.height as number;
    expect(height).toBeGreaterThan(30);
    await sim.add("c", {}, ["a"]);
    await sim.clock.run(MINUTE);
    const [a, c] = statuses("a", "c") as [NodeStatus, NodeStatus];
    expect(settled(c)).toEqual(settled(a));
    expect(c.stats.blocksVerified).toBeGreaterThanOrEqual(height);
  });

  it("a late peer says how far it is, block by block, and shows the parameters' accuracy once it is there", async () => {
    sim = new Sim();
    await sim.add("a", { roles: ["miner"] });
    await sim.clock.run(10 * MINUTE);
    const height = statuses("a")[0]?.height as number;
    const c = await sim.add("c");
    const seen: NodeStatus[] = [];
    sim.node("c").on("block", () => seen.push(c.getStatus()));
    await sim.dial("c", "a");
    await sim.clock.run(MINUTE);
    const during = seen.filter(({ state }) => state === "syncing");
    expect(during.length).toBeGreaterThan(height - 3);
    for (const status of during) {
      expect(status.targetHeight).toBeGreaterThanOrEqual(height);
      expect(status.tasks[0]?.accuracy).toBeUndefined();
    }
    const steps = during.map(({ syncProgress }) => syncProgress as number);
    expect(steps).toEqual([...steps].sort((x, y) => x - y));
    for (const [i, step] of steps.entries()) expect(step - (steps[i - 1] ?? 0)).toBeLessThan(3 / height);
    const [a, now] = statuses("a", "c") as [NodeStatus, NodeStatus];
    expect([now.state, now.syncProgress, now.targetHeight]).toEqual(["active", undefined, now.height]);
    expect(now.tasks[0]?.accuracyHeight).toBe(a.tasks[0]?.accuracyHeight);
    expect(now.tasks[0]?.accuracy).toBe(a.tasks[0]?.accuracy);
  });

  it("a node that stops and starts again goes on where it was", async () => {
    sim = new Sim();
    await sim.add("a", { roles: ["miner"] });
    await sim.add("b", { roles: ["miner"] }, ["a"]);
    await sim.clock.run(3 * MINUTE);
    const before = statuses("b")[0]?.height as number;
    await sim.stop("b");
    await sim.clock.run(2 * MINUTE);
    const again = await sim.restart("b");
    expect(again.getStatus().height).toBe(before);
    await sim.dial("b", "a");
    await sim.clock.run(MINUTE);
    const [a, b] = statuses("a", "b") as [NodeStatus, NodeStatus];
    expect(settled(b)).toEqual(settled(a));
    expect(b.stats.blocksMined).toBeGreaterThanOrEqual(0);
    expect(a.threatLevel).toBe("LOW");
  });

  it("a node that lost its deltas and parameters pulls the parameters by digest", async () => {
    sim = new Sim();
    await sim.add("a", { roles: ["miner"] });
    await sim.add("c", {}, ["a"]);
    await sim.clock.run(3 * MINUTE);
    await sim.stop("c");
    const store = sim.store("c");
    let lost = 0;
    for (const kind of ["delta", "parameters"]) {
      for await (const key of store.keys({ gte: `${kind}/`, lt: `${kind}0` })) {
        await store.batch([{ key, value: undefined }]);
        lost++;
      }
    }
    expect(lost).toBeGreaterThan(100);
    await sim.restart("c", ["a"]);
    await sim.clock.run(MINUTE);
    const [a, c] = statuses("a", "c") as [NodeStatus, NodeStatus];
    expect(c.stats.blocksVerified).toBeGreaterThan(2);
    expect(settled(c)).toEqual(settled(a));
  });

  it("a lone leader that restarts in the middle of its rounds does not contradict itself", async () => {
    sim = new Sim({ seed: 3 });
    await sim.add("a", { roles: ["miner"] });
    await sim.add("c", {}, ["a"]);
    await sim.clock.run(MINUTE);
    for (let i = 0; i < 5; i++) {
      await sim.stop("a");
      await sim.restart("a");
      await sim.dial("c", "a");
      await sim.clock.run(30_000 + 1_300 * i);
    }
    const [a, c] = statuses("a", "c") as [NodeStatus, NodeStatus];
    expect(settled(c)).toEqual(settled(a));
    expect(c.stats.securityAlerts).toBe(0);
    expect(a.height).toBeGreaterThan(8);
  });
});

describe("a silent leader", () => {
  it("stops nothing: the others run further units from the same state until one of them wins", async () => {
    sim = new Sim({ seed: 5 });
    await sim.add("a", { roles: ["miner"] });
    await sim.add("b", { roles: ["miner"] }, ["a"]);
    await sim.clock.run(2 * MINUTE);
    while (statuses("a")[0]?.tip.miner !== statuses("a")[0]?.nodeId) await sim.clock.run(1000);
    await sim.stop("a");
    const before = statuses("b")[0]?.height as number;
    await sim.clock.run(3 * MINUTE);
    expect(statuses("b")[0]?.height).toBeGreaterThan(before + 5);
  });
});

describe("a lossy network", () => {
  it("still comes to one chain", async () => {
    sim = new Sim({ seed: 11, loss: 0.02 });
    await sim.add("a", { roles: ["miner"] });
    await sim.add("b", { roles: ["verifier"] }, ["a"]);
    await sim.add("c", {}, ["b"]);
    await sim.add("d", { roles: ["miner"] }, ["c", "a"]);
    await sim.clock.run(6 * MINUTE);
    const all = statuses("a", "b", "c", "d");
    const least = Math.min(...all.map(({ settled: { height } }) => height));
    expect(least).toBeGreaterThan(10);
    const hashes = await Promise.all(
      ["a", "b", "c", "d"].map(
        async (name) =>
          (
            await sim
              .node(name)
              .view()
              .block(least - 1)
          )?.hash,
      ),
    );
    expect(new Set(hashes).size).toBe(1);
  });
});
