// Two nodes: one that joins late ends at the same chain, and money sent on one arrives on the other.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { coins } from "../../src/base/index.ts";
import { needBuild } from "../support/cli-process.ts";
import { eventually, Lab, settledAlike } from "../support/e2e-lab.ts";

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

describe("a peer that joins a miner by --bootstrap", () => {
  it("has the same settled block, state, parameters and accuracy, and sees transfers arrive", async () => {
    const network = lab.network();
    const miner = await lab.node("miner", network, "--role", "miner");
    await eventually(() => (miner.told() >= 4 ? true : undefined), "a chain to join");
    const peer = await lab.node("peer", network, "--role", "peer", "--bootstrap", miner.first.addresses[0] as string);
    expect(peer.first.network).toBe("fast");

    const [ours, theirs] = (await settledAlike([miner, peer], 6)) as [typeof miner.first, typeof miner.first];
    const { checked: _, ...settled } = ours.settled;
    expect(theirs.settled).toMatchObject(settled);
    expect(theirs.peers).toBe(1);
    expect(theirs.genesis).toBe(ours.genesis);
    // A control: the block before is another one, so the comparison above could have failed.
    const before = await peer.api.block(String(settled.height - 1));
    expect(before.stateRoot).not.toBe(settled.stateRoot);
    expect((await miner.api.block(before.hash)).stateRoot).toBe(before.stateRoot);

    const scored = await eventually(async () => {
      const all = await Promise.all([miner, peer].map(({ api }) => api.status()));
      const [a, b] = all.map(({ tasks }) => tasks[0]);
      return a?.accuracyHeight !== undefined && a.accuracyHeight === b?.accuracyHeight ? { a, b } : undefined;
    }, "both scored at one height");
    expect(scored.b.accuracy).toBe(scored.a.accuracy);
    expect(scored.a.accuracy).toBeGreaterThan(0.3);

    const to = theirs.nodeId;
    const at = ["--data-dir", lab.dataDir("miner")];
    await eventually(
      async () => (coins((await miner.api.status()).balance) > 3_000_000n ? true : undefined),
      "rewards that may be spent",
    );
    const sent = await lab.run("wallet", "send", to, "2.5", "--fee", "0.01", "--yes", "--json", ...at);
    expect(sent.err).toContain("Sent 2.5");
    expect(sent.code).toBe(0);
    expect(sent.err).toContain("so 2.49 arrive");
    const { id, burnt, lost } = JSON.parse(sent.out) as { id: string; burnt: string; lost?: string };
    expect([burnt, lost]).toEqual(["0.01", undefined]);
    const arrived = await eventually(async () => {
      const transaction = await peer.api.transaction(id);
      return transaction.height === undefined ? undefined : transaction;
    }, "the transfer in a block");
    expect(arrived).toMatchObject({
      kind: "transfer",
      from: ours.nodeId,
      payload: { to, amount: "2.5" },
      fee: "0.01",
    });
    // What arrives, less the fee for the account that it makes.
    expect((await peer.api.account(to)).balance).toBe("2.49");
    // The first nonce of an account made at a height is that height times 2^20.
    expect(BigInt((await miner.api.account(ours.nodeId)).nonce) % 2n ** 20n).toBe(1n);

    const tooMuch = await lab.run("wallet", "send", to, "999999999", "--yes", ...at);
    expect(tooMuch.code).toBe(1);
    expect(tooMuch.err).toMatch(/^✗ .+\.\n/);

    expect(await peer.stop()).toBe(0);
    expect(await miner.stop()).toBe(0);
    for (const name of ["miner", "peer"]) expect(await lab.verify(name, network)).toMatchObject({ ok: true });
  });
});
