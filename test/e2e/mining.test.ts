// One miner as people start it: the built-in network learns to read digits, and a node without the native runtime mines as well.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { coins } from "../../src/base/index.ts";
import type { NodeStatus } from "../../src/node/index.ts";
import { needBuild } from "../support/cli-process.ts";
import { eventually, Lab, leastMinted, moneyIn } from "../support/e2e-lab.ts";

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("a lone miner", () => {
  it("makes the built-in network's loss fall and its accuracy rise above 0.9, and stops cleanly", async () => {
    const node = await lab.node("miner", "devnet", "--role", "miner");
    expect(node.first.height).toBe(0);
    const learned = await eventually(
      async () => {
        const status = await node.api.status();
        const learned = (status.tasks[0]?.accuracy ?? 0) > 0.9 && node.losses().length > 8;
        return learned ? status : undefined;
      },
      "an accuracy above 0.9, and nine units",
      180_000,
    );
    expect(learned.height).toBeGreaterThanOrEqual(learned.settled.height);
    expect(learned.settled.height).toBeGreaterThanOrEqual(1);
    const losses = node.losses();
    expect(losses.length).toBeGreaterThan(8);
    // A network that knows nothing of ten digits is at ln 10; one label in sixteen is made up, so no loss ends near 0.
    expect(mean(losses)).toBeLessThan(Math.log(10) / 3);

    const { code, out } = await lab.run("status", "--json", "--data-dir", lab.dataDir("miner"));
    expect(code).toBe(0);
    const status = JSON.parse(out) as NodeStatus;
    expect(status).toMatchObject({ network: "devnet", state: "mining", nodeId: learned.nodeId, threatLevel: "LOW" });
    expect(status.height).toBeGreaterThanOrEqual(learned.height);
    expect(status.stats.blocksMined).toBe(status.height);
    expect(moneyIn(status)).toBeGreaterThanOrEqual(leastMinted(status.height));
    expect(coins(status.stake)).toBe(leastMinted(status.height));

    expect(await node.stop()).toBe(0);
    expect(lab.leftovers("miner")).toEqual([]);
  });

  it("mines with --provider wasm the same chain that any other provider replays", async () => {
    const network = lab.network();
    const node = await lab.node("wasm", network, "--role", "miner", "--provider", "wasm");
    expect(node.first.provider).toContain("wasm");
    await eventually(() => (node.told() >= 3 ? true : undefined), "three blocks", 180_000);
    expect(await node.stop()).toBe(0);
    const replayed = await lab.verify("wasm", network);
    expect(replayed).toMatchObject({ ok: true, unitsExecuted: replayed.height });
    expect(replayed.height).toBeGreaterThanOrEqual(3);
  });
});
