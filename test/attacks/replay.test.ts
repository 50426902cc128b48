// What makes a node work for a stranger's cheap word: states replayed for old blocks, states stored for branches that do not stand.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toHex } from "../../src/base/index.ts";
import {
  Contribution,
  type Header,
  Header as Headers,
  REQUESTS,
  RoundRecord,
  type Topic,
} from "../../src/codec/index.ts";
import { BlockStore, SNAPSHOT_EVERY, States } from "../../src/engine/storage/index.ts";
import { forgeHeader } from "../support/chain.ts";
import { aBlock, aUnit, placeOf, recordAt } from "../support/forge.ts";
import { type Evil, Lab, type Node } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const stranger = Sim.key("stranger");
let lab: Lab;
let miner: Node;
let victim: Node;
let evil: Evil;
afterEach(async () => {
  vi.restoreAllMocks();
  await lab.close();
});

beforeEach(async () => {
  lab = new Lab();
  miner = await lab.node("m", { mines: true });
  victim = await lab.node("v", {}, [miner]);
  await lab.mine(miner, 3, 0);
  evil = await lab.evil([victim]);
});

const headerAt = async (height: number): Promise<Header> => {
  const { blocks } = victim.engine;
  const found = await blocks.block((await blocks.canonical(height)) as Uint8Array);
  return (found as NonNullable<typeof found>).value.header;
};
const headerOnly = (header: Header): Uint8Array => Uint8Array.of(1, ...Headers.codec.encode(header));

describe("a state", () => {
  it("is not asked for a record that its block's leader did not sign", async () => {
    const place = await placeOf(victim);
    const old = await headerAt(1);
    const unit = aUnit(lab, stranger, place);
    const states = vi.spyOn(States.prototype, "of");
    const forged = (leader: typeof stranger, fields: Partial<RoundRecord>): Uint8Array =>
      RoundRecord.codec.encode(recordAt(lab, leader, place, [unit], fields, stranger));
    const block = { block: Headers.id(old), height: 1 };
    await lab.tell(evil, victim, "record", forged(stranger, block));
    await lab.tell(evil, victim, "record", forged(miner.key, block));
    expect(states).not.toHaveBeenCalled();
  });

  it("is not asked for a header that is ahead of the clock, nor is the tip's own", async () => {
    const states = vi.spyOn(States.prototype, "of");
    const next = aBlock(lab, stranger, await placeOf(victim)).header;
    const late = forgeHeader(next, stranger, lab.network.rules, { time: lab.clock.wallTime() + 3_600_000 });
    expect(await lab.tell(evil, victim, "block", headerOnly(late))).toMatchObject({ code: "time-in-future" });
    expect(await victim.engine.ledger.judgeHeader(Headers.id(next), next)).toMatchObject({ kind: "judged" });
    expect(states).not.toHaveBeenCalled();
    expect(await lab.tellBlock(evil, victim, aBlock(lab, stranger, await placeOf(victim)))).toEqual({ kind: "accept" });
    expect(toHex(victim.engine.ledger.state.tip.miner)).toBe(toHex(stranger.address));
    // On an older block it takes one (the control).
    const sibling = forgeHeader(next, stranger, lab.network.rules, { time: next.time + 1 });
    states.mockClear();
    expect(await lab.tell(evil, victim, "block", headerOnly(sibling))).toMatchObject({ code: "no-block" });
    expect(states).toHaveBeenCalledWith(next.parent);
  });

  it("is stored for few of many siblings, and for the one that stands", async () => {
    await lab.mine(miner, SNAPSHOT_EVERY - 4, 0);
    const place = await placeOf(victim);
    expect(place.state.height).toBe(SNAPSHOT_EVERY - 1);
    const kept = vi.spyOn(BlockStore.prototype, "keepState");
    let heads = 0;
    victim.engine.events.on("head", () => heads++);
    for (let i = 0; i < 24; i++) {
      const sibling = aBlock(lab, Sim.key(`sibling ${i}`), place);
      expect(await lab.tellBlock(evil, victim, sibling)).toEqual({ kind: "accept" });
    }
    const stored = kept.mock.contexts.filter((blocks) => blocks === victim.engine.blocks);
    expect(stored.length).toBeLessThanOrEqual(heads + 4);
    expect(heads).toBeLessThan(12);
    const { head } = victim.engine.ledger;
    expect(await victim.engine.blocks.state(head.id)).toMatchObject({ height: SNAPSHOT_EVERY });
  });
});

