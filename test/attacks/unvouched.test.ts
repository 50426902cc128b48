// Blocks that were ground, at nodes that cannot run a unit: nobody vouched for them, so they stand nowhere, show no money and are passed on to nobody.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromBigInt, toHex } from "../../src/base/index.ts";
import type { Block } from "../../src/codec/index.ts";
import { aBlock, placeOf } from "../support/forge.ts";
import { type Answer, blockMessage, type Evil, Lab, type Node } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const GROUND = 25;
let lab: Lab;
/** Cannot train, and trusts one verifier. */
let blind: Node;
/** Can train; knows the network through `blind` alone. */
let behind: Node;
beforeEach(async () => {
  lab = new Lab();
  blind = await lab.node("blind", { trains: false, trusts: ["verifier"] });
  behind = await lab.node("behind", {}, [blind]);
});
afterEach(() => lab.close());

const attacker = Sim.key("attacker");
const held = ({ engine }: Node): bigint => engine.ledger.state.supply;

/** A chain of blocks whose units nobody ran: formally right, made at a node that believes anything. */
async function ground(count: number): Promise<Block[]> {
  const dupe = await lab.node("dupe", { trains: false, trusts: ["liar"] });
  const blocks: Block[] = [];
  for (let i = 0; i < count; i++) {
    const block = aBlock(lab, attacker, await placeOf(dupe), { end: (honest) => honest.map((x) => x + 2 ** -20) });
    await lab.vouch(dupe, block, "valid", "liar");
    await lab.tellBlock(await lab.evil([dupe]), dupe, block);
    await lab.clock.run(9000);
    blocks.push(block);
  }
  expect(dupe.engine.ledger.head.height).toBe(count);
  return blocks;
}

/** Serves a chain, and claims its work. */
function serving(blocks: readonly Block[], work: bigint): Answer {
  return lab.chain(blocks, { work: fromBigInt(work, 32) });
}

/** What reached a node by gossip of blocks. */
const toldTo = (node: Node): number => [...node.heard.values()].filter(({ topic }) => topic === "block").length;

describe("25 ground blocks", () => {
  it("by gossip and by sync move a node without a runtime nowhere; it says what it waits for and is banned by nobody", async () => {
    const before = held(blind);
    const blocks = await ground(GROUND);
    const gossip = await lab.evil([blind]);
    for (const block of blocks) await gossip.wire.publish("block", blockMessage(block));
    await lab.evil([blind], serving(blocks, 2n ** 200n));
    await lab.clock.run(60_000);
    const { ledger } = blind.engine;
    expect([ledger.head.height, held(blind), ledger.state.collateralOf(attacker.address)]).toEqual([0, before, 0n]);
    expect(ledger.state.immature(attacker.address)).toEqual([]);
    expect(blind.engine.unvouched).toMatchObject({ height: 1 });
    // What it does take in is bounded: two of one author.
    expect(ledger.heaviest.height).toBeLessThanOrEqual(2);
    expect([toldTo(behind), behind.punished]).toEqual([0, []]);
    expect(behind.wire.peers().map(({ id }) => id)).toContain(blind.wire.peerId);
  });

  it("do not keep it from the honest chain, which it follows by what its verifier says, and passes on (the control)", async () => {
    const blocks = await ground(GROUND);
    await lab.evil([blind], serving(blocks, 2n ** 200n));
    await lab.clock.run(30_000);
    const good: Evil = await lab.evil([blind]);
    for (let height = 1; height <= 3; height++) {
      const honest = aBlock(lab, Sim.key("author"), await placeOf(blind));
      await lab.vouch(blind, honest, "valid", "verifier");
      expect(await lab.tellBlock(good, blind, honest)).toEqual({ kind: "accept" });
      await lab.clock.run(10_000);
      expect(await lab.fate(blind, honest)).toBe("attestations, stands");
      expect(await lab.fate(behind, honest)).toBe("executed, stands");
    }
    expect(blind.engine.ledger.state.collateralOf(Sim.key("author").address)).toBeGreaterThan(0n);
  });
});

describe("a node that joins late and cannot train", () => {
  it("comes to the head by what is said of its last block, however far it is", async () => {
    const miner = await lab.node("m", { mines: true });
    await lab.mine(miner, 40, 0);
    const late = await lab.node("late", { trains: false, trusts: ["m"] }, [miner]);
    await lab.clock.run(30_000);
    // Nobody spoke since it came: it keeps to what it has.
    expect(late.engine.ledger.head.height).toBe(0);
    await lab.mine(miner, 1, 0);
    await lab.clock.run(30_000);
    expect(toHex(late.engine.ledger.head.id)).toBe(toHex(miner.engine.ledger.head.id));
    expect([late.punished, late.engine.unvouched]).toEqual([[], undefined]);
  });
});
