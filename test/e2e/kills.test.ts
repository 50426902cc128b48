// A miner is killed with SIGKILL at moments drawn by chance: it comes back at what it had told of, goes on, and its chain replays.
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { coins } from "../../src/base/index.ts";
import { needBuild } from "../support/cli-process.ts";
import { eventually, Lab, leastMinted } from "../support/e2e-lab.ts";

/** More with POUW_KILLS=200 before the command. */
const KILLS = Number((process.env as { POUW_KILLS?: string }).POUW_KILLS ?? 5);
/** A start, a block and a kill at most; then the replay. */
const LIMIT_MS = 240_000 + 30_000 * KILLS;
/** The kill comes within this after a block, ms: between blocks, in a commit, in a unit. */
const WITHIN_MS = 1_200;

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

it(
  "comes back after every SIGKILL at the acknowledged height or above, and goes on",
  async () => {
    const network = lab.network();
    const moments: number[] = [];
    let acknowledged = 0;
    let account = "";
    for (let kill = 0; kill <= KILLS; kill++) {
      const node = await lab.node("miner", network, "--role", "miner");
      const told = `after kills at ${moments.join(", ")} ms`;
      expect(node.first.height, told).toBeGreaterThanOrEqual(acknowledged);
      if (kill > 0) expect(node.first.nodeId, told).toBe(account);
      account = node.first.nodeId;
      await eventually(() => (node.told() > node.first.height ? true : undefined), `a new block ${told}`);
      if (kill === KILLS) {
        acknowledged = node.told();
        expect(await node.stop()).toBe(0);
        break;
      }
      const moment = Math.round(Math.random() * WITHIN_MS);
      moments.push(moment);
      await delay(moment);
      await node.kill();
      acknowledged = node.told();
    }
    const report = await lab.verify("miner", network);
    expect(report.problem).toBeUndefined();
    expect(report).toMatchObject({ ok: true, unitsExecuted: report.height });
    expect(report.height).toBeGreaterThanOrEqual(acknowledged);
    expect(report.height).toBeGreaterThan(KILLS);
    expect(coins(report.supply)).toBeGreaterThanOrEqual(leastMinted(report.height));
  },
  LIMIT_MS,
);
