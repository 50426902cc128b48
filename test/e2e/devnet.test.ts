// A whole devnet: two miners, a verifier and a peer agree on blocks that hold both miners' work; and it ends by itself when its time is up.
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { NodeStatus } from "../../src/node/index.ts";
import { needBuild } from "../support/cli-process.ts";
import { Lab, SHORT_TASK } from "../support/e2e-lab.ts";

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

interface Second {
  readonly seconds: number;
  readonly agree: boolean;
  readonly nodes: readonly { readonly role: string; readonly status: NodeStatus | null }[];
}

/** The four statuses, once all nodes have one. */
const four = ({ nodes }: Second): NodeStatus[] | undefined => {
  const all = nodes.flatMap(({ status }) => (status === null ? [] : [status]));
  return all.length === 4 ? all : undefined;
};

it("devnet: two miners, a verifier and a peer agree on the settled block and share the work", async () => {
  const plan = ["--miners", "2", "--verifiers", "1", "--peers", "1", "--json"];
  const pace = { blockTimeMs: 2_000, target: `000f${"f".repeat(60)}` };
  const network = lab.network(pace, [{ ...SHORT_TASK, steps: 250 }]);
  const child = lab.spawn("devnet", ...plan, "--network", network);
  const level = (all: NodeStatus[]): boolean =>
    all.length === 4 && all.every(({ settled }) => settled.height >= 2 && settled.height === all[0]?.settled.height);
  await child.until(() => child.lines<Second>().find((line) => level(four(line) ?? [])), "one settled height", 120_000);
  const last = await child.until(
    () =>
      child.lines<Second>().find((line) => {
        const all = four(line);
        if (all === undefined) return false;
        const shared = all.slice(0, 2).every(({ stats }) => stats.contributionsRecorded > 0);
        return shared && (all[2]?.stats.blocksVerified ?? 0) > 0 && all.every(({ peers }) => peers === 3);
      }),
    "both miners' work in the chain, and winning units that the verifier ran again",
    120_000,
  );
  expect(last.nodes.map(({ role }) => role)).toEqual(["miner", "miner", "verifier", "peer"]);
  child.signal("SIGINT");
  expect((await child.exit).code, child.err).toBe(0);
  expect(child.err).toContain("All nodes have stopped");

  // Whenever all four stood at one settled height, they named one block, one state and one set of parameters.
  const alike = child
    .lines<Second>()
    .map((line) => four(line) ?? [])
    .filter(level);
  const prints = alike.map((all) =>
    all.map(({ settled }) => `${settled.hash} ${settled.stateRoot} ${settled.parametersDigest}`),
  );
  expect(prints.filter((of) => new Set(of).size > 1)).toEqual([]);
  expect(four(last)?.map(({ threatLevel }) => threatLevel)).toEqual(["LOW", "LOW", "LOW", "LOW"]);
});

it("devnet --duration ends by itself, with 0", async () => {
  const plan = ["--miners", "1", "--verifiers", "0", "--duration", "3", "--json"];
  const child = lab.spawn("devnet", ...plan, "--network", lab.network());
  expect((await child.exit).code, child.err).toBe(0);
  expect(child.lines<Second>().at(-1)?.seconds).toBeGreaterThanOrEqual(3);
});
