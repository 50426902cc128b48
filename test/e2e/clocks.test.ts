// Two real miners of which one has a bad time: its clock is stepped by an hour or is wrong from the first, or it stands still. Both say so, and
// agree again by themselves; nobody is punished for a clock, nothing is signed twice, and money that was sent arrives.
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { coins } from "../../src/base/index.ts";
import { needBuild } from "../support/cli-process.ts";
import { eventually, Lab, type LabNode, settledAlike } from "../support/e2e-lab.ts";
import { shiftedClock } from "../support/shifted-clock.ts";
import { signedTwice } from "../support/signed-lines.ts";

const HOUR_MS = 3_600_000;
/** A minute with POUW_STOPPED_S=60 before the command. */
const STOPPED_MS = 1000 * Number((process.env as { POUW_STOPPED_S?: string }).POUW_STOPPED_S ?? 10);
/** Clocks are compared with every status that peers ask for; then the store, the blocks and a busy machine. */
const SOON_MS = 180_000;

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

/** What a node says of its clock. */
const clockOf = async (node: LabNode): Promise<string | undefined> =>
  (await node.api.status()).health.find(({ check }) => check === "clock")?.sentence;

async function says(node: LabNode, what: RegExp): Promise<void> {
  let last: string | undefined;
  await eventually(
    async () => {
      last = await clockOf(node);
      return what.test(last ?? "well") ? true : undefined;
    },
    `${what} of a clock`,
    SOON_MS,
    () => last ?? "",
  );
}

/** A transfer that the command acknowledged; its id. */
async function sendFrom(name: string, node: LabNode, to: string): Promise<string> {
  const account = async (): Promise<bigint> => coins((await node.api.status()).balance);
  await eventually(async () => ((await account()) > 2_000_000n ? true : undefined), "money to send", SOON_MS);
  const at = ["--data-dir", lab.dataDir(name)];
  const sent = await lab.run("wallet", "send", to, "1", "--fee", "0.01", "--yes", "--json", ...at);
  expect(sent.code, sent.err).toBe(0);
  return (JSON.parse(sent.out) as { id: string }).id;
}

/** Both agree above a height, mine, know each other, and hold nothing against anyone; both chains replay when they have stopped. */
async function expectPeace(nodes: readonly LabNode[], network: string, transfer: string): Promise<void> {
  const heights = await Promise.all(nodes.map(async ({ api }) => (await api.status()).settled.height));
  const alike = await settledAlike(nodes, Math.max(...heights) + 2, SOON_MS);
  for (const status of alike) expect(status).toMatchObject({ state: "mining", peers: 1, threatLevel: "LOW" });
  for (const { api } of nodes)
    await eventually(
      async () => ((await api.transaction(transfer)).height === undefined ? undefined : true),
      "the transfer in a block",
      SOON_MS,
    );
  for (const node of nodes) expect(await node.stop()).toBe(0);
  for (const name of ["one", "two"]) {
    expect(await lab.verify(name, network)).toMatchObject({ ok: true });
    expect(signedTwice(lab.dataDir(name))).toEqual([]);
  }
}

it(
  "go on when one clock is stepped by an hour, forward, back and right again",
  async () => {
    const network = lab.network();
    const clock = shiftedClock(lab.dir);
    const one = await lab.nodeIn({ env: clock.env }, "one", network, "--role", "miner");
    const two = await lab.node("two", network, "--role", "miner", "--bootstrap", one.first.addresses[0] as string);
    const transfer = await sendFrom("one", one, two.first.nodeId);
    clock.step(HOUR_MS);
    await says(one, /^This clock is 3[56]\d\d s ahead of its peers'/);
    await says(two, /^This clock is 3[56]\d\d s behind its peers'/);
    const alone = two.told();
    await eventually(
      () => (two.told() > alone + 2 ? true : undefined),
      "blocks of the one with the right time",
      SOON_MS,
    );
    clock.step(-HOUR_MS);
    await says(one, /^This clock is 3[56]\d\d s behind its peers'/);
    clock.step(0);
    for (const node of [one, two]) await says(node, /^well$/);
    await expectPeace([one, two], network, transfer);
  },
  4 * SOON_MS,
);

it.each([20, -20])(
  "agree while one clock is wrong by %i s",
  async (seconds) => {
    const network = lab.network();
    const clock = shiftedClock(lab.dir, 1000 * seconds);
    const one = await lab.node("one", network, "--role", "miner");
    await eventually(() => (one.told() > 1 ? true : undefined), "a chain to join");
    const bootstrap = ["--bootstrap", one.first.addresses[0] as string];
    const two = await lab.nodeIn({ env: clock.env }, "two", network, "--role", "miner", ...bootstrap);
    await says(two, seconds > 0 ? /^This clock is (19|20|21) s ahead/ : /^This clock is (19|20|21) s behind/);
    await says(one, seconds > 0 ? /^This clock is (19|20|21) s behind/ : /^This clock is (19|20|21) s ahead/);
    await expectPeace([one, two], network, await sendFrom("one", one, two.first.nodeId));
  },
  4 * SOON_MS,
);

it.skipIf(process.platform === "win32")(
  "agree again when one of them stood still",
  async () => {
    const network = lab.network();
    const one = await lab.node("one", network, "--role", "miner");
    const two = await lab.node("two", network, "--role", "miner", "--bootstrap", one.first.addresses[0] as string);
    const transfer = await sendFrom("one", one, two.first.nodeId);
    process.kill(two.process.pid, "SIGSTOP");
    await delay(STOPPED_MS);
    const { height } = await one.api.status();
    process.kill(two.process.pid, "SIGCONT");
    await eventually(() => (two.told() >= height ? true : undefined), "what it missed", SOON_MS);
    await expectPeace([one, two], network, transfer);
  },
  4 * SOON_MS + STOPPED_MS,
);
