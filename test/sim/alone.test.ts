// A miner that is left alone on a chain of two, and so slow that it wins before a round would be closed for want of the other: every block trains.
import { afterEach, describe, expect, it } from "vitest";
import type { BlockDetail } from "../../src/node/index.ts";
import { Sim } from "../support/sim.ts";

let sim: Sim;
afterEach(() => sim.close());

/** More than half a block time: a deadline of so many medians never comes before the next win. */
const SLOW_MS = 6000;

/** Every block's round and how it moved the task, from one height on. */
async function blocksFrom(name: string, height: number): Promise<BlockDetail[]> {
  const node = sim.node(name);
  const blocks: BlockDetail[] = [];
  for (let at = height; at <= node.getStatus().height; at++) blocks.push((await node.view().block(at)) as BlockDetail);
  return blocks;
}
const roundOf = (name: string): number => sim.node(name).getStatus().tasks[0]?.round as number;

/** Two miners until they have a chain, then one of them goes. The height at which the other is alone. */
async function widowed(unitMs: number): Promise<number> {
  sim = new Sim({ seed: 3 });
  await sim.add("a", { roles: ["miner"], unitMs });
  await sim.add("b", { roles: ["miner"], unitMs: 1000 }, ["a"]);
  await sim.clock.run(600_000, () => sim.node("a").getStatus().height >= 6);
  await sim.stop("b");
  return sim.node("a").getStatus().height;
}

describe("a lone miner that is left", () => {
  it("moves its task with every block, though it wins before it could close a round", async () => {
    const left = await widowed(SLOW_MS);
    // The target has come to what is left of the power.
    await sim.clock.run(6 * 3_600_000, () => sim.node("a").getStatus().height >= left + 40);
    const from = sim.node("a").getStatus().height;
    const before = roundOf("a");
    await sim.clock.run(3_600_000, () => sim.node("a").getStatus().height >= from + 24);
    const blocks = await blocksFrom("a", from + 1);
    expect(blocks.length).toBeGreaterThanOrEqual(24);
    // The control: by the rule of before, where only a leader's record moved the task, most of these were paid for a state that stayed.
    const led = blocks.filter(({ recordList }) => recordList.some(({ closing }) => !closing)).length;
    expect(led).toBeLessThan(blocks.length / 2);
    expect(roundOf("a") - before).toBeGreaterThanOrEqual(blocks.length);
    const closings = blocks.map(({ recordList }) => recordList.at(-1));
    expect(closings.map((record) => record?.closing)).toEqual(blocks.map(() => true));
    expect(new Set(closings.map((record) => record?.next)).size).toBe(blocks.length);
    // No two were won in one round.
    const rounds = blocks.map(({ round }) => round);
    expect(rounds.every((round, i) => i === 0 || round > (rounds[i - 1] as number))).toBe(true);
  });

  it("has hardly a unit that is not recorded, and waits for who has gone for three rounds at most", async () => {
    const left = await widowed(1500);
    const before = roundOf("a");
    await sim.clock.run(3_600_000, () => sim.node("a").getStatus().height >= left + 6);
    const blocks = (await blocksFrom("a", left)).slice(1);
    const units = blocks.flatMap(({ recordList }) => recordList.flatMap(({ contributions }) => contributions));
    const ran = Math.floor(((blocks.at(-1)?.time as number) - (blocks[0]?.time as number)) / 1500);
    expect(ran).toBeGreaterThan(20);
    expect(units.length).toBeGreaterThan(0.9 * ran);
    // A unit is a round of its own: it waits for nobody.
    expect(roundOf("a") - before).toBeGreaterThan(0.85 * ran);
  });
});
