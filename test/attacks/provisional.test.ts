// Forged wins that cost hashes only: they must take no head, no win and no time from honest miners; and a tie must not pay for withholding.
import { afterEach, describe, expect, it } from "vitest";
import { compareBytes, toHex } from "../../src/base/index.ts";
import { type Block, Header } from "../../src/codec/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import { drawHash, unitOfHeader } from "../../src/work/index.ts";
import { aBlock, aWin, blockOf, type Cheat, placeOf } from "../support/forge.ts";
import { BLOCK_MS, blockMessage, type Evil, Lab, type Node, only, UNIT_MS } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

let lab: Lab;
afterEach(() => lab.close());

const FORGED: Cheat = { end: (honest) => honest.map((x, i) => (i === 0 ? x + 2 ** -22 : x)) };
const stranger = (i: number): KeyPair => Sim.key(`stranger ${i}`);
/** Keys that have collateral in every lab. */
const backed = (i: number): KeyPair => Sim.key("abcdefghijklnopqrstuwxyz"[i] as string);

describe("a forged win", () => {
  it("of a stranger takes the head of nobody, not for a moment; an honest one does once it was run (the control)", async () => {
    lab = new Lab();
    const victim = await lab.node("v", { unitMs: 4000 });
    const heads: string[] = [];
    victim.engine.events.on("head", ({ tip }) => heads.push(toHex(tip.id)));
    for (let i = 0; i < 5; i++) {
      const evil = await lab.evil([victim]);
      await evil.wire.publish("block", blockMessage(aBlock(lab, stranger(i), await placeOf(victim), FORGED)));
    }
    await lab.clock.run(20_000);
    expect([heads, victim.engine.ledger.head.height, victim.alerts.length]).toEqual([[], 0, 5]);
    const good = await lab.evil([victim]);
    const honest = aBlock(lab, stranger(9), await placeOf(victim));
    await good.wire.publish("block", blockMessage(honest));
    await lab.clock.run(500);
    expect(heads).toEqual([]);
    await lab.clock.run(2000);
    expect(heads).toEqual([toHex(Header.id(honest.header))]);
  });

  /** How many of 20 units that win become blocks that stand, when somebody forges a block at the end of each. */
  async function wins(forger: ((i: number) => KeyPair) | undefined): Promise<number> {
    lab = new Lab();
    const miner = await lab.node("m", { mines: true });
    let won = 0;
    for (let i = 0; i < 20; i++) {
      await lab.clock.run(BLOCK_MS);
      const evil = await lab.evil([miner]);
      const place = await placeOf(miner);
      let done = false;
      // The next unit that wins, as far as one can tell before it ran.
      const { contribution } = aWin(lab, miner.key, { ...place, time: lab.clock.wallTime() + UNIT_MS });
      const unit = only(miner)
        .trainer?.run(0, contribution.index)
        .finally(() => {
          done = true;
        });
      // It is there, and not checked yet, when the unit ends.
      await lab.clock.run(UNIT_MS - 30);
      if (forger !== undefined) await evil.wire.publish("block", blockMessage(aBlock(lab, forger(i), place, FORGED)));
      await lab.clock.run(60_000, () => done);
      await unit;
      if (forger !== undefined) expect(miner.engine.backlog).toBe(1);
      await lab.clock.run(1000);
      const stands = await miner.engine.blocks.canonical(place.state.height + 1);
      if (
        stands !== undefined &&
        toHex((await miner.engine.ledger.entry(stands))?.miner ?? stands) === toHex(miner.key.address)
      )
        won++;
    }
    await lab.close();
    return won;
  }

  it.each([
    ["by nobody (the control)", undefined],
    ["by strangers", stranger],
    ["by keys with collateral, which are built upon", backed],
  ])("takes no win from a miner: forged for each of its units %s", async (_who, forger) => {
    expect(await wins(forger)).toBe(20);
  });
});

describe("a hundred forged siblings from one peer", () => {
  /** Virtual ms until an honest block of an author with collateral was checked at a node that got `flood` before. */
  async function delay(flood: (victim: Node) => Promise<Evil | undefined>): Promise<number> {
    lab = new Lab();
    const victim = await lab.node("v", { unitMs: 400 });
    const place = await placeOf(victim);
    await flood(victim);
    const good = await lab.evil([]);
    await lab.connect(good, victim);
    const honest = aBlock(lab, Sim.key("author"), place);
    await good.wire.publish("block", blockMessage(honest));
    const id = Header.id(honest.header);
    const took = await lab.clock.run(60_000, () => victim.engine.ledger.recent(id)?.checked === "executed");
    expect(await lab.fate(victim, honest)).toBe("executed, stands");
    await lab.close();
    return took;
  }
  const siblings =
    (keyOf: (i: number) => KeyPair) =>
    async (victim: Node): Promise<Evil> => {
      const place = await placeOf(victim);
      const evil = await lab.evil([victim]);
      for (let i = 0; i < 100; i++) {
        const win = aWin(lab, keyOf(i), place, FORGED, i);
        const block = blockOf(lab, keyOf(i), place, win, { time: lab.clock.wallTime() });
        await evil.wire.publish("block", blockMessage(block));
      }
      return evil;
    };

  it.each([
    ["of strangers", stranger],
    ["of one stranger", () => stranger(0)],
    ["of one key with collateral", () => Sim.key("cheat")],
  ])("%s cost an honest check no more than the one that runs", async (_who, keyOf) => {
    const alone = await delay(async () => undefined);
    const late = await delay(siblings(keyOf));
    // A check takes 100 ms here: 100 of them took ten seconds before.
    expect(alone).toBeLessThanOrEqual(150);
    expect(late).toBeLessThanOrEqual(alone + 2 * 100);
  });

  it("are looked at four at a time; the rest wait at their sender, which is not blamed for them", async () => {
    lab = new Lab();
    const victim = await lab.node("v", { unitMs: 400 });
    const evil = await siblings(stranger)(victim);
    await lab.clock.run(20);
    expect(victim.engine.backlog).toBe(4);
    const codes = [...victim.heard.values()].map(({ verdict }) => (verdict.kind === "accept" ? "" : verdict.code));
    expect(codes.filter((code) => code === "full")).toHaveLength(96);
    expect([victim.punished, evil.linked(victim)]).toEqual([[], true]);
  });
});

describe("a tie", () => {
  /** Two blocks of equal work, the one with the higher draw first. */
  async function pair(victim: Node): Promise<[Block, Block]> {
    const place = await placeOf(victim);
    const blocks = ["a", "b"].map((name) => aBlock(lab, Sim.key(name), place));
    const beacon = place.state.beacon;
    const lower = (block: Block): Uint8Array => drawHash(unitOfHeader(beacon, block.header), block.header.nonce);
    return blocks.sort((x, y) => compareBytes(lower(y), lower(x))) as [Block, Block];
  }

  it("goes to the block heard first: a lower draw that was withheld takes nothing; published first it stands (the control)", async () => {
    for (const withheld of [true, false]) {
      lab = new Lab();
      const victim = await lab.node("v");
      const peer = await lab.evil([victim]);
      const [high, low] = await pair(victim);
      for (const block of withheld ? [high, low] : [low, high])
        expect(await lab.tellBlock(peer, victim, block)).toEqual({ kind: "accept" });
      await lab.clock.run(2000);
      const [first, second] = withheld ? [high, low] : [low, high];
      expect(await lab.fate(victim, first)).toBe("executed, stands");
      expect(await lab.fate(victim, second)).toBe("executed, dropped");
      await lab.close();
    }
  });
});
