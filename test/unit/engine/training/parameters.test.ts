// The one step from P(t) to P(t+1): what it accepts, what it blames, and what it need not compute again.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ACCEPT } from "../../../../src/base/index.ts";
import type { Contribution, RoundRecord } from "../../../../src/codec/index.ts";
import { sha256 } from "../../../../src/crypto/index.ts";
import { parametersDigest } from "../../../../src/ml/index.ts";
import { moveOfRecord } from "../../../../src/work/index.ts";
import { aDesk, closed, type Desk, firstPlace, leader, signal, unitsAt, worker } from "../../../support/desk.ts";
import { aUnit, type Cheat, following, type Place, recordAt, type Unit } from "../../../support/forge.ts";
import { toyTask } from "../../../support/sim.ts";

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
