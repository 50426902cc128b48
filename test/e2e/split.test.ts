// A network that falls in two and comes together again: the only way between the miners is a link that the test cuts.
import { createServer } from "node:net";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { coins } from "../../src/base/index.ts";
import type { NodeStatus } from "../../src/node/index.ts";
import { needBuild } from "../support/cli-process.ts";
import { eventually, Lab, type LabNode, leastMinted, moneyIn, SHORT_TASK, standing } from "../support/e2e-lab.ts";
import { TcpLink } from "../support/tcp-link.ts";

let lab: Lab;
const links: TcpLink[] = [];
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(async () => {
  await lab.close();
  for (const link of links.splice(0)) await link.close();
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A miner whose address, as others learn it, is the link's. */
async function miner(name: string, network: string, bootstrap: readonly string[]): Promise<LabNode> {
  const link = await TcpLink.open();
  links.push(link);
  const port = await freePort();
  link.lead(port);
  const listen = ["--listen", `/ip4/127.0.0.1/tcp/${port}`, "--announce", link.address];
  return lab.node(name, network, "--role", "miner", ...listen, ...bootstrap.flatMap((at) => ["--bootstrap", at]));
}

const statuses = (nodes: readonly LabNode[]) => Promise.all(nodes.map(({ api }) => api.status()));

/** Both joined and naming one settled block above `height`: their statuses. */
function together(nodes: readonly LabNode[], height: number): Promise<NodeStatus[]> {
  const seen: string[] = [];
  return eventually(
    async () => {
      const all = await statuses(nodes);
      seen.push(all.map(standing).join(" | "));
      const [first] = all as [NodeStatus];
      const met = first.settled.height > height && all.every(({ settled }) => settled.hash === first.settled.hash);
      return met && all.every(({ peers }) => peers === 1) ? all : undefined;
    },
    `one settled block above height ${height}`,
    120_000,
    () =>
      `\n${seen
        .filter((line, i) => line !== seen[i - 1])
        .slice(-12)
        .join("\n")}`,
  );
}

it("mines on in both halves and agrees on one chain with the right sum of money", async () => {
  const pace = { blockTimeMs: 2_000, target: `000f${"f".repeat(60)}` };
  const network = lab.network(pace, [{ ...SHORT_TASK, steps: 100 }]);
  const a = await miner("a", network, []);
  expect(a.first.addresses).toEqual([`${links[0]?.address}/p2p/${a.first.peerId}`]);
  const b = await miner("b", network, [a.first.addresses[0] as string]);
  const nodes = [a, b];
  await together(nodes, 0);

  for (const link of links) link.cut();
  await eventually(
    async () => ((await statuses(nodes)).every(({ peers }) => peers === 0) ? true : undefined),
    "the split",
  );
  const parted = await statuses(nodes);
  const common = Math.max(...parted.map(({ height }) => height));
  const apart = await eventually(
    async () => {
      const all = await statuses(nodes);
      return all.every(({ height, state }) => height >= common + 2 && state === "mining") ? all : undefined;
    },
    "two more blocks in each half",
    150_000,
  );
  // The control: they really are two chains now.
  const [ours, theirs] = await Promise.all(nodes.map(({ api }) => api.block(String(common + 2))));
  expect(ours?.hash).not.toBe(theirs?.hash);

  for (const link of links) link.join();
  const longest = Math.max(...apart.map(({ height }) => height));
  const [one, other] = (await together(nodes, longest)) as [NodeStatus, NodeStatus];
  const { checked: _, ...settled } = one.settled;
  expect(other.settled).toMatchObject(settled);
  // One of the two branches is gone from both.
  const [left, right] = await Promise.all(nodes.map(({ api }) => api.block(String(common + 2))));
  expect(left?.hash).toBe(right?.hash);
  expect(one.stats.reorganisations + other.stats.reorganisations).toBeGreaterThanOrEqual(1);

  // All money at one moment: both accounts are asked, and the tip did not move meanwhile. It is both nodes' tip: of two of equal work
  // each keeps the one that it heard first, and what a block makes goes by the work in it.
  const money = await eventually(async () => {
    const [{ tip }, { tip: theirs }] = (await statuses(nodes)) as [NodeStatus, NodeStatus];
    const accounts = await Promise.all([one, other].map(({ nodeId }) => a.api.account(nodeId)));
    const after = await a.api.status();
    return after.tip.hash === tip.hash && theirs.hash === tip.hash ? { height: tip.height, accounts } : undefined;
  }, "a still moment");
  const sum = money.accounts.reduce((all, account) => all + moneyIn(account), 0n);
  expect(sum).toBeGreaterThanOrEqual(leastMinted(money.height));
  expect(money.accounts.reduce((all, { stake }) => all + coins(stake), 0n)).toBe(leastMinted(money.height));

  expect(await Promise.all(nodes.map((node) => node.stop()))).toEqual([0, 0]);
  for (const name of ["a", "b"]) {
    const report = await lab.verify(name, network);
    expect(report.ok).toBe(true);
    expect(coins(report.supply)).toBeGreaterThanOrEqual(sum);
  }
});
