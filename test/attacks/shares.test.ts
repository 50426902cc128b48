// Places that strangers hold: messages to judge, waits for what is early, deltas that are named and never served. Each takes its own share and nobody else's.
import { afterEach, describe, expect, it } from "vitest";
import { ACCEPT, toHex } from "../../src/base/index.ts";
import { Contribution, RoundRecord } from "../../src/codec/index.ts";
import { sha256 } from "../../src/crypto/index.ts";
import { aUnit, type Place, placeOf, recordAt, type Unit } from "../support/forge.ts";
import { type Answer, type Evil, Lab, type Node } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const HONEST = 30;
let lab: Lab;
let victim: Node;
let place: Place;
afterEach(() => lab.close());

/** Answers all but blobs; those never. */
const silent: Answer = (protocol, data, from) =>
  protocol === "blob" ? new Promise(() => undefined) : lab.nothing()(protocol, data, from);

/** A victim on a first block that nobody here leads on, so its round stays open. */
async function setUp(): Promise<void> {
  lab = new Lab();
  victim = await lab.node("v");
  const miner = await lab.node("m", { mines: true }, [victim]);
  await lab.mine(miner, 1, 0);
  await miner.engine.stop();
  place = await placeOf(victim);
}

const message = ({ contribution }: Pick<Unit, "contribution">): Uint8Array => Contribution.codec.encode(contribution);

/** As many hostile peers, each of its own IP group or all of one, that say all this at once. */
async function flood(peers: number, say: (k: number) => readonly Uint8Array[], group?: string): Promise<Evil[]> {
  const evils: Evil[] = [];
  for (let k = 0; k < peers; k++) evils.push(await lab.evil([victim], silent, `flood ${k}`, group));
  const said = evils.map((_, k) => say(k));
  for (const [k, evil] of evils.entries())
    for (const bytes of said[k] as Uint8Array[]) await evil.wire.publish("contribution", bytes);
  await lab.clock.run(20);
  return evils;
}

/** Virtual ms until the honest contributions of one peer are accepted, all of them. */
async function honestTakes(): Promise<number> {
  const units = Array.from({ length: HONEST }, (_, index) =>
    aUnit(lab, Sim.key(`runner ${index % 8}`), place, { index }),
  );
  const good = await lab.evil([victim], lab.serving(...units.map(({ delta }) => delta)), "good");
  const began = lab.clock.now();
  for (const unit of units) await good.wire.publish("contribution", message(unit));
  const judged = (): readonly unknown[] =>
    [...victim.heard.values()].filter(({ from }) => from === good.name).map(({ verdict }) => verdict);
  await lab.clock.run(60_000, () => judged().length === HONEST);
  expect(judged()).toEqual(units.map(() => ACCEPT));
  expect(victim.punished.map(({ peer }) => peer)).not.toContain(good.name);
  return lab.clock.now() - began;
}

const verdictsOf = (evils: readonly Evil[]): string[] =>
  [...victim.heard.values()]
    .filter(({ from }) => evils.some(({ name }) => name === from))
    .map(({ verdict }) => (verdict.kind === "accept" ? "accept" : verdict.code));

