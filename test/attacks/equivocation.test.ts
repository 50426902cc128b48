// One win behind two blocks: found out, proven on chain, paid for with stake, immature rewards and a ban; and no money is made or lost by it.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { doubleBlock, heldIn } from "../../src/chain/index.ts";
import type { Block } from "../../src/codec/index.ts";
import { forgeBlock } from "../support/chain.ts";
import { aBlock, placeOf } from "../support/forge.ts";
import { blockMessage, kindsPending, Lab, type Node, VICTIMS } from "../support/lab.ts";
import { mintedIn } from "../support/money.ts";
import { Sim, STAKED } from "../support/sim.ts";

const cheat = Sim.key("cheat");
let lab: Lab;
let miner: Node;
let victim: Node;
afterEach(() => lab.close());

const owed = (node: Node): bigint =>
  node.engine.ledger.state.immature(cheat.address).reduce((sum, { amount }) => sum + amount, 0n);

/** Two blocks of the cheat's one win. */
async function twins(): Promise<readonly [Block, Block]> {
  const first = aBlock(lab, cheat, await placeOf(victim));
  // The same unit and draw with another time: the state root follows, since the tip is part of the state.
  const draft = aBlock(lab, cheat, await placeOf(victim), {}, { time: first.header.time + 1 });
  return [first, draft];
}

describe.each(VICTIMS)("a %s", (_, options) => {
  beforeEach(async () => {
    lab = new Lab();
    miner = await lab.node("m", { mines: true });
    victim = await lab.node("v", options, [miner]);
    await lab.mine(miner, 2);
    const winner = await lab.evil([victim]);
    // The cheat has honest rewards to lose.
    await lab.tellBlock(winner, victim, aBlock(lab, cheat, await placeOf(victim)));
    await lab.clock.run(12_000);
    expect(victim.engine.ledger.head.height).toBe(3);
    expect(owed(victim)).toBeGreaterThan(0n);
  });

  it("has the next block punish the cheat", async () => {
    const [first, second] = await twins();
    expect(first.header.nonce).toBe(second.header.nonce);
    const evil = await lab.evil([victim]);
    await evil.wire.publish("block", blockMessage(first));
    await evil.wire.publish("block", blockMessage(second));
    await lab.clock.run(10_000);
    expect(victim.alerts).toEqual(["equivocation"]);
    expect(miner.alerts).toEqual(["equivocation"]);
    // One of the two stands, the same at both.
    expect(miner.engine.ledger.head.id).toEqual(victim.engine.ledger.head.id);
    const owes = owed(victim);
    const { supply, burnt } = victim.engine.ledger.state;
    const staked = victim.engine.ledger.state.collateralOf(cheat.address);
    await lab.mine(miner, 1, 0);
    for (const node of [miner, victim]) {
      const { state } = node.engine.ledger;
      expect(state.height).toBe(5);
      expect(state.isBanned(cheat.address)).toBe(true);
      expect(owed(node)).toBe(0n);
      expect(state.collateralOf(cheat.address)).toBe(0n);
      // A tenth goes to the winner that carries the evidence.
      const taken = staked + owes;
      expect(state.burnt - burnt).toBe(taken - taken / 10n);
      expect(state.supply + state.burnt).toBe(1_000_000n * BigInt(STAKED.length) + (await mintedIn(node.engine)));
      expect(heldIn(state)).toBe(state.supply);
    }
    // The offence is not punished twice.
    await lab.mine(miner, 1, 0);
    expect(victim.engine.ledger.state.punished).toHaveLength(1);
    expect(victim.engine.ledger.state.burnt).toBeGreaterThan(burnt);
    expect(supply).toBeGreaterThan(0n);
  });

  it("sees one offence in three blocks of one win", async () => {
    const evil = await lab.evil([victim]);
    const [first, second] = await twins();
    const third = aBlock(lab, cheat, await placeOf(victim), {}, { time: first.header.time + 2 });
    for (const block of [first, second, third]) await evil.wire.publish("block", blockMessage(block));
    await lab.clock.run(10_000);
    expect(victim.alerts).toEqual(["equivocation"]);
    expect(kindsPending(victim)).toEqual([doubleBlock.tag]);
  });

  it("does not take an altered copy under another's signature for evidence", async () => {
    const evil = await lab.evil([victim]);
    const [first, second] = await twins();
    const framed = { ...second, header: forgeBlock(second, Sim.key("framer"), lab.network.rules, {}).header };
    await lab.tellBlock(evil, victim, first);
    expect(await lab.tellBlock(evil, victim, framed)).toMatchObject({ kind: "reject", code: "bad-signature" });
    expect(victim.alerts).toEqual([]);
  });

  it("does not accuse a miner of two wins", async () => {
    const evil = await lab.evil([victim]);
    await evil.wire.publish("block", blockMessage(aBlock(lab, cheat, await placeOf(victim))));
    await lab.clock.run(10_000);
    await evil.wire.publish("block", blockMessage(aBlock(lab, cheat, await placeOf(victim))));
    await lab.clock.run(10_000);
    expect(victim.engine.ledger.head.height).toBe(5);
    expect(victim.alerts).toEqual([]);
    await lab.mine(miner, 1, 0);
    expect(victim.engine.ledger.state.isBanned(cheat.address)).toBe(false);
    expect(victim.engine.ledger.state.burnt).toBe(0n);
  });
});
