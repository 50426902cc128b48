// A whole devnet with its time set: two miners, a verifier and a peer agree, and it ends by itself.
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { NodeStatus } from "../../src/node/index.ts";
import { needBuild } from "../support/cli-process.ts";
import { Lab } from "../support/e2e-lab.ts";

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

interface Second {
  readonly agree: boolean;
  readonly nodes: readonly { readonly role: string; readonly status: NodeStatus | null }[];
}

it("devnet --duration: four nodes agree on the settled block, then all have gone", async () => {
  const plan = ["--miners", "2", "--verifiers", "1", "--peers", "1", "--duration", "25", "--json"];
  const child = lab.spawn("devnet", ...plan, "--network", lab.network({ blockTimeMs: 2_000 }));
  expect((await child.exit).code, child.err).toBe(0);
  const seconds = child.lines<Second>();
  expect(seconds.length).toBeGreaterThan(12);

  const alike = seconds
    .map(({ nodes }) => nodes.flatMap(({ status }) => (status === null ? [] : [status.settled])))
    .filter((all) => all.length === 4 && all.every(({ height }) => height >= 2 && height === all[0]?.height));
  expect(alike.length, "seconds in which all four stood at one settled height").toBeGreaterThan(0);
  for (const all of alike) {
    const prints = all.map(({ hash, stateRoot, parametersDigest }) => `${hash} ${stateRoot} ${parametersDigest}`);
    expect(new Set(prints).size).toBe(1);
  }
  const last = seconds.at(-1) as Second;
  expect(last.nodes.map(({ role }) => role)).toEqual(["miner", "miner", "verifier", "peer"]);
  const status = last.nodes.map((node) => node.status as NodeStatus);
  for (const { height, peers } of status) {
    expect(height).toBeGreaterThanOrEqual(4);
    expect(peers).toBe(3);
  }
  // Both miners' work was recorded, the verifier ran winning units again, and nobody was accused.
  expect(status.slice(0, 2).every(({ stats }) => stats.contributionsRecorded > 0)).toBe(true);
  expect(status[2]?.stats.blocksVerified).toBeGreaterThan(0);
  expect(status.map(({ threatLevel }) => threatLevel)).toEqual(["LOW", "LOW", "LOW", "LOW"]);
  expect(child.err).toContain("All nodes have stopped");
});
