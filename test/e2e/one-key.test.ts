// One wallet on two real machines, and a data directory that was emptied or put back: what this key signs it signs once, and the node says why it rests.
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { needBuild } from "../support/cli-process.ts";
import { eventually, Lab, type LabNode, moreBlocks, sentenceOn } from "../support/e2e-lab.ts";
import { signedTwice } from "../support/signed-lines.ts";

const SOON_MS = 180_000;

let lab: Lab;
let network: string;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
  network = lab.network();
});
afterEach(() => lab.close());

const mine = (name: string, ...peers: readonly LabNode[]): Promise<LabNode> =>
  lab.node(
    name,
    network,
    "--role",
    "miner",
    ...peers.flatMap(({ first }) => ["--bootstrap", String(first.addresses[0])]),
  );
const keySays = (node: LabNode): Promise<string | undefined> => sentenceOn(node, "key");
const blocks = (node: LabNode, more: number): Promise<boolean> => moreBlocks(node, more, SOON_MS);
/** Every block that the node has was signed by nobody twice: no evidence, nobody banned, and it replays. */
async function expectHonest(other: LabNode, account: string, ...dirs: readonly string[]): Promise<void> {
  expect(signedTwice(...dirs)).toEqual([]);
  expect((await other.api.status()).threatLevel).toBe("LOW");
  expect((await other.api.account(account)).bannedUntil).toBeUndefined();
}

describe("a copy of a data directory", () => {
  // With the identity copied too neither hears of the other's first messages: what they sign until a block tells them is not held here.
  it(
    "on another machine stops one or both, and nothing is signed twice",
    async () => {
      const other = await mine("other");
      let here = await mine("here", other);
      const { nodeId } = here.first;
      await blocks(here, 2);
      await here.stop();
      cpSync(lab.dataDir("here"), lab.dataDir("there"), { recursive: true });
      rmSync(join(lab.dataDir("there"), "identity.key"));
      here = await mine("here", other);
      const there = await mine("there", other, here);
      expect(there.first.nodeId).toBe(nodeId);
      const pair = [here, there];
      const found = await eventually(
        async () => {
          const said = await Promise.all(pair.map(keySays));
          return said.some((sentence) => /^Another node signs with this node's key/.test(sentence ?? ""))
            ? said
            : undefined;
        },
        "its word",
        SOON_MS,
      );
      const stopped = pair.filter((_, i) => found[i] !== undefined);
      for (const node of stopped) expect((await node.api.status()).state).toBe("degraded");
      await blocks(other, 5);
      await expectHonest(other, nodeId, lab.dataDir("here"), lab.dataDir("there"));
      for (const node of [here, there, other]) expect(await node.stop()).toBe(0);
      for (const name of ["here", "there", "other"])
        expect(await lab.verify(name, network)).toMatchObject({ ok: true });
    },
    4 * SOON_MS,
  );
});

describe("a data directory", () => {
  it.each(["emptied", "put back as it was", "emptied, what it signed too"])(
    "that was %s hears its peers before it signs anything",
    async (how) => {
      const other = await mine("other");
      let node = await mine("node", other);
      const { nodeId } = node.first;
      const [dir, copy, before] = [lab.dataDir("node"), lab.dataDir("copy"), lab.dataDir("before")];
      await blocks(node, 2);
      await node.stop();
      cpSync(dir, copy, { recursive: true });
      node = await mine("node", other);
      await eventually(() => (node.losses().length > 2 ? true : undefined), "units", SOON_MS);
      await blocks(node, 4);
      await node.kill();
      cpSync(dir, before, { recursive: true });
      rmSync(join(dir, "chain"), { recursive: true });
      if (how === "put back as it was") cpSync(join(copy, "chain"), join(dir, "chain"), { recursive: true });
      if (how === "emptied, what it signed too")
        for (const file of readdirSync(dir)) if (file.startsWith("signed-")) rmSync(join(dir, file));
      // Without anybody to hear it signs nothing, or has nothing to wait for.
      node = await mine("node", other);
      expect(node.first.nodeId).toBe(nodeId);
      await eventually(
        async () =>
          (await node.api.status()).state === "mining" && (await keySays(node)) === undefined ? true : undefined,
        "its mining",
        SOON_MS,
      );
      const told = (await other.api.status()).height;
      await eventually(() => (node.told() > told + 2 ? true : undefined), "more blocks", SOON_MS);
      await expectHonest(other, nodeId, dir, before);
      for (const one of [node, other]) expect(await one.stop()).toBe(0);
      for (const name of ["node", "other"]) expect(await lab.verify(name, network)).toMatchObject({ ok: true });
    },
    4 * SOON_MS,
  );
});
