// The leader closes a round when those it expects are there or the deadline is past, and signs one record for it whatever happens, restarts included.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { ACCEPT, type Verdict } from "../../../../src/base/index.ts";
import { type Decoded, MAX_CONTRIBUTIONS, MAX_RECORDS, RoundRecord } from "../../../../src/codec/index.ts";
import type { KeyPair } from "../../../../src/crypto/index.ts";
import { type Origin, OWN } from "../../../../src/engine/origin.ts";
import { KEYS } from "../../../../src/engine/storage/index.ts";
import { RoundBoard } from "../../../../src/engine/training/index.ts";
import { Leader, type LeaderDeps } from "../../../../src/engine/training/leader.ts";
import { Rounds } from "../../../../src/engine/training/rounds.ts";
import { aDesk, blockOn, type Desk, firstPlace, grow, leader, signal, unitsAt, worker } from "../../../support/desk.ts";
import type { Place, Unit } from "../../../support/forge.ts";
import { Sim } from "../../../support/sim.ts";
import { settle } from "../../../support/virtual-clock.ts";

const UNIT_MS = 1000;
const other = Sim.key("other runner");
let desk: Desk;
let rounds: Rounds;
let place: Place;
let stop: AbortController;
/** Records that the leader handed in, each with whether it was on disk already. */
let signed: { record: RoundRecord; stored: boolean }[];

beforeEach(async () => {
  desk = await aDesk();
  stop = new AbortController();
  place = (await grow(desk, await firstPlace(desk), 1))[0]?.place as Place;
  rounds = theRounds();
  signed = [];
});
afterEach(() => stop.abort());

function theRounds(): Rounds {
  const { lab, ledger, followed, events } = desk;
  const { parameters, deltas } = followed;
  const deps = { state: () => ledger.state, parameters, deltas, events, board: new RoundBoard(), clock: lab.clock };
  return new Rounds({ rules: lab.network.rules, task: lab.task }, deps, { signal: stop.signal });
}

interface Change {
  readonly key?: KeyPair;
  readonly rounds?: LeaderDeps["rounds"];
  readonly tasks?: number;
  readonly parameters?: LeaderDeps["parameters"];
}

/** A leader over the desk's rounds; what it hands in is noted. */
function aLeader({ key = leader, rounds: its = rounds, tasks = 1, parameters }: Change = {}): Leader {
  const { lab, ledger, followed, events, store } = desk;
  const rules = { ...lab.network.rules, tasks: Array(tasks).fill(lab.task) };
  const watching: LeaderDeps["rounds"] = {
    get view() {
      return its.view;
    },
    runners: its.runners,
    contributions: () => its.contributions(),
    addRecord: async (record: Decoded<RoundRecord>, origin: Origin): Promise<Verdict> => {
      const { block, task, round } = record.value;
      const stored = await store.get(KEYS.signed(block, task, round));
      signed.push({ record: record.value, stored: `${stored}` === `${record.bytes}` });
      expect(origin).toEqual(OWN);
      return its.addRecord(record, origin);
    },
  };
  const deps: LeaderDeps = {
    rounds: watching,
    parameters: parameters ?? followed.parameters,
    deltas: followed.deltas,
    store,
    state: () => ledger.state,
    key,
    events,
    medianUnitMs: () => UNIT_MS,
    clock: lab.clock,
    log: silentLog(),
  };
  return new Leader({ rules, task: lab.task }, deps, { signal: stop.signal });
}

const take = (...units: readonly Unit[]): Promise<Verdict[]> =>
  Promise.all(units.map(({ contribution }) => rounds.addContribution(contribution, OWN)));
/** The unit of a runner where rounds stand now. */
const unitHere = async (key = worker): Promise<Unit> => {
  const { round, startDigest: start, records } = rounds.view;
  const parameters = (await desk.followed.parameters.get(start)) as Float32Array;
  return unitsAt(desk, { state: desk.ledger.state, round, start, parameters, records }, 1, key)[0] as Unit;
};

