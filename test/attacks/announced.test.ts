// Blocks that are announced and never served: they must keep no block that others bring out, and no node from catching up.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Block, Header } from "../../src/codec/index.ts";
import { aTransfer } from "../support/chain.ts";
import { aBlock, aWin, blockOf, type Cheat, type Place, placeOf } from "../support/forge.ts";
import { type Answer, blockMessage, type Evil, Lab, type Node } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

let lab: Lab;
let victim: Node;
beforeEach(async () => {
  lab = new Lab();
  victim = await lab.node("v");
});
afterEach(() => lab.close());

const FORGED: Cheat = { end: (honest) => honest.map((x, i) => (i === 0 ? x + 2 ** -22 : x)) };
/** The header alone: who wants the body must ask for it. */
const announced = ({ header }: Block): Uint8Array => Uint8Array.from([1, ...Header.codec.encode(header)]);

/** Answers no question for a block or a delta, ever. */
const mute: Answer = (protocol, data, from) =>
  protocol === "blocks" || protocol === "blob" ? new Promise(() => undefined) : lab.nothing()(protocol, data, from);

/** As `mute`, but for the deltas of its blocks. */
const bodiless: Answer = (protocol, data, from) =>
  protocol === "blocks" ? new Promise(() => undefined) : lab.nothing()(protocol, data, from);

/** Announces many forged blocks and serves none; `message` makes of a block what is sent. */
async function squat(message: (block: Block) => Uint8Array, count: number): Promise<Evil[]> {
  const place: Place = await placeOf(victim);
  const evils: Evil[] = [];
  for (let i = 0; i < count; i++) {
    if (i % 4 === 0) evils.push(await lab.evil([victim], mute));
    await evils.at(-1)?.wire.publish("block", message(aBlock(lab, Sim.key(`made up ${i}`), place, FORGED)));
  }
  await lab.clock.run(100);
  return evils;
}

describe("a block that somebody announced first and does not serve", () => {
  it.each([
    ["by nobody (the control)", undefined],
    ["as its header", announced],
    ["whole, without its delta", blockMessage],
  ])("is taken from who serves it, at once: announced %s", async (_how, message) => {
    const block = aBlock(lab, Sim.key("author"), await placeOf(victim));
    const evil = await lab.evil([victim], mute);
    const before =
      message === undefined
        ? undefined
        : victim.handlers.gossip("block", message(block), { from: evil.name, author: evil.name });
    await lab.clock.run(20);
    const good = await lab.evil([victim]);
    const header = victim.handlers.gossip("block", blockMessage(block), { from: good.name, author: good.name });
    const took = await lab.clock.run(60_000, () => victim.engine.ledger.head.height === 1);
    expect(took).toBeLessThan(100);
    expect(await header).toEqual({ kind: "accept" });
    await lab.clock.run(60_000);
    await before?.catch(() => undefined);
    expect(await lab.fate(victim, block)).toBe("executed, stands");
    expect([victim.punished, victim.engine.backlog]).toEqual([[], 0]);
  });

  it.each([
    ["serves it (the control)", true, 0],
    ["is silent", false, 2_000],
  ])("is asked of others two seconds later where who announced it %s", async (_how, serves, ms) => {
    const block = aBlock(lab, Sim.key("author"), await placeOf(victim));
    const holds = lab.chain([block], { head: lab.network.rules.genesis, height: 0 });
    const evil = await lab.evil([victim], serves ? holds : bodiless);
    // It says nothing of the block: it is asked because it is there.
    const good = await lab.evil([victim], holds);
    const asked = (peer: Evil): number => peer.asked.filter((protocol) => protocol === "blocks").length;
    await evil.wire.publish("block", announced(block));
    const took = await lab.clock.run(60_000, () => victim.engine.ledger.head.height === 1);
    expect(Math.abs(took - ms)).toBeLessThan(200);
    expect([asked(evil), asked(good)]).toEqual([1, serves ? 0 : 1]);
    await lab.clock.run(1_000);
    expect(await lab.fate(victim, block)).toBe("executed, stands");
    expect(victim.punished).toEqual([]);
  });

  it.each(["body", "signature"])("costs who serves another %s of it, not who announced it", async (part) => {
    const place = await placeOf(victim);
    const block = aBlock(lab, Sim.key("author"), place);
    const { header, body } = block;
    const extra = aTransfer(place.state, Sim.key("rich"), Sim.key("payee").address, 1n);
    const other =
      part === "body"
        ? { header, body: { ...body, transactions: [extra] } }
        : { header: { ...header, signature: new Uint8Array(64) }, body };
    const tip = { head: lab.network.rules.genesis, height: 0 };
    const evil = await lab.evil([victim], bodiless, "a");
    const liar = await lab.evil([victim], lab.chain([other], tip), "b");
    await lab.evil([victim], lab.chain([block], tip), "c");
    await evil.wire.publish("block", announced(block));
    expect(await lab.clock.run(60_000, () => victim.engine.ledger.head.height === 1)).toBeLessThan(2_200);
    expect(victim.punished.map(({ peer }) => peer)).toEqual([liar.name]);
  });

  it("may not be announced again by the same connection: one place, one question", async () => {
    const evil = await lab.evil([victim], mute);
    const block = aBlock(lab, Sim.key("author"), await placeOf(victim));
    const said = [announced(block), blockMessage(block)].map((message) =>
      victim.handlers.gossip("block", message, { from: evil.name, author: evil.name }),
    );
    expect(await said[1]).toMatchObject({ kind: "ignore", code: "full" });
    await lab.clock.run(60_000);
    await said[0];
  });
});

