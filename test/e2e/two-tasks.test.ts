// A network of two tasks as real processes: a miner of each, a verifier that follows both, a peer that follows one. Blocks are won in
// both, all agree on the settled state and on both tasks' parameters, each comes back after a restart, and every chain replays.
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { coins } from "../../src/base/index.ts";
import type { NodeStatus } from "../../src/node/index.ts";
import { needBuild } from "../support/cli-process.ts";
import { eventually, Lab, type LabNode, leastMinted, settledAlike, standing } from "../support/e2e-lab.ts";

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

/** Wins are luck, and eight starts of processes and four replays share the machine with other tests. */
const LIMIT_MS = 600_000;

const TASKS = [
  { model: "digits-mlp", steps: 250 },
  { model: "digits-cnn", steps: 60 },
];
const FOLLOWS: { readonly [name: string]: readonly string[] } = {
  "miner-mlp": ["--role", "miner", "--train", "digits-mlp"],
  "miner-cnn": ["--role", "miner", "--train", "digits-cnn"],
  verifier: ["--role", "verifier"],
  peer: ["--role", "peer", "--task", "digits-mlp"],
};

/** What must be the same on all: block, state and every task's parameters. */
const print = ({ settled }: NodeStatus): string => JSON.stringify([settled.hash, settled.stateRoot, settled.tasks]);

it(
  "two tasks: blocks are won in both, and all agree, also after each has been restarted",
  async () => {
    const network = lab.network({ blockTimeMs: 2_000, target: `000f${"f".repeat(60)}` }, TASKS);
    const nodes = new Map<string, LabNode>();
    let bootstrap = "";
    let trusted: string[] = [];
    const start = async (name: string): Promise<void> => {
      const join = bootstrap === "" ? [] : ["--bootstrap", bootstrap];
      const node = await lab.node(
        name,
        network,
        ...(FOLLOWS[name] ?? []),
        ...join,
        ...(name === "peer" ? trusted : []),
      );
      nodes.set(name, node);
    };
    const all = (): LabNode[] => [...nodes.values()];
    const agree = async (height: number): Promise<NodeStatus[]> => {
      const statuses = await settledAlike(all(), height);
      expect(new Set(statuses.map(print)).size, statuses.map(standing).join("\n")).toBe(1);
      return statuses;
    };

    await start("miner-mlp");
    bootstrap = (nodes.get("miner-mlp") as LabNode).first.addresses[0] as string;
    await start("verifier");
    trusted = ["--trust-verifier", (nodes.get("verifier") as LabNode).first.nodeId];
    await start("miner-cnn");
    await start("peer");

    // Both tasks win: each miner, which trains one, has blocks.
    await eventually(
      async () => {
        const miners = await Promise.all(["miner-mlp", "miner-cnn"].map((name) => nodes.get(name)?.api.status()));
        return miners.every((status) => (status?.stats.blocksMined ?? 0) > 0) ? true : undefined;
      },
      "a block of each task",
      240_000,
    );
    // Both tasks move on, on every node.
    await eventually(
      async () => {
        const statuses = await Promise.all(all().map(({ api }) => api.status()));
        const moved = statuses.every(({ settled }) => settled.tasks.every(({ round }) => round > 0));
        return moved ? true : undefined;
      },
      "settled rounds of both tasks",
      240_000,
    );
    const first = await agree(4);
    // The peer says of which it computes the parameters itself.
    const peer = first.at(-1) as NodeStatus;
    const followed = peer.tasks.filter((task) => task.followed).map(({ name }) => name);
    expect(followed).toEqual(["digits-mlp"]);
    // The verifier's word is what the peer goes by for the other task's blocks.
    await eventually(
      async () =>
        (await (nodes.get("peer") as LabNode).api.status()).settled.checked !== "pending" ? true : undefined,
      "the peer's settled block vouched for",
    );

    for (const name of ["verifier", "peer", "miner-cnn", "miner-mlp"]) {
      const node = nodes.get(name) as LabNode;
      const { settled } = await node.api.status();
      expect(await node.stop()).toBe(0);
      // Whoever was the bootstrap comes back elsewhere: the others find it again through each other.
      bootstrap = (nodes.get(name === "miner-mlp" ? "verifier" : "miner-mlp") as LabNode).first.addresses[0] ?? "";
      await start(name);
      await agree(settled.height + 1);
    }

    for (const node of all()) expect(await node.stop()).toBe(0);
    for (const name of nodes.keys()) {
      const tasks = name === "peer" ? ["--task", "digits-mlp"] : [];
      const report = await lab.verify(name, network, ...tasks);
      expect(report.problem, name).toBeUndefined();
      expect(report.ok).toBe(true);
      expect(coins(report.supply)).toBeGreaterThanOrEqual(leastMinted(report.height));
    }
  },
  LIMIT_MS,
);
