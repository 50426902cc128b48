// Contributions that lie: about their delta, its length, their author. None of them gets into a record, and none stops a leader from closing rounds.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Verdict } from "../../src/base/index.ts";
import { Contribution } from "../../src/codec/index.ts";
import { sha256 } from "../../src/crypto/index.ts";
import { aUnit, type Cheat, type Place, placeOf, type Unit } from "../support/forge.ts";
import { type Evil, Lab, type Node, only, UNIT_MS, VICTIMS } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const zero = new Uint8Array(32);
const author = Sim.key("author");
let lab: Lab;
let victim: Node;
let place: Place;
afterEach(() => lab.close());

const tell = (evil: Evil, contribution: Contribution): Promise<Verdict> =>
  lab.tell(evil, victim, "contribution", Contribution.codec.encode(contribution));

async function setUp(options: (typeof VICTIMS)[number][1]): Promise<void> {
  lab = new Lab();
  victim = await lab.node("v", options);
  const miner = await lab.node("m", { mines: true }, [victim]);
  await lab.mine(miner, 1, 0);
  await miner.engine.stop();
  place = await placeOf(victim);
}

describe.each(VICTIMS)("a %s", (_, options) => {
  beforeEach(() => setUp(options));

  /** Whoever relays such a thing is at fault: an honest peer looks first. */
  const LIES: readonly (readonly [what: string, code: string, cheat: Cheat])[] = [
    ["a digest that its delta does not lead to", "wrong-delta", { change: { digest: zero } }],
    ["a delta that is no delta", "bad-delta", { delta: (honest) => honest.map(() => 255) }],
    ["a delta cut short", "bad-delta", { delta: (honest) => honest.subarray(0, 10) }],
    ["a delta with a byte too many", "bad-delta", { delta: (honest) => Uint8Array.from([...honest, 0]) }],
    ["the delta of another unit", "wrong-delta", { delta: () => aUnit(lab, author, place, { index: 5 }).delta }],
    ["a wrong length of its delta", "wrong-delta", { change: { deltaBytes: 1 } }],
    ["a delta above the task's bound", "delta-size", { change: { deltaBytes: 4 * 48 + 1 } }],
    ["an empty delta", "delta-size", { change: { deltaBytes: 0 } }],
    ["a unit that trained nothing", "idle-unit", { end: (_, { parameters }) => parameters }],
    ["an unknown codec", "unknown-codec", { change: { codec: 1 } }],
    ["another's signature", "bad-signature", { signer: Sim.key("thief") }],
    ["an unknown task", "unknown-task", { change: { task: zero } }],
  ];
  it.each(LIES)("refuses %s", async (_what, code, cheat) => {
    const unit = aUnit(lab, author, place, {}, cheat);
    const evil = await lab.evil([victim], lab.serving(unit.delta));
    expect(await tell(evil, unit.contribution)).toMatchObject({ kind: "reject", code });
    expect(only(victim).rounds.contributions()).toEqual([]);
    // The honest unit of the same author is taken.
    const honest = aUnit(lab, author, place);
    const good = await lab.evil([victim], lab.serving(honest.delta));
    expect(await tell(good, honest.contribution)).toEqual({ kind: "accept" });
    expect(only(victim).rounds.contributions()).toHaveLength(1);
    expect(victim.punished).toEqual([]);
  });

  it("does not take a short length on trust because the delta is here already", async () => {
    const honest = aUnit(lab, author, place);
    const good = await lab.evil([victim], lab.serving(honest.delta));
    await tell(good, honest.contribution);
    const { deltaHash, digest } = honest.contribution;
    const lie = aUnit(lab, Sim.key("thief"), place, {}, { change: { deltaHash, digest, deltaBytes: 1 } });
    expect(await tell(good, lie.contribution)).toMatchObject({ kind: "reject", code: "wrong-delta" });
  });

  it("does not blame who serves a delta rightly for its author's lie about the length", async () => {
    const unit = aUnit(lab, author, place);
    const { deltaHash, digest } = unit.contribution;
    const honest = await lab.evil([victim], lab.serving(unit.delta));
    for (let index = 0; index < 4; index++) {
      const evil = await lab.evil([victim]);
      const lie = aUnit(lab, Sim.key("thief"), place, { index }, { change: { deltaHash, digest, deltaBytes: 1 } });
      expect(await tell(evil, lie.contribution)).toMatchObject({ kind: "reject", code: "wrong-delta" });
    }
    expect(honest.asked).toContain("blob");
    expect(victim.punished).toEqual([]);
    expect(honest.linked(victim)).toBe(true);
  });

  it("ignores what is early, late or of another branch, and blames nobody", async () => {
    const evil = await lab.evil([victim]);
    const changes: readonly Partial<Contribution>[] = [
      { round: place.round + 1 },
      { startDigest: zero },
      { height: place.state.height + 1 },
    ];
    for (const change of changes)
      expect((await tell(evil, aUnit(lab, author, place, {}, { change }).contribution)).kind).toBe("ignore");
    expect(evil.linked(victim)).toBe(true);
  });
});

