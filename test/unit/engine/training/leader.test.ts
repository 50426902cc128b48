// The leader closes a round when those it expects are there or the deadline is past, and signs one record for it whatever happens, restarts included.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { ACCEPT, ignore, type Verdict } from "../../../../src/base/index.ts";
import {
  ClosingType,
  type Contribution,
  type Decoded,
  MAX_CONTRIBUTIONS,
  RoundRecord,
} from "../../../../src/codec/index.ts";
import type { KeyPair } from "../../../../src/crypto/index.ts";
import { type Origin, OWN } from "../../../../src/engine/origin.ts";
import { KEYS } from "../../../../src/engine/storage/index.ts";
import { RoundBoard } from "../../../../src/engine/training/index.ts";
import { Leader, type LeaderDeps } from "../../../../src/engine/training/leader.ts";
import { Rounds } from "../../../../src/engine/training/rounds.ts";
import {
  aDesk,
  afresh,
  blockOn,
  closed,
  type Desk,
  firstPlace,
  genesisPlace,
  grow,
  leader,
  signal,
  unitsAt,
  worker,
} from "../../../support/desk.ts";
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
  place = await firstPlace(desk);
  rounds = theRounds();
  signed = [];
});
afterEach(() => stop.abort());

function theRounds(): Rounds {
  const { lab, ledger, followed, events } = desk;
  const deps = {
    state: () => ledger.state,
    isChecked: () => true,
    followed,
    events,
    board: new RoundBoard(),
    clock: lab.clock,
  };
  return new Rounds({ rules: lab.network.rules, task: lab.task }, deps, { signal: stop.signal });
}

type Combine = LeaderDeps["followed"]["parameters"]["combine"];
interface Change {
  readonly key?: KeyPair;
  readonly rounds?: LeaderDeps["rounds"];
  readonly tasks?: number;
  readonly combine?: Combine;
  readonly followed?: LeaderDeps["followed"];
  readonly unitMs?: number;
  readonly roundTripMs?: number;
  /** Whether somebody else with the key is listened for. */
  readonly listen?: () => Promise<void>;
}

/** A leader over the desk's rounds; what it hands in is noted. */
function aLeader(change: Change = {}): Leader {
  const { key = leader, rounds: its = rounds, tasks = 1, combine, unitMs = UNIT_MS, roundTripMs = 0 } = change;
  const { listen = async () => undefined } = change;
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
    followed: combine === undefined ? (change.followed ?? followed) : combining(combine),
    store,
    state: () => ledger.state,
    key,
    ownKey: { claim: async () => true, listen, mayLead: () => true },
    events,
    medianUnitMs: () => unitMs,
    roundTripMs: () => roundTripMs,
    clock: lab.clock,
    log: silentLog(),
  };
  return new Leader({ rules, task: lab.task }, deps, { signal: stop.signal });
}