describe("honest contributions are all taken beside", () => {
  it("nobody (the control)", async () => {
    await setUp();
    expect(await honestTakes()).toBeLessThan(200);
  });

  it.each([5, 12])("%i peers with unsigned contributions for a round to come, of which none waits", async (peers) => {
    await setUp();
    const evils = await flood(peers, (k) =>
      Array.from({ length: 40 }, (_, index) => {
        const early = aUnit(lab, Sim.key(`made up ${k}`), place, { index }, { change: { round: place.round + 1 } });
        return message({ contribution: { ...early.contribution, signature: new Uint8Array(64) } });
      }),
    );
    // Three of them shut the sender out; what came with them is answered the same.
    expect(new Set(verdictsOf(evils))).toEqual(new Set(["bad-signature"]));
    expect(evils.every((evil) => !evil.linked(victim))).toBe(true);
    expect(await honestTakes()).toBeLessThan(200);
  });

  it.each([
    ["12 peers", undefined],
    ["12 peers of one address", "crowd"],
  ])("signed ones for a round to come, of %s, of which so many wait as have places", async (_, group) => {
    await setUp();
    const evils = await flood(
      12,
      (k) =>
        Array.from({ length: 40 }, (_, index) =>
          message(aUnit(lab, Sim.key(`made up ${k}`), place, { index }, { change: { round: place.round + 1 } })),
        ),
      group,
    );
    const places = group === undefined ? 12 * 16 : 32;
    expect(verdictsOf(evils)).toEqual(Array(12 * 40 - places).fill("unknown-round"));
    expect(await honestTakes()).toBeLessThan(200);
    await lab.clock.run(2_000);
    expect(verdictsOf(evils)).toHaveLength(12 * 40);
    expect(victim.punished).toEqual([]);
  });

  it.each([
    ["8 peers", undefined],
    ["8 peers of one address", "crowd"],
  ])("signed ones whose delta is never served, of %s", async (_, group) => {
    await setUp();
    await flood(
      8,
      (k) =>
        Array.from({ length: 60 }, (_, index) => {
          const deltaHash = sha256(Uint8Array.of(k, index));
          return message(aUnit(lab, Sim.key("abcdefgh"[k] as string), place, { index }, { change: { deltaHash } }));
        }),
      group,
    );
    expect(await honestTakes()).toBeLessThan(500);
  });

  it("more than a peer may have at hand, of which the rest is dropped unread", async () => {
    await setUp();
    const evils = await flood(1, () =>
      Array.from({ length: 300 }, (_, index) => {
        const deltaHash = sha256(Uint8Array.of(index, index >> 8));
        return message(aUnit(lab, Sim.key("a"), place, { index }, { change: { deltaHash } }));
      }),
    );
    expect(verdictsOf(evils)).toEqual(Array(300 - 256).fill("full"));
    expect(await honestTakes()).toBeLessThan(500);
  });
});

describe("a contribution that a stranger passes on first, and whose delta it does not serve", () => {
  it("is taken from another two seconds later", async () => {
    await setUp();
    const unit = aUnit(lab, Sim.key("worker"), place);
    const evil = await lab.evil([victim], silent);
    await lab.evil([victim], lab.serving(unit.delta));
    const began = lab.clock.now();
    expect(await lab.tell(evil, victim, "contribution", message(unit))).toEqual(ACCEPT);
    expect(lab.clock.now() - began).toBeGreaterThanOrEqual(2_000);
    expect(lab.clock.now() - began).toBeLessThan(2_500);
    expect(victim.punished).toEqual([]);
  });

  it("is taken at once where it says that it does not have it", async () => {
    await setUp();
    const unit = aUnit(lab, Sim.key("worker"), place);
    const evil = await lab.evil([victim]);
    await lab.evil([victim], lab.serving(unit.delta));
    const began = lab.clock.now();
    expect(await lab.tell(evil, victim, "contribution", message(unit))).toEqual(ACCEPT);
    expect(lab.clock.now() - began).toBeLessThan(500);
  });
});

describe("a record that nobody signed", () => {
  it("is not waited for, though its block is not here, and its sender is struck", async () => {
    await setUp();
    const evil = await lab.evil([victim]);
    const record = recordAt(lab, Sim.key("leader"), place, [aUnit(lab, Sim.key("worker"), place)]);
    const unknown = { ...record, block: sha256(Uint8Array.of(1)), height: record.height + 1 };
    const began = lab.clock.now();
    const told = await lab.tell(evil, victim, "record", RoundRecord.codec.encode(unknown));
    expect(told).toMatchObject({ kind: "reject", code: "bad-signature" });
    expect(lab.clock.now() - began).toBeLessThan(100);
    expect(toHex(victim.engine.ledger.head.id)).toBe(toHex(place.state.tipId));
  });
});