describe("the tip's own state", () => {
  it("stays at hand through messages that name every old block, and the next unit runs", async () => {
    await lab.mine(miner, 70, 0);
    const { ledger } = victim.engine;
    const tip = ledger.state;
    const heights = Array.from({ length: 66 }, (_, i) => ledger.head.height - 66 + i);
    const olds = await Promise.all(heights.map(headerAt));
    const place = await placeOf(victim);
    const unit = aUnit(lab, stranger, place);
    const next = aBlock(lab, stranger, place).header;
    const states = vi.spyOn(States.prototype, "of");
    const read = vi.spyOn(BlockStore.prototype, "state");
    const old = (i: number): { id: Uint8Array; height: number; time: number } => {
      const { height, time } = olds[i] as Header;
      return { id: Headers.id(olds[i] as Header), height, time };
    };
    // Blocks, records and contributions of its own, each upon another old block; a peer for each, since three strikes are a ban.
    const upon = async (topic: Topic, message: (i: number) => Uint8Array): Promise<void> => {
      for (let i = 0; i < olds.length; i++) await lab.tell(await lab.evil([victim]), victim, topic, message(i));
      expect(ledger.state).toBe(tip);
    };
    await upon("block", (i) => {
      const { id: parent, height, time } = old(i);
      return headerOnly(forgeHeader(next, stranger, lab.network.rules, { parent, height: height + 1, time: time + 1 }));
    });
    await upon("record", (i) => {
      const { id: block, height } = old(i);
      return RoundRecord.codec.encode(recordAt(lab, stranger, place, [unit], { block, height }));
    });
    await upon("contribution", (i) => {
      const { id: block, height } = old(i);
      const { contribution } = aUnit(lab, stranger, place, { index: i }, { change: { block, height } });
      return Contribution.codec.encode(contribution);
    });
    // Headers that show no win on what they stand on, words of nobody: no state was brought into memory for any.
    expect(read).not.toHaveBeenCalled();
    // The control: these are more than memory holds.
    for (const header of olds) await ledger.stateOf(Headers.id(header));
    expect(read).toHaveBeenCalled();
    const asked = new Set(states.mock.calls.map(([id]) => toHex(id)));
    expect(asked.size).toBeGreaterThanOrEqual(63);
    expect(asked).not.toContain(toHex(ledger.head.id));
    await lab.train(victim);
    await lab.mine(miner, 1, 0);
    expect(ledger.head.height).toBeGreaterThan(tip.height);
    expect(toHex(ledger.state.tipId)).toBe(toHex(ledger.head.id));
  });
});

describe("the round in progress", () => {
  it("is served without looking at a signature again", async () => {
    // On this block nobody here leads, so the round stays open.
    await lab.tellBlock(evil, victim, aBlock(lab, stranger, await placeOf(victim)));
    await lab.clock.run(1000);
    const place = await placeOf(victim);
    const units = Array.from({ length: 12 }, (_, index) => aUnit(lab, stranger, place, { index }));
    const serving = await lab.evil([victim], lab.serving(...units.map(({ delta }) => delta)));
    for (const { contribution } of units)
      await lab.tell(serving, victim, "contribution", Contribution.codec.encode(contribution));
    const verify = vi.spyOn(Contribution, "verify");
    const asked = REQUESTS.round.request.encode({ task: lab.task.id, head: place.state.tipId });
    const reply = await victim.handlers.request("round", asked, evil.name);
    expect(REQUESTS.round.reply.decode(reply).contributions).toHaveLength(units.length);
    expect(verify).not.toHaveBeenCalled();
  });
});
