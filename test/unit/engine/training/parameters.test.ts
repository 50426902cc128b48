// The one step from P(t) to P(t+1): what it accepts, what it blames, and what it need not compute again.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ACCEPT } from "../../../../src/base/index.ts";
import type { Contribution, RoundRecord } from "../../../../src/codec/index.ts";
import { sha256 } from "../../../../src/crypto/index.ts";
import { parametersDigest, toGrid } from "../../../../src/ml/index.ts";
import { moveOfRecord } from "../../../../src/work/index.ts";
import {
  aDesk,
  afterRounds,
  closed,
  type Desk,
  firstPlace,
  leader,
  signal,
  unitsAt,
  worker,
} from "../../../support/desk.ts";
import { aUnit, type Cheat, following, type Place, recordAt, type Unit } from "../../../support/forge.ts";
import { Sim, toyTask } from "../../../support/sim.ts";

const pulling = { hints: [], signal };
const zero = new Uint8Array(32);
let desk: Desk;
let place: Place;
beforeEach(async () => {
  desk = await aDesk();
  place = await firstPlace(desk);
});
const parameters = (): Desk["followed"]["parameters"] => desk.followed.parameters;
const advance = (record: RoundRecord, start = place.start): ReturnType<ReturnType<typeof parameters>["advance"]> =>
  parameters().advance(start, moveOfRecord(record), pulling);

/** A unit that lies, its delta in hand. */
function lying(cheat: Cheat, index = 0): Unit {
  const unit = aUnit(desk.lab, worker, place, { index }, cheat);
  desk.followed.deltas.put(unit.contribution.deltaHash, unit.delta);
  return unit;
}

describe("a record", () => {
  it.each([1, 2, 5])("of %i units makes the state that their deltas' mean makes, and it is kept", async (count) => {
    const { record, place: next } = closed(desk, place, unitsAt(desk, place, count));
    expect(await advance(record)).toEqual(ACCEPT);
    expect(await parameters().get(record.nextDigest)).toEqual(next.parameters);
    expect(parametersDigest(toyTask, next.parameters)).toEqual(record.nextDigest);
  });

  it("that names another next state is its signer's lie", async () => {
    const lie = recordAt(desk.lab, leader, place, unitsAt(desk, place, 2), { nextDigest: zero });
    expect(await advance(lie)).toMatchObject({ kind: "reject", code: "wrong-next" });
  });

  it("whose start or a delta is not here is nobody's fault", async () => {
    const { record } = closed(desk, place);
    expect(await advance(record, zero)).toMatchObject({ kind: "ignore", code: "no-parameters" });
    const absent = recordAt(desk.lab, leader, place, [aUnit(desk.lab, worker, place, { index: 3 })]);
    expect(await advance(absent)).toMatchObject({ kind: "ignore", code: "no-delta" });
  });

  const LIES: readonly (readonly [string, string, Cheat])[] = [
    ["leads elsewhere", "wrong-delta", { change: { digest: zero } }],
    ["has another length than it says", "wrong-delta", { change: { deltaBytes: 7 } }],
    ["is no delta", "bad-delta", { delta: (honest) => honest.map(() => 255) }],
    ["is cut short", "bad-delta", { delta: (honest) => honest.subarray(0, 10) }],
  ];
  it.each(LIES)("with a delta that %s is refused, alone or among honest ones", async (_, code, cheat) => {
    const liar = lying(cheat, 4);
    const record = recordAt(desk.lab, leader, place, unitsAt(desk, place), { contributions: [liar.contribution] });
    expect(await advance(record)).toMatchObject({ kind: "reject", code });
    const honest = unitsAt(desk, place, 2).map(({ contribution }) => contribution);
    const among = recordAt(desk.lab, leader, place, unitsAt(desk, place), {
      contributions: [...honest, liar.contribution],
    });
    expect(await advance(among)).toMatchObject({ kind: "reject", code });
  });
});