/** The desk's task with another way to combine. */
function combining(combine: Combine): LeaderDeps["followed"] {
  const { deltas, bringStarts } = desk.followed;
  const parameters = { combine } as LeaderDeps["followed"]["parameters"];
  return { deltas, parameters, bringStarts: bringStarts.bind(desk.followed) };
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

  it("is signed once somebody else with the key was listened for, with what came meanwhile", async () => {
    const { clock } = desk.lab;
    aLeader({ listen: () => new Promise((resolve) => void clock.after(700, resolve)) });
    await take(await unitHere());
    await clock.run(699);
    expect(signed).toEqual([]);
    await take(await unitHere(other));
    await clock.run(1);
    await settle();
    expect(signed).toHaveLength(1);
    expect(signed[0]?.record.contributions).toHaveLength(2);
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

  it("waits at most 1.5 median units for it, and forgets it after three rounds", async () => {
    aLeader();
    // The first that comes is all that is expected; the other is known from then on, in time or late.
    await take(await unitHere(), await unitHere(other));
    await settle();
    for (let missed = 1; missed <= 5; missed++) {
      const { round, since } = rounds.view;
      await take(await unitHere());
      await desk.lab.clock.run(5 * UNIT_MS, () => rounds.view.round > round);
      const waited = rounds.view.since - since;
      expect(waited).toBe(missed <= 3 ? 1500 : 0);
    }
  });

  it("waits a round trip and half a unit for it where messages are slow", async () => {
    aLeader({ roundTripMs: 1800 });
    await take(await unitHere(), await unitHere(other));
    await settle();
    const { round, since } = rounds.view;
    await take(await unitHere());
    await desk.lab.clock.run(5 * UNIT_MS, () => rounds.view.round > round);
    expect(rounds.view.since - since).toBe(2300);
  });

  it.each([
    ["units are", { unitMs: 60_000 }],
    ["messages are", { roundTripMs: 60_000 }],
  ])("waits no longer than a quarter of the block time for it, however slow %s", async (_what, slow) => {
    aLeader(slow);
    await take(await unitHere(), await unitHere(other));
    await settle();
    const { round, since } = rounds.view;
    await take(await unitHere());
    await desk.lab.clock.run(60_000, () => rounds.view.round > round);
    expect(rounds.view.since - since).toBe(desk.lab.network.rules.blockTimeMs / 4);
  });

  it("records what comes after that in the next round, beside what is on time", async () => {
    aLeader();
    await take(await unitHere(), await unitHere(other));
    await settle();
    const late = await unitHere(other);
    await take(await unitHere());
    await desk.lab.clock.run(1500);
    expect(rounds.view.round).toBe(late.contribution.round + 1);
    await take(late, await unitHere());
    await settle();
    const last = signed.at(-1)?.record as RoundRecord;
    expect(last.contributions.map(({ round }) => last.round - round).sort()).toEqual([0, 1]);
    expect(rounds.view.startDigest).toEqual(last.nextDigest);
  });

  it("has the states made again that late ones started from, when memory has let go of them", async () => {
    const middle = closed(desk, place);
    const late = unitsAt(desk, middle.place, 1, other)[0] as Unit;
    await grow(desk, place, 1);
    await take(late);
    const followed = await afresh(desk);
    followed.deltas.put(late.contribution.deltaHash, late.delta);
    expect(await followed.parameters.get(middle.place.start)).toBeUndefined();
    aLeader({ followed }).consider();
    await settle();
    expect(signed.map(({ record }) => record.contributions)).toEqual([[late.contribution]]);
    expect(rounds.view.startDigest).toEqual(signed[0]?.record.nextDigest);
  });

  it("is closed at once when as many have sent as a record holds, whoever is still expected", async () => {
    const waits = await unitHere(other);
    rounds.runners.noteRunner(waits.contribution, { round: rounds.view.round, now: 0 });
    const { contribution } = await unitHere();
    for (const [count, closes] of [
      [MAX_CONTRIBUTIONS - 1, 0],
      [MAX_CONTRIBUTIONS, 1],
    ] as const) {
      let asked = 0;
      const combine: Combine = async () => {
        asked++;
        return ignore("no-delta");
      };
      const contributions = (): Contribution[] => Array<Contribution>(count).fill(contribution);
      const its = { view: rounds.view, runners: rounds.runners, contributions, addRecord: rounds.addRecord };
      aLeader({ rounds: its as unknown as Rounds, combine }).consider();
      await settle();
      expect([count, asked]).toEqual([count, closes]);
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

  it("is not closed on genesis: nobody leads there, not even the miner of the first block to come", async () => {
    desk = await aDesk();
    const first = await genesisPlace(desk);
    rounds = theRounds();
    aLeader().consider();
    const { block } = blockOn(desk, first, 0);
    // Not the unit that wins: its block records that one.
    const own = unitsAt(desk, first, block.value.header.index + 2, leader).at(-1) as Unit;
    await take(await unitHere(), own);
    await desk.lab.clock.run(60_000);
    expect([signed, rounds.contributions().length]).toEqual([[], 2]);
    // They stand in the first record on the block that follows.
    await desk.ledger.importBlock(block, OWN, { signal });
    await settle();
    expect(signed.map(({ record }) => [record.height, record.contributions.length])).toEqual([[1, 2]]);
  });

  it("of another task is no business of this leader", async () => {
    aLeader();
    const { contribution } = await unitHere();
    desk.events.emit("contribution", { contribution: { ...contribution, task: new Uint8Array(32) }, origin: OWN });
    desk.events.emit("round", { task: "ff".repeat(32), round: 1, startDigest: "", head: "" });
    await desk.lab.clock.run(10_000);
    expect(signed).toEqual([]);
  });

  /** How many records the leader of one of `tasks` tasks hands in when `before` stand on its head. */
  async function handedIn(before: readonly RoundRecord[], tasks = 1): Promise<number> {
    const { contribution } = await unitHere();
    let [added, asked] = [0, 0];
    const its = {
      view: { ...rounds.view, records: before },
      runners: rounds.runners,
      contributions: () => {
        asked++;
        return [contribution];
      },
      addRecord: async () => {
        added++;
        return ACCEPT;
      },
    };
    const one = aLeader({ rounds: its as unknown as Rounds, tasks });
    one.consider();
    await settle();
    // A head without room is not tried again with every contribution that comes.
    const tried = asked;
    one.consider();
    await settle();
    expect(asked).toBe(tried);
    return added;
  }

  it.each([1, 2, 8])("is closed no more once the head has its share of 128 records, one of %i tasks", async (tasks) => {
    const { record } = closed(desk, place);
    // The closing record of a block is one of them.
    const room = 128 / tasks - 1;
    expect(await handedIn(Array<RoundRecord>(room).fill(record), tasks)).toBe(0);
    expect(await handedIn(Array<RoundRecord>(room - 1).fill(record), tasks)).toBe(1);
  });

  it.each([1, 2])("is closed no more once its share of 512 KiB is full, one of %i tasks", async (tasks) => {
    const { record } = closed(desk, place);
    const contributions = Array<Contribution>(MAX_CONTRIBUTIONS).fill(record.contributions[0] as Contribution);
    const large = { ...record, contributions };
    const closing = ClosingType.serialize({ contributions, nextDigest: record.nextDigest }).length;
    const room = (512 * 1024) / tasks - closing - RoundRecord.codec.encode(record).length;
    const fit = Math.floor(room / RoundRecord.codec.encode(large).length);
    expect(fit).toBeLessThan(128 / tasks - 2);
    expect(await handedIn(Array<RoundRecord>(fit + 1).fill(large), tasks)).toBe(0);
    expect(await handedIn(Array<RoundRecord>(fit).fill(large), tasks)).toBe(1);
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
    const combine: Combine = async (...args) => {
      const made = await real.combine(...args);
      await gate;
      return made;
    };
    aLeader({ combine });
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