describe("a newcomer's block", () => {
  it.each([
    ["announced as headers", announced],
    ["sent without their deltas", blockMessage],
  ])("is taken in while sixteen others are %s", async (_how, message) => {
    await squat(message, 16);
    const block = aBlock(lab, Sim.key("newcomer"), await placeOf(victim));
    const began = lab.clock.now();
    expect(await lab.tellBlock(await lab.evil([victim]), victim, block)).toEqual({ kind: "accept" });
    expect(lab.clock.now() - began).toBeLessThan(500);
  });

  it("finds no room while sixteen are here to be checked, but for one of an address that has none here", async () => {
    await lab.close();
    lab = new Lab();
    victim = await lab.node("v", { unitMs: 40_000 });
    const place = await placeOf(victim);
    const evils: Evil[] = [];
    for (let i = 0; i < 20; i++) evils.push(await lab.evil([victim], undefined, `crowd ${i}`, `crowd ${i % 4}`));
    // All at once: none is here when the last is announced.
    for (const [i, evil] of evils.entries())
      await evil.wire.publish("block", blockMessage(aBlock(lab, Sim.key(`made up ${i}`), place, FORGED)));
    await lab.clock.run(100);
    expect(victim.engine.backlog).toBe(16);
    const honest = await lab.evil([victim]);
    await honest.wire.publish("block", blockMessage(aBlock(lab, Sim.key("author"), place)));
    await lab.clock.run(100);
    expect(victim.engine.backlog).toBe(17);
  });
});

describe("a node that is behind", () => {
  it("catches up while a key with collateral announces fifty blocks that nobody serves", async () => {
    const miner = await lab.node("m", { mines: true });
    await lab.mine(miner, 3, 0);
    const place = await placeOf(victim);
    const key = Sim.key("cheat");
    for (let i = 0; i < 48; i++) {
      const evil = await lab.evil([victim], mute);
      const win = aWin(lab, key, place, FORGED, i * 20);
      await evil.wire.publish("block", announced(blockOf(lab, key, place, win, { time: lab.clock.wallTime() })));
    }
    await lab.connect(victim, miner);
    await lab.clock.run(3000);
    expect(victim.engine.ledger.head.height).toBe(3);
  });
});