describe("a late contribution", () => {
  const slow = Sim.key("slow");
  /** A unit from here, and where its task stands `rounds` later. */
  function late(rounds: number, cheat: Cheat = {}): { unit: Unit; now: Place } {
    const unit = aUnit(desk.lab, slow, place, {}, cheat);
    desk.followed.deltas.put(unit.contribution.deltaHash, unit.delta);
    return { unit, now: afterRounds(desk, place, rounds) };
  }
  /** What the places between lead to, so that it is here. */
  async function gone(now: Place): Promise<void> {
    let start = place.start;
    for (const record of now.records) {
      expect(await advance(record, start)).toEqual(ACCEPT);
      start = record.nextDigest;
    }
  }
  const steps = (from: Float32Array, to: Float32Array): number[] => {
    const before = toGrid(toyTask, from);
    return [...toGrid(toyTask, to)].map((step, i) => step - (before[i] as number));
  };
  /** To the nearest integer, halves to the even one. */
  const rounded = (exact: number): number => {
    const below = Math.floor(exact);
    const rest = exact - below;
    return below + (rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? 1 : 0);
  };

  it.each([1, 2, 3, 7])(
    "of lag %i moves the state by 128 >> lag of 128 of its own delta, and not to its own end",
    async (lag) => {
      const { unit, now } = late(lag);
      await gone(now);
      const { deltaHash, deltaBytes, digest } = unit.contribution;
      // Even if it ran here: where it ends is where it would have led on time.
      parameters().learn(place.start, { deltaHash, deltaBytes, digest, end: unit.end });
      const { record, place: next } = closed(desk, now, [unit]);
      expect(await advance(record, now.start)).toEqual(ACCEPT);
      const moved = steps(now.parameters, (await parameters().get(record.nextDigest)) as Float32Array);
      expect(moved).toEqual(steps(place.parameters, unit.end).map((step) => rounded(step / 2 ** lag)));
      expect(moved).toEqual(steps(now.parameters, next.parameters));
    },
  );

  it("that wins counts as if it was on time, beside others that do not", async () => {
    const { unit, now } = late(3);
    await gone(now);
    const { contribution } = unit;
    const alone = await parameters().combine(
      now.start,
      { round: now.round, contributions: [contribution], winning: contribution },
      pulling,
    );
    if (alone.kind !== "combined") throw new Error(alone.reason);
    expect(steps(now.parameters, alone.next)).toEqual(steps(place.parameters, unit.end));
    const { unit: other } = late(0, { change: { index: 5 } });
    const both = { round: now.round, contributions: [contribution, other.contribution], winning: contribution };
    const made = await parameters().combine(now.start, both, pulling);
    const expected = following(now, [unit, other], unit);
    expect(made).toMatchObject({ kind: "combined", next: expected });
    expect(steps(now.parameters, expected)).toEqual(
      steps(place.parameters, unit.end).map((step, i) =>
        rounded((128 * step + 16 * (steps(place.parameters, other.end)[i] as number)) / 256),
      ),
    );
  });

  it("must lead from its own start to its own end", async () => {
    const { unit, now } = late(2, { change: { digest: zero } });
    await gone(now);
    const { record } = closed(desk, now, [unit, ...unitsAt(desk, now)]);
    expect(await advance(record, now.start)).toMatchObject({ kind: "reject", code: "wrong-delta" });
    // From the state of the record itself it leads elsewhere.
    const forged = aUnit(
      desk.lab,
      slow,
      now,
      { index: 7 },
      { change: { round: place.round, startDigest: place.start } },
    );
    desk.followed.deltas.put(forged.contribution.deltaHash, forged.delta);
    const { record: other } = closed(desk, now, [forged]);
    expect(await advance(other, now.start)).toMatchObject({ kind: "reject", code: "wrong-delta" });
  });

  it("whose start is not here is nobody's fault", async () => {
    const { now } = late(2);
    await gone(now);
    const unit = aUnit(desk.lab, slow, now, { index: 7 }, { change: { round: place.round, startDigest: zero } });
    desk.followed.deltas.put(unit.contribution.deltaHash, unit.delta);
    const { record } = closed(desk, now, [unit]);
    expect(await advance(record, now.start)).toMatchObject({ kind: "ignore", code: "no-parameters" });
  });
});

