// Deltas that are announced and never served: they hold up nobody else's blocks, records or contributions, and are given up in bounded time.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Contribution, REQUESTS, RoundRecord } from "../../src/codec/index.ts";
import { sha256 } from "../../src/crypto/index.ts";
import { aBlock, aUnit, following, type Place, placeAfter, placeOf, recordAt, type Unit } from "../support/forge.ts";
import { type Answer, blockMessage, type Evil, Lab, type Node, VICTIMS } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const leader = Sim.key("leader");
let lab: Lab;
let victim: Node;
afterEach(() => lab.close());

/** Answers all but blobs; those never. */
const silent: Answer = (protocol, data, from) =>
  protocol === "blob" ? new Promise(() => undefined) : lab.nothing()(protocol, data, from);

/** A chain whose last block is `leader`'s. */
async function setUp(options: (typeof VICTIMS)[number][1]): Promise<void> {
  lab = new Lab();
  victim = await lab.node("v", options);
  const winner = await lab.evil([victim]);
  const first = await lab.tellBlock(winner, victim, aBlock(lab, Sim.key("first"), await placeOf(victim)));
  expect(first).toEqual({ kind: "accept" });
  await lab.clock.run(10_000);
  await lab.tellBlock(winner, victim, aBlock(lab, leader, await placeOf(victim)));
  await lab.clock.run(10_000);
  expect(victim.engine.ledger.head.height).toBe(2);
}

/** A block of `leader` on a record whose deltas are told to nobody. */
function withheldBlock(place: Place, units: readonly Unit[]): ReturnType<typeof aBlock> {
  const record = recordAt(lab, leader, place, units);
  return aBlock(lab, leader, placeAfter(place, record, following(place, units)));
}

const units = (place: Place, count: number, name = "worker"): Unit[] =>
  Array.from({ length: count }, (_, index) => aUnit(lab, Sim.key(name), place, { index }));

describe.each(VICTIMS)("a %s", (_, options) => {
  beforeEach(() => setUp(options));

  it("takes an honest block while it waits for a withheld delta", async () => {
    const place = await placeOf(victim);
    const evil = await lab.evil([victim], silent);
    const held = withheldBlock(place, units(place, 60));
    await evil.wire.publish("block", blockMessage(held));
    await lab.clock.run(100);
    expect(evil.asked).toContain("blob");
    const began = lab.clock.now();
    const [unit] = units(place, 1, "honest worker") as [Unit];
    const record = recordAt(lab, leader, place, [unit]);
    const block = aBlock(lab, Sim.key("other"), placeAfter(place, record, following(place, [unit])));
    const good = await lab.evil([victim], lab.serving(unit.delta));
    expect(await lab.tellBlock(good, victim, block)).toEqual({ kind: "accept" });
    expect(lab.clock.now() - began).toBeLessThan(1000);
    expect(victim.engine.ledger.head.height).toBe(3);
    await lab.clock.run(120_000, () => victim.heard.size >= 4);
    expect(await lab.fate(victim, held)).toBe("unknown");
  });

  it("gives the withheld block up in bounded time, and blames nobody for what may be a lost message", async () => {
    const place = await placeOf(victim);
    const evil = await lab.evil([victim], silent);
    const began = lab.clock.now();
    const verdict = await lab.tellBlock(evil, victim, withheldBlock(place, units(place, 60)));
    expect(verdict).toMatchObject({ kind: "ignore", code: "no-delta" });
    expect(lab.clock.now() - began).toBeLessThan(45_000);
    expect(victim.punished).toEqual([]);
  });

  it("takes others' contributions and records during a flood of withheld ones", async () => {
    const place = await placeOf(victim);
    for (let peer = 0; peer < 2; peer++) {
      const evil = await lab.evil([victim], silent);
      for (let index = 0; index < 100; index++) {
        const none = aUnit(
          lab,
          evil.key,
          place,
          { index },
          { change: { deltaHash: sha256(Uint8Array.of(peer, index)) } },
        );
        await evil.wire.publish("contribution", Contribution.codec.encode(none.contribution));
      }
    }
    await lab.clock.run(200);
    const began = lab.clock.now();
    const [first, second] = units(place, 2) as [Unit, Unit];
    const good: Evil = await lab.evil([victim], lab.serving(first.delta, second.delta));
    const told = await lab.tell(good, victim, "contribution", Contribution.codec.encode(first.contribution));
    expect(told).toEqual({ kind: "accept" });
    const record = recordAt(lab, leader, place, [first, second]);
    expect(await lab.tell(good, victim, "record", RoundRecord.codec.encode(record))).toEqual({ kind: "accept" });
    expect(lab.clock.now() - began).toBeLessThan(500);
  });

  it("gets a delta from its author though another named it first and does not serve it", async () => {
    const place = await placeOf(victim);
    const [unit] = units(place, 1) as [Unit];
    const evil = await lab.evil([victim], silent);
    const { deltaHash, deltaBytes, digest } = unit.contribution;
    const copy = aUnit(lab, evil.key, place, {}, { change: { deltaHash, deltaBytes, digest } });
    await evil.wire.publish("contribution", Contribution.codec.encode(copy.contribution));
    await lab.clock.run(50);
    const began = lab.clock.now();
    const good = await lab.evil([victim], lab.serving(unit.delta));
    const told = await lab.tell(good, victim, "contribution", Contribution.codec.encode(unit.contribution));
    expect(told).toEqual({ kind: "accept" });
    expect(lab.clock.now() - began).toBeLessThan(500);
  });

  it("does not wait for a delta that drips in byte by byte, and blames who drips", async () => {
    const place = await placeOf(victim);
    const [unit] = units(place, 1) as [Unit];
    const evil = await lab.evil([victim], async (protocol, data, from) =>
      protocol === "blob"
        ? REQUESTS.blob.reply.encode({ total: unit.delta.length, bytes: unit.delta.subarray(0, 1) })
        : lab.nothing()(protocol, data, from),
    );
    const told = await lab.tell(evil, victim, "contribution", Contribution.codec.encode(unit.contribution));
    expect(told).toMatchObject({ kind: "ignore", code: "no-delta" });
    expect(victim.punished).toMatchObject([{ peer: evil.name }]);
  });

  it("blames who serves other bytes, and takes the right ones from another", async () => {
    const place = await placeOf(victim);
    const [unit] = units(place, 1) as [Unit];
    const evil = await lab.evil([victim], async (protocol, data, from) =>
      protocol === "blob"
        ? REQUESTS.blob.reply.encode({ total: 3, bytes: Uint8Array.of(1, 2, 3) })
        : lab.nothing()(protocol, data, from),
    );
    await lab.evil([victim], lab.serving(unit.delta));
    const told = await lab.tell(evil, victim, "contribution", Contribution.codec.encode(unit.contribution));
    expect(told).toEqual({ kind: "accept" });
    expect(victim.punished).toMatchObject([{ peer: evil.name }]);
  });
});