describe("a round", () => {
  it("is closed as soon as all that are expected have sent: their record is signed, on disk, then told", async () => {
    aLeader();
    const unit = await unitHere();
    await take(unit);
    await settle();
    expect(signed).toMatchObject([{ stored: true }]);
    const record = signed[0]?.record as RoundRecord;
    expect(record).toMatchObject({ round: place.round, contributions: [unit.contribution], leader: leader.address });
    expect(RoundRecord.verify(record, desk.lab.network.rules.genesis)).toBe(true);
    expect(rounds.view.round).toBe(place.round + 1);
  });

  it("waits for a runner of the last rounds, until it comes", async () => {
    aLeader();
    // The first that comes is all that is expected; the other is known from then on, in time or late.
    await take(await unitHere(), await unitHere(other));
    await settle();
    const closed = rounds.view.round;
    expect(closed).toBe(place.round + 1);
    await take(await unitHere());
    await desk.lab.clock.run(UNIT_MS);
    expect(rounds.view.round).toBe(closed);
    await take(await unitHere(other));
    await settle();
    expect(rounds.view.round).toBe(closed + 1);
    expect(signed.at(-1)?.record.contributions).toHaveLength(2);
  });

  it("waits at most 2.25 median units for it, and forgets it after three rounds", async () => {
    aLeader();
    // The first that comes is all that is expected; the other is known from then on, in time or late.
    await take(await unitHere(), await unitHere(other));
    await settle();
    for (let missed = 1; missed <= 5; missed++) {
      const { round, since } = rounds.view;
      await take(await unitHere());
      await desk.lab.clock.run(5 * UNIT_MS, () => rounds.view.round > round);
      const waited = rounds.view.since - since;
      expect(waited).toBe(missed <= 3 ? 2250 : 0);
    }
  });

  it("without contributions is not closed, however late it is", async () => {
    aLeader().consider();
    await desk.lab.clock.run(60_000);
    expect(signed).toEqual([]);
  });

  it("is not closed by one that does not lead, nor after the node stopped", async () => {
    aLeader({ key: other });
    await take(await unitHere());
    await desk.lab.clock.run(10_000);
    expect(signed).toEqual([]);
    const mine = aLeader();
    stop.abort();
    mine.consider();
    await desk.lab.clock.run(10_000);
    expect(signed).toEqual([]);
  });

  it("is not closed by a contribution that won: the record stands on its block", async () => {
    aLeader();
    rounds.keepWinning((await unitHere()).contribution);
    await settle();
    expect(signed).toEqual([]);
    const { block } = blockOn(desk, place, 0);
    await desk.ledger.importBlock(block, OWN, { signal });
    await settle();
    expect(signed.map(({ record }) => record.block)).toEqual([block.id]);
  });

  it("of another task is no business of this leader", async () => {
    aLeader();
    const { contribution } = await unitHere();
    desk.events.emit("contribution", {
      contribution: { ...contribution, task: new Uint8Array(32) },
      origin: OWN,
      won: false,
    });
    desk.events.emit("round", { task: "ff".repeat(32), round: 1, startDigest: "", head: "" });
    await desk.lab.clock.run(10_000);
    expect(signed).toEqual([]);
  });

  it("is closed no more once the head has as many records as its share of a block's room", async () => {
    const room = (tasks: number): number => Math.floor((MAX_RECORDS - 8) / tasks);
    const { view } = rounds;
    for (const [tasks, count, expected] of [
      [1, room(1), 0],
      [1, room(1) - 1, 1],
      [2, room(2), 0],
      [2, room(2) - 1, 1],
    ] as const) {
      signed = [];
      const records = Array<RoundRecord>(count).fill({} as RoundRecord);
      const added: number[] = [];
      const its = {
        view: { ...view, records },
        runners: rounds.runners,
        contributions: () => [contribution],
        addRecord: async () => {
          added.push(1);
          return ACCEPT;
        },
      };
      const { contribution } = await unitHere();
      aLeader({ rounds: its as unknown as Rounds, tasks }).consider();
      await settle();
      expect([tasks, count, added.length]).toEqual([tasks, count, expected]);
    }
  });

  it("takes no more contributions than a record holds", async () => {
    const { contribution } = await unitHere();
    const many = Array.from({ length: MAX_CONTRIBUTIONS + 5 }, () => contribution);
    let asked = 0;
    const parameters = {
      combine: async (_start: Uint8Array, contributions: readonly unknown[]) => {
        asked = contributions.length;
        return { kind: "ignore" };
      },
    } as unknown as LeaderDeps["parameters"];
    const its = { view: rounds.view, runners: rounds.runners, contributions: () => many, addRecord: rounds.addRecord };
    aLeader({ rounds: its as unknown as Rounds, parameters }).consider();
    await settle();
    expect([asked, signed]).toEqual([MAX_CONTRIBUTIONS, []]);
  });
});

describe("one record a round", () => {
  it("is signed once, whatever arrives meanwhile", async () => {
    const its = aLeader();
    const units = [await unitHere(), await unitHere(other), await unitHere(Sim.key("third"))];
    const adding = take(...units);
    for (let i = 0; i < 5; i++) its.consider();
    await adding;
    await settle();
    const first = signed.filter(({ record }) => record.round === place.round);
    expect(first).toHaveLength(1);
  });

  it("is the one that was signed before a restart, though other contributions are here now", async () => {
    aLeader();
    await take(await unitHere());
    await settle();
    const before = signed[0]?.record as RoundRecord;
    // The process dies before anybody heard: the rounds begin again at the head.
    stop.abort();
    stop = new AbortController();
    rounds = theRounds();
    signed = [];
    aLeader();
    await take(await unitHere(other), await unitHere());
    await settle();
    expect(signed[0]?.record).toEqual(before);
    expect(signed.filter(({ record }) => record.round === before.round)).toHaveLength(1);
  });

  it("is not signed for a view that moved while its parameters were computed", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { parameters: real } = desk.followed;
    const parameters = {
      combine: async (...args: Parameters<typeof real.combine>) => {
        const made = await real.combine(...args);
        await gate;
        return made;
      },
    } as LeaderDeps["parameters"];
    aLeader({ parameters });
    await take(await unitHere());
    await settle();
    const { block } = blockOn(desk, place, 1);
    await desk.ledger.importBlock(block, OWN, { signal });
    release();
    await settle();
    expect(signed).toEqual([]);
    expect(await desk.store.get(KEYS.signed(place.state.tipId, desk.lab.task.id, place.round))).toBeUndefined();
  });
});
