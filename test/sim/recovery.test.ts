// A network whose power is a hundredth of what its target was made for: the node itself finds the way back.
import { afterEach, expect, it } from "vitest";
import type { BlockDetail } from "../../src/node/index.ts";
import { Sim } from "../support/sim.ts";

let sim: Sim;
afterEach(() => sim.close());

it("is back at the block time soon, drawing at the target that holds when it signs", async () => {
  // A unit of 1 s wins once in a thousand: a block in 1,000 s instead of 10.
  sim = new Sim({ genesis: { target: `000106${"24".repeat(29)}` } });
  const node = await sim.add("a", { roles: ["miner"] });
  const blockTime = 10_000;
  // Block 1 has the genesis target, however long it takes.
  while (node.getStatus().height < 1) await sim.clock.run(blockTime);
  const blocks: BlockDetail[] = [(await node.view().block(1)) as BlockDetail];
  const intervals: number[] = [];
  while ((intervals.at(-1) ?? 99) > 2) {
    await sim.clock.run(blockTime);
    for (let at = blocks.length; at < node.getStatus().height; at++) {
      const block = (await node.view().block(at + 1)) as BlockDetail;
      intervals.push((block.time - (blocks.at(-1) as BlockDetail).time) / blockTime);
      blocks.push(block);
    }
  }
  const took = intervals.reduce((sum, interval) => sum + interval, 0);
  expect(took).toBeLessThan(200);
  // It needed the rule: one block was so late that its target had doubled.
  const late = intervals.findIndex((interval) => interval > 30);
  const targets = blocks.map(({ target }) => BigInt(`0x${target}`));
  expect(targets[late + 1]).toBeGreaterThan(2n * (targets[late] as bigint));
});