describe("a record that was judged before", () => {
  const retrace = (record: RoundRecord, start = place.start): ReturnType<ReturnType<typeof parameters>["retrace"]> =>
    parameters().retrace(start, moveOfRecord(record), pulling);

  it("is added up again without the sets that its late contributions started from", async () => {
    const unit = aUnit(
      desk.lab,
      worker,
      place,
      { index: 7 },
      { change: { startDigest: zero, round: place.round - 1 } },
    );
    desk.followed.deltas.put(unit.contribution.deltaHash, unit.delta);
    const { record, place: next } = closed(desk, place, [unit, ...unitsAt(desk, place)]);
    expect(await advance(record)).toMatchObject({ kind: "ignore", code: "no-parameters" });
    expect(await retrace(record)).toEqual(ACCEPT);
    expect(await parameters().get(record.nextDigest)).toEqual(next.parameters);
  });

  it("must still lead where it said, over what is here", async () => {
    const lie = recordAt(desk.lab, leader, place, unitsAt(desk, place, 2), { nextDigest: zero });
    expect(await retrace(lie)).toMatchObject({ kind: "reject", code: "wrong-next" });
    const { record } = closed(desk, place);
    expect(await retrace(record, zero)).toMatchObject({ kind: "ignore", code: "no-parameters" });
    const absent = recordAt(desk.lab, leader, place, [aUnit(desk.lab, worker, place, { index: 3 })]);
    expect(await retrace(absent)).toMatchObject({ kind: "ignore", code: "no-delta" });
    const damaged = lying({ delta: (honest) => honest.map(() => 255) }, 4);
    const broken = recordAt(desk.lab, leader, place, unitsAt(desk, place), { contributions: [damaged.contribution] });
    expect(await retrace(broken)).toMatchObject({ kind: "reject", code: "bad-delta" });
  });
});

describe("a delta", () => {
  it("is checked by following it, once", async () => {
    const [unit] = unitsAt(desk, place) as [Unit];
    const check = (c: Contribution = unit.contribution, bytes = unit.delta): Promise<object> =>
      parameters().checkDelta(c, bytes);
    expect(await check()).toEqual(ACCEPT);
    expect(await check({ ...unit.contribution, digest: zero })).toMatchObject({ kind: "reject", code: "wrong-delta" });
    expect(await check({ ...unit.contribution, deltaBytes: 3 })).toMatchObject({ kind: "reject", code: "wrong-delta" });
    expect(await check({ ...unit.contribution, startDigest: zero })).toMatchObject({
      kind: "ignore",
      code: "no-parameters",
    });
  });

  it("of a unit that ran here is not needed: where it ends is known", async () => {
    const unit = aUnit(desk.lab, worker, place);
    const { deltaHash, deltaBytes, digest } = unit.contribution;
    parameters().learn(place.start, { deltaHash, deltaBytes, digest, end: unit.end });
    const record = recordAt(desk.lab, leader, place, [unit]);
    const get = vi.spyOn(desk.followed.deltas, "get");
    expect(await advance(record)).toEqual(ACCEPT);
    expect(get).not.toHaveBeenCalled();
    expect(await parameters().get(record.nextDigest)).toEqual(unit.end);
    // Of another start, length or end it is not known.
    for (const change of [{ deltaBytes: 9 }, { digest: zero }, { deltaHash: sha256(zero) }]) {
      const other = recordAt(desk.lab, leader, place, unitsAt(desk, place), {
        contributions: [{ ...unit.contribution, ...change }],
      });
      expect((await advance(other)).kind).not.toBe("accept");
    }
  });
});

describe("combining", () => {
  it("gives the set and its digest, whatever a record will say of them", async () => {
    const units = unitsAt(desk, place, 3);
    const contributions = units.map(({ contribution }) => contribution);
    const made = await parameters().combine(
      place.start,
      { round: place.round, contributions, winning: undefined },
      pulling,
    );
    expect(made).toMatchObject({ kind: "combined", next: following(place, units) });
    if (made.kind === "combined") expect(await parameters().get(made.digest)).toBe(made.next);
  });
});
