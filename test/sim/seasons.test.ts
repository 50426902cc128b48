// The best of each season: scored once the season's last block is settled, kept with its set, still there after a restart.
import { afterEach, describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import { parametersDigest } from "../../src/ml/index.ts";
import type { NodeStatus, TaskStatus } from "../../src/node/index.ts";
import { keysOf } from "../support/desk.ts";
import { Sim, type SimNodeOptions, toyTask } from "../support/sim.ts";

const MINUTE = 60_000;
const SEASON = 4;
let sim: Sim;
afterEach(() => sim.close());

async function aNode(seed: number, options: SimNodeOptions = { roles: ["miner"] }): Promise<void> {
  sim = new Sim({ seed, genesis: { seasonBlocks: SEASON } });
  await sim.add("a", options);
}
const statusOf = (name: string): NodeStatus => sim.node(name).getStatus();
const taskOf = (name: string): TaskStatus => statusOf(name).tasks[0] as TaskStatus;

/** Has time pass in small steps until `done` holds: scores take no virtual time, but a few turns of the loop. */
async function until(done: () => boolean, ms = 20 * MINUTE): Promise<void> {
  const end = sim.clock.now() + ms;
  while (!done() && sim.clock.now() < end) await sim.clock.run(100);
  expect(done()).toBe(true);
}

/** The digest that a season's last record leads to, from the chain itself. */
async function lastOf(name: string, season: number): Promise<string> {
  const view = sim.node(name).view();
  for (let height = SEASON * (season + 1); height > SEASON * season; height--) {
    const last = (await view.block(height))?.recordList.at(-1);
    if (last !== undefined) return last.next;
  }
  throw new Error(`season ${season} has no record`);
}

describe("seasons at a node", () => {
  it("are shown with their setting and how far they are", async () => {
    await aNode(1);
    expect(taskOf("a")).toMatchObject({
      season: { number: 0, setting: { learningRate: "1" }, blocks: 0, length: SEASON },
      seasons: [],
      best: undefined,
    });
    await until(() => statusOf("a").height >= SEASON);
    const { height } = statusOf("a");
    expect(taskOf("a").season).toEqual({
      number: Math.floor(height / SEASON),
      setting: { learningRate: Math.floor(height / SEASON) % 2 === 0 ? "1" : "2" },
      blocks: height % SEASON,
      length: SEASON,
    });
  });

  it("end with a score of their last parameters, not of those that the next begins with", async () => {
    await aNode(2);
    await until(() => taskOf("a").seasons.length >= 3);
    const { seasons, best } = taskOf("a");
    expect(seasons.map(({ season }) => season)).toEqual([0, 1, 2]);
    for (const { season, height, digest, setting } of seasons) {
      expect(height).toBe(SEASON * (season + 1));
      expect(digest).toBe(await lastOf("a", season));
      expect(setting).toEqual({ learningRate: season % 2 === 0 ? "1" : "2" });
      expect(height).toBeLessThanOrEqual(statusOf("a").settled.height);
    }
    expect(best?.accuracy).toBe(Math.max(...seasons.map(({ accuracy }) => accuracy)));
  });

  it("leave the best set in the store, whatever the retention deletes, and all of it is there after a restart", async () => {
    await aNode(3);
    await until(() => taskOf("a").seasons.length >= 2);
    const before = taskOf("a").best;
    expect(await keysOf(sim.store("a"), "best")).toEqual([toHex(toyTask.id)]);
    const set = await sim.store("a").get(`best/${toHex(toyTask.id)}`);
    expect(set?.length).toBe(4 * toyTask.parameterCount);
    const best = (await sim.node("a").bestParameters("toy")) as Float32Array;
    expect(toHex(parametersDigest(toyTask, best))).toBe(before?.digest);
    await sim.stop("a");
    await sim.restart("a");
    expect(taskOf("a").seasons.length).toBeGreaterThanOrEqual(2);
    expect(taskOf("a").best?.accuracy).toBeGreaterThanOrEqual(before?.accuracy as number);
    const kept = (await sim.node("a").bestParameters("toy")) as Float32Array;
    expect(toHex(parametersDigest(toyTask, kept))).toBe(taskOf("a").best?.digest);
    await expect(sim.node("a").bestParameters("toys")).rejects.toThrow(/did you mean "toy"/);
  });

  it("are not scored by a node that cannot run a graph", async () => {
    await aNode(4);
    await sim.add("p", { trains: false, trusts: [toHex(Sim.key("a").address)] }, ["a"]);
    await until(() => taskOf("a").seasons.length >= 1 && statusOf("p").settled.height >= SEASON);
    expect(taskOf("p")).toMatchObject({ seasons: [], best: undefined });
  });

  it("lack for a node that came later: it says only what it scored", async () => {
    await aNode(5);
    await until(() => statusOf("a").height > 3 * SEASON + 2);
    await sim.add("late", { roles: ["verifier"] }, ["a"]);
    await until(() => taskOf("late").seasons.length >= 1);
    const own = new Map(taskOf("a").seasons.map((score) => [score.season, score]));
    expect(taskOf("late").seasons.map(({ season }) => season)).not.toEqual([...own.keys()]);
    for (const score of taskOf("late").seasons) expect(score).toEqual(own.get(score.season));
  });
});
