// The author of a forged block leads until the block is checked: what it signs meanwhile must not fill anybody's disk.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import { type Contribution, type Header, RoundRecord } from "../../src/codec/index.ts";
import { KEYS } from "../../src/engine/storage/index.ts";
import {
  aBlock,
  aUnit,
  aWin,
  blockOf,
  type Cheat,
  following,
  type Place,
  placeAfter,
  placeOf,
  recordAt,
  type Unit,
} from "../support/forge.ts";
import { type Evil, Lab, type Node, only } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const stranger = Sim.key("stranger");
/** Another end than the training's, of noise that a forger draws for itself. */
const invented: Cheat = { end: (honest) => honest.map((value, i) => value + ((i % 5) - 2) * 2 ** -21) };
const UNITS = 16;
const ROUNDS = 6;
/** A check takes a quarter of it: time enough for some rounds. */
const SLOW_MS = 40_000;

let lab: Lab;
let miner: Node;
let victim: Node;
beforeEach(async () => {
  lab = new Lab();
  miner = await lab.node("m", { mines: true });
  victim = await lab.node("v", { unitMs: SLOW_MS }, [miner]);
  await lab.mine(miner, 2, 0);
  await miner.engine.stop();
  await lab.clock.run(SLOW_MS);
});
afterEach(() => lab.close());

const stored = async (contributions: readonly Contribution[]): Promise<number> => {
  const rows = contributions.map(({ height, deltaHash }) => victim.store.get(KEYS.delta(height, deltaHash)));
  return (await Promise.all(rows)).filter((row) => row !== undefined).length;
};
const fateOfHead = async (): Promise<string> =>
  (await victim.engine.ledger.entry(victim.engine.ledger.head.id))?.checked ?? "unknown";

/** The stranger's block on the victim's head; it leads from there on. */
async function leads(cheat: Cheat): Promise<Header> {
  const place = await placeOf(victim);
  const evil = await lab.evil([victim]);
  const block = aBlock(lab, stranger, place, cheat);
  expect((await lab.tellBlock(evil, victim, block)).kind).toBe("accept");
  expect(toHex(victim.engine.ledger.state.tip.miner)).toBe(toHex(stranger.address));
  return block.header;
}

/** Rounds of so many units each, all signed by the stranger and all followed; the units. */
async function signs(rounds: number, cheat: Cheat): Promise<{ units: Unit[]; place: Place }> {
  let place = await placeOf(victim);
  const all: Unit[] = [];
  for (let round = 0; round < rounds; round++) {
    const units = Array.from({ length: UNITS }, (_, index) => aUnit(lab, stranger, place, { index }, cheat));
    const evil: Evil = await lab.evil([victim], lab.serving(...units.map(({ delta }) => delta)));
    const record = recordAt(lab, stranger, place, units);
    expect(await lab.tell(evil, victim, "record", RoundRecord.codec.encode(record))).toEqual({ kind: "accept" });
    place = placeAfter(place, record, following(place, units));
    all.push(...units);
  }
  expect(only(victim).rounds.view.records.length).toBeGreaterThanOrEqual(rounds);
  return { units: all, place };
}
const contributionsOf = (units: readonly Unit[]): Contribution[] => units.map(({ contribution }) => contribution);

describe("the author of a forged block", () => {
  it("leads until the check, and leaves nothing of its inventions on disk, then or after", async () => {
    const before = await placeOf(victim);
    await leads(invented);
    const { units } = await signs(ROUNDS, invented);
    expect(await fateOfHead()).toBe("pending");
    expect(await stored(contributionsOf(units))).toBe(0);
    await lab.clock.run(SLOW_MS);
    expect(victim.engine.ledger.head.id).toEqual(before.state.tipId);
    expect(await stored(contributionsOf(units))).toBe(0);
    expect(only(victim).rounds.view.records).toEqual([]);
  });
});

describe("the author of an honest block", () => {
  it("is followed as soon, and its rounds are on disk once the block is checked", async () => {
    await leads({});
    const { units } = await signs(ROUNDS, {});
    expect(await fateOfHead()).toBe("pending");
    await lab.clock.run(SLOW_MS);
    expect(await fateOfHead()).toBe("executed");
    expect(await stored(contributionsOf(units))).toBe(units.length);
    // From then on each is there before the next round begins.
    const more = await signs(1, {});
    expect(await stored(contributionsOf(more.units))).toBe(UNITS);
  });

  it("has its rounds kept by the block that carries them, checked or not", async () => {
    await leads({});
    const { units, place } = await signs(2, {});
    const won = aWin(lab, stranger, place);
    const block = blockOf(lab, stranger, place, won);
    const evil = await lab.evil([victim], lab.serving(won.delta));
    expect((await lab.tellBlock(evil, victim, block)).kind).toBe("accept");
    expect(await stored([...contributionsOf(units), won.contribution])).toBe(units.length + 1);
  });
});