describe("a leader", () => {
  /** It won the last block, so it leads; the others only follow. */
  async function leads(): Promise<void> {
    lab = new Lab();
    victim = await lab.node("v", { mines: true });
    await lab.mine(victim, 1, 0);
  }

  /** Virtual ms for `count` rounds of the lone leader. */
  async function rounds(count: number, between: () => Promise<void> = async () => undefined): Promise<number> {
    const from = only(victim).rounds.view.round;
    const began = lab.clock.now();
    for (let i = 0; i < 10 * count && only(victim).rounds.view.round < from + count; i++) {
      await between();
      const { round } = only(victim).rounds.view;
      await lab.train(victim, 100 + i);
      await lab.clock.run(5000, () => only(victim).rounds.view.round > round);
    }
    return lab.clock.now() - began;
  }

  it("goes on from unit to unit", async () => {
    await leads();
    expect(await rounds(6)).toBeLessThan(6 * 1.2 * UNIT_MS);
  });

  it("closes rounds while it is sent malformed, lying and withheld deltas", async () => {
    await leads();
    const lie = async (): Promise<void> => {
      const at = await placeOf(victim);
      const cheats: readonly Cheat[] = [
        { change: { digest: zero } },
        { delta: (honest) => honest.map(() => 255) },
        { change: { deltaHash: sha256(zero) } },
      ];
      for (const [index, cheat] of cheats.entries()) {
        const unit: Unit = aUnit(lab, author, at, { index }, cheat);
        const evil = await lab.evil([victim], async (protocol, data, from) =>
          protocol === "blob" && index === 2
            ? new Promise(() => undefined)
            : lab.serving(unit.delta)(protocol, data, from),
        );
        await evil.wire.publish("contribution", Contribution.codec.encode(unit.contribution));
      }
    };
    const from = only(victim).rounds.view.round;
    await rounds(4, lie);
    expect(only(victim).rounds.view.round).toBe(from + 4);
    for (const record of only(victim).rounds.view.records)
      expect(record.contributions.map((c) => c.author)).toEqual([victim.key.address]);
  });

  it("does not wait for runners that somebody made up", async () => {
    await leads();
    await rounds(1);
    const evil = await lab.evil([victim]);
    const took = await rounds(4, async () => {
      const at = await placeOf(victim);
      for (let i = 0; i < 5; i++) {
        const late = aUnit(lab, Sim.key(`nobody ${i}`), at, {}, { change: { round: at.round - 1 } });
        await tell(evil, { ...late.contribution, signature: new Uint8Array(64) });
      }
    });
    // Five messages of 5 ms each go before each round.
    expect(took).toBeLessThan(4 * (1.2 * UNIT_MS + 60));
  });
});
