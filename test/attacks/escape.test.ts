// Keys that are built upon unchecked since a forgery costs their collateral, and forge where it could not be shown.
import { afterEach, describe, expect, it } from "vitest";
import { finish, toHex } from "../../src/base/index.ts";
import { type Block, Header, RoundRecord } from "../../src/codec/index.ts";
import { onTask } from "../support/chain.ts";
import { aBlock, aUnit, type Cheat, following, type Place, placeAfter, placeOf, recordAt } from "../support/forge.ts";
import { BLOCK_MS, blockMessage, type Evil, Lab, type Node, only } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

let lab: Lab;
afterEach(() => lab.close());

const FORGED: Cheat = { end: (honest) => honest.map((x, i) => (i === 0 ? x + 2 ** -22 : x)) };
const cheat = Sim.key("cheat");
const author = Sim.key("author");
const headOf = ({ engine }: Node): string => toHex(engine.ledger.head.id);
const idOf = (block: Block): string => toHex(Header.id(block.header));
const riskOf = ({ engine }: Node): bigint => engine.ledger.state.collateralOf(cheat.address);

/** Honest blocks that carry the evidence that the victim holds. */
async function goOn(victim: Node, peer: Evil, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const place = await placeOf(victim);
    const block = aBlock(
      lab,
      author,
      place,
      {},
      { evidence: finish(victim.engine.evidence.pending(onTask(place.state, lab.network.rules))) },
    );
    expect(await lab.tellBlock(peer, victim, block)).toEqual({ kind: "accept" });
    await lab.clock.run(BLOCK_MS);
  }
}

describe("a leader that forges from a record of its own", () => {
  /** The cheat leads, with one record if `leads`, forges a block from what that leads to, and is head until its unit was run. */
  async function forge(leads: boolean): Promise<{ victim: Node; peer: Evil; record: RoundRecord }> {
    lab = new Lab({ evidenceBlocks: 8, maturity: 10 });
    const victim = await lab.node("v", { unitMs: 400 });
    await lab.tellBlock(await lab.evil([victim]), victim, aBlock(lab, cheat, await placeOf(victim)));
    await lab.clock.run(BLOCK_MS);
    const place = await placeOf(victim);
    const unit = aUnit(lab, Sim.key("worker"), place);
    const peer = await lab.evil([victim], lab.serving(unit.delta));
    const record = recordAt(lab, cheat, place, [unit]);
    const after: Place = leads ? placeAfter(place, record, following(place, [unit])) : place;
    if (leads)
      expect(await lab.tell(peer, victim, "record", RoundRecord.codec.encode(record))).toEqual({ kind: "accept" });
    const forged = aBlock(lab, cheat, after, FORGED);
    await peer.wire.publish("block", blockMessage(forged));
    await lab.clock.run(50);
    expect(headOf(victim)).toBe(idOf(forged));
    await lab.clock.run(BLOCK_MS);
    expect(await lab.fate(victim, forged)).toBe("invalid, dropped");
    return { victim, peer, record };
  }

  it("loses its collateral, as one that forges from its block's own state does (the control)", async () => {
    for (const leads of [false, true]) {
      const { victim, peer } = await forge(leads);
      expect(riskOf(victim)).toBeGreaterThan(0n);
      // The first carries the record again; the second can carry the evidence.
      await goOn(victim, peer, 3);
      expect([riskOf(victim), victim.engine.ledger.state.isBanned(cheat.address)]).toEqual([0n, true]);
      await lab.close();
    }
  });

  it("loses it though strangers forge twenty blocks from the same record: theirs are not what is kept to be shown", async () => {
    const { victim, peer } = await forge(true);
    const { view } = only(victim).rounds;
    const place = await placeOf(victim);
    expect(view.records).toHaveLength(1);
    for (let i = 0; i < 20; i++) {
      const forged = aBlock(lab, Sim.key(`made up ${i}`), place, FORGED);
      await lab.tellBlock(await lab.evil([victim]), victim, forged);
    }
    expect(victim.alerts.length).toBe(21);
    await goOn(victim, peer, 3);
    expect(riskOf(victim)).toBe(0n);
  });

  it("takes nobody's rounds away: they go on from the record when its block has fallen", async () => {
    const { victim, record } = await forge(true);
    const { view } = only(victim).rounds;
    expect(view.records.map((one) => toHex(RoundRecord.id(one)))).toEqual([toHex(RoundRecord.id(record))]);
    expect(toHex(view.startDigest)).toBe(toHex(record.nextDigest));
  });
});

describe("a block beside the head", () => {
  /** A head and a sibling of it that came later, and where a node that heard the sibling first stands. */
  async function siblings(): Promise<{ victim: Node; place: Place; first: Block }> {
    lab = new Lab({ evidenceBlocks: 8, maturity: 10 });
    const victim = await lab.node("v", { unitMs: 2000 });
    const other = await lab.node("w", { unitMs: 2000 });
    const place = await placeOf(victim);
    const [first, second] = [aBlock(lab, author, place), aBlock(lab, Sim.key("a"), place)];
    for (const block of [first, second]) await lab.tellBlock(await lab.evil([victim]), victim, block);
    await lab.tellBlock(await lab.evil([other]), other, second);
    await lab.clock.run(BLOCK_MS);
    expect(headOf(victim)).toBe(idOf(first));
    return { victim, place: await placeOf(other), first };
  }

  it("is no ground for a forger: what is shown of it would be of another branch, so it is checked first", async () => {
    const { victim, place, first } = await siblings();
    const heads = new Set<string>();
    victim.engine.events.on("head", ({ tip }) => heads.add(toHex(tip.id)));
    const peer = await lab.evil([victim]);
    const forged = aBlock(lab, cheat, place, FORGED);
    await peer.wire.publish("block", blockMessage(forged));
    await lab.clock.run(BLOCK_MS);
    expect(await lab.fate(victim, forged)).toBe("invalid, dropped");
    expect([[...heads], headOf(victim)]).toEqual([[], idOf(first)]);
  });

  it("leads to an honest head once that was run, and a block on the head itself leads at once (the control)", async () => {
    const { victim, place } = await siblings();
    const peer = await lab.evil([victim]);
    const on = aBlock(lab, cheat, await placeOf(victim));
    await peer.wire.publish("block", blockMessage(on));
    await lab.clock.run(50);
    expect(headOf(victim)).toBe(idOf(on));
    await lab.close();
    const again = await siblings();
    const beside = aBlock(lab, cheat, again.place);
    await (await lab.evil([again.victim])).wire.publish("block", blockMessage(beside));
    await lab.clock.run(50);
    expect(headOf(again.victim)).toBe(idOf(again.first));
    await lab.clock.run(2000);
    expect(headOf(again.victim)).toBe(idOf(beside));
    expect(place.state.height).toBe(1);
  });
});
