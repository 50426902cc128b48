// One task's rounds on the best block: what counts for the round, how a record moves it on, and that nothing judged for one view is done to another.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ACCEPT, type Hash32, toHex, type Verdict } from "../../../../src/base/index.ts";
import { Contribution, MAX_CONTRIBUTIONS, RoundRecord } from "../../../../src/codec/index.ts";
import type { EngineEvents } from "../../../../src/engine/events.ts";
import { fromPeer, OWN } from "../../../../src/engine/origin.ts";
import { KEYS } from "../../../../src/engine/storage/index.ts";
import { RoundBoard } from "../../../../src/engine/training/index.ts";
import type { Parameters } from "../../../../src/engine/training/parameters.ts";
import { Rounds } from "../../../../src/engine/training/rounds.ts";
import {
  aDesk,
  blockOn,
  closed,
  type Desk,
  firstPlace,
  grow,
  leader,
  signal,
  unitsAt,
  worker,
} from "../../../support/desk.ts";
import { aUnit, type Place, recordAt, type Unit } from "../../../support/forge.ts";
import { Sim } from "../../../support/sim.ts";
import { settle } from "../../../support/virtual-clock.ts";

const PEER = fromPeer("peer");
let desk: Desk;
let board: RoundBoard;
let rounds: Rounds;
/** Where the first block left the task. */
let place: Place;
let stop: AbortController;
let moved: EngineEvents["round"][];
let records: EngineEvents["record"][];
let contributed: EngineEvents["contribution"][];

function theRounds(parameters: Parameters = desk.followed.parameters): Rounds {
  const { lab, ledger, followed, events } = desk;
  const deps = { state: () => ledger.state, parameters, deltas: followed.deltas, events, board, clock: lab.clock };
  return new Rounds({ rules: lab.network.rules, task: lab.task }, deps, { signal: stop.signal });
}

beforeEach(async () => {
  desk = await aDesk();
  stop = new AbortController();
  board = new RoundBoard();
  place = (await grow(desk, await firstPlace(desk), 1))[0]?.place as Place;
  rounds = theRounds();
  moved = [];
  records = [];
  contributed = [];
  desk.events.on("round", (one) => moved.push(one));
  desk.events.on("record", (one) => records.push(one));
  desk.events.on("contribution", (one) => contributed.push(one));
});
afterEach(() => stop.abort());

const add = (record: RoundRecord, origin: typeof PEER | typeof OWN = PEER): Promise<Verdict> =>
  rounds.addRecord(RoundRecord.wrap(record), origin);
const take = ({ contribution }: Unit, origin: typeof PEER | typeof OWN = PEER): Promise<Verdict> =>
  rounds.addContribution(contribution, origin);
const viewOf = (at: Place): object => ({
  round: at.round,
  startDigest: at.start,
  records: at.records,
  head: at.state.tipId,
});

describe("a record", () => {
  it("moves the round on to the state it makes, is told with its bytes, and its deltas are on disk", async () => {
    const next = closed(desk, place);
    expect(await add(next.record)).toEqual(ACCEPT);
    expect(rounds.view).toMatchObject(viewOf(next.place));
    expect(rounds.view.lastRecord).toEqual(RoundRecord.id(next.record));
    expect(records).toMatchObject([{ origin: PEER, bytes: RoundRecord.codec.encode(next.record) }]);
    expect(moved).toEqual([
      {
        task: toHex(desk.lab.task.id),
        round: next.place.round,
        startDigest: toHex(next.place.start),
        head: toHex(place.state.tipId),
      },
    ]);
    for (const { deltaHash } of next.record.contributions)
      expect(await desk.store.get(KEYS.delta(deltaHash))).toBeDefined();
    expect(board.views()).toEqual([rounds.view]);
  });

  it("follows the one before it, in order and once", async () => {
    const one = closed(desk, place);
    const two = closed(desk, one.place);
    expect(await add(two.record)).toMatchObject({ kind: "ignore", code: "unknown-round" });
    expect(await add(one.record)).toEqual(ACCEPT);
    expect(await add(two.record)).toEqual(ACCEPT);
    expect(await add(one.record)).toMatchObject({ kind: "ignore", code: "stale-round" });
    expect(rounds.view).toMatchObject(viewOf(two.place));
  });

  it("that arrives twice at once, or against another of its round, is taken once", async () => {
    const one = closed(desk, place, unitsAt(desk, place, 2));
    const rival = closed(desk, place, unitsAt(desk, place, 1));
    const verdicts = await Promise.all([add(one.record), add(one.record), add(rival.record)]);
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(["accept", "ignore", "ignore"]);
    expect(records).toHaveLength(1);
    expect(rounds.view).toMatchObject(viewOf(one.place));
  });

  it("whose deltas nobody has, or that lies about the next state, changes nothing", async () => {
    const unit = aUnit(desk.lab, worker, place, { index: 9 });
    expect(await add(recordAt(desk.lab, leader, place, [unit]))).toMatchObject({ kind: "ignore", code: "no-delta" });
    const lie = recordAt(desk.lab, leader, place, unitsAt(desk, place), { nextDigest: new Uint8Array(32) });
    expect(await add(lie)).toMatchObject({ kind: "reject", code: "wrong-next" });
    expect([moved, records]).toEqual([[], []]);
  });

  it("whose parameters were computed while the head moved is stale: the new head's round stands", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const real = desk.followed.parameters;
    // Computes what it is asked, and answers when it is let.
    const slow = new Proxy(real, {
      get: (target, name) =>
        name === "advance"
          ? async (...args: Parameters["advance"] extends (...a: infer A) => unknown ? A : never) => {
              const verdict = await real.advance(...args);
              await gate;
              return verdict;
            }
          : ((value) => (typeof value === "function" ? value.bind(target) : value))(Reflect.get(target, name)),
    });
    rounds = theRounds(slow);
    const late = closed(desk, place);
    const verdict = add(late.record);
    await settle();
    // A block without the record comes: the round begins anew on it.
    const { block } = blockOn(desk, place, 0);
    expect(await desk.ledger.importBlock(block, OWN, { signal })).toEqual(ACCEPT);
    const before = rounds.view;
    expect(before).toMatchObject({ head: block.id, records: [], round: place.round });
    release();
    expect(await verdict).toMatchObject({ kind: "ignore", code: "stale-round" });
    expect(rounds.view).toBe(before);
    expect(records).toEqual([]);
  });

  it("of another leader, or before the first block of anybody else, is not followed", async () => {
    const stranger = recordAt(desk.lab, worker, place, unitsAt(desk, place));
    expect(await add(stranger)).toMatchObject({ kind: "reject", code: "not-leader" });
    desk = await aDesk();
    const first = await firstPlace(desk);
    rounds = theRounds();
    const own = closed(desk, first);
    expect(await add(own.record)).toMatchObject({ kind: "ignore", code: "other-leader" });
    expect(await add(own.record, OWN)).toEqual(ACCEPT);
  });
});

describe("the head", () => {
  it("when it moves, rounds go on from its state, and records of the old leader beyond it are void", async () => {
    const one = closed(desk, place);
    await add(one.record);
    const extra = closed(desk, one.place);
    await add(extra.record);
    // The block carries the first record only.
    const { block } = blockOn(desk, place, 1);
    await desk.ledger.importBlock(block, OWN, { signal });
    expect(rounds.view).toMatchObject({
      head: block.id,
      records: [],
      round: place.round + 1,
      startDigest: one.place.start,
    });
    expect(await add(extra.record)).toMatchObject({ kind: "ignore", code: "other-block" });
  });

  it("of a task with two followed ones moves each by itself", () => {
    const other = { ...rounds.view, task: new Uint8Array(32).fill(0xff) as Hash32 };
    board.post(other);
    expect(board.views()).toEqual([rounds.view, other]);
  });
});

describe("a contribution", () => {
  it("of the open round counts once its delta is here and leads where it says", async () => {
    const [unit] = unitsAt(desk, place) as [Unit];
    expect(await take(unit)).toEqual(ACCEPT);
    expect(await take(unit)).toMatchObject({ kind: "ignore", code: "known" });
    expect(rounds.contributions()).toEqual([unit.contribution]);
    expect(contributed).toEqual([{ contribution: unit.contribution, origin: PEER, won: false }]);
    const nobody = aUnit(desk.lab, worker, place, { index: 5 });
    expect(await take(nobody)).toMatchObject({ kind: "ignore", code: "no-delta" });
    const liar = aUnit(desk.lab, worker, place, { index: 6 }, { change: { digest: new Uint8Array(32) } });
    desk.followed.deltas.put(liar.contribution.deltaHash, liar.delta);
    expect(await take(liar)).toMatchObject({ kind: "reject", code: "wrong-delta" });
    expect(rounds.contributions()).toHaveLength(1);
  });

  it("of a closed round is late, and its runner is waited for in the next", async () => {
    const late = unitsAt(desk, place, 1, Sim.key("slow"))[0] as Unit;
    await add(closed(desk, place).record);
    expect(await take(late)).toMatchObject({ kind: "ignore", code: "stale-round" });
    const present = new Set([`${toHex(worker.address)}/0`]);
    expect(rounds.runners.areAll(present)).toBe(false);
    expect(rounds.runners.areAll(new Set([...present, `${toHex(Sim.key("slow").address)}/0`]))).toBe(true);
    // Anybody can make up a runner: one whose unit would not have counted is nobody.
    const fake = { ...late.contribution, author: Sim.key("made up").address };
    expect((await rounds.addContribution(fake, PEER)).kind).toBe("ignore");
    expect(rounds.runners.areAll(new Set([...present, `${toHex(Sim.key("slow").address)}/0`]))).toBe(true);
  });

  it("that won is kept at once, for the record that its block's leader signs", async () => {
    const [unit] = unitsAt(desk, place) as [Unit];
    rounds.keepWinning(unit.contribution);
    rounds.keepWinning(unit.contribution);
    expect(contributed).toEqual([{ contribution: unit.contribution, origin: OWN, won: true }]);
    const { block } = blockOn(desk, place, 0);
    await desk.ledger.importBlock(block, OWN, { signal });
    // The same start: the round goes on with it.
    expect(rounds.contributions()).toEqual([unit.contribution]);
  });

  it("that a later block made too old is not offered any more", async () => {
    const [unit] = unitsAt(desk, place) as [Unit];
    await take(unit);
    await grow(desk, place, 12, 0);
    expect(rounds.view.startDigest).toEqual(place.start);
    expect(rounds.contributions()).toEqual([]);
  });

  it("of strangers cannot crowd out this node's own", async () => {
    const { rules } = desk.lab.network;
    const [unit] = unitsAt(desk, place, 1) as [Unit];
    const many = Array.from({ length: MAX_CONTRIBUTIONS }, (_, mlNode) =>
      Contribution.sign({ ...unit.contribution, mlNode }, worker, rules.genesis),
    );
    const verdicts: string[] = [];
    for (const contribution of many) {
      const verdict = await rounds.addContribution(contribution, PEER);
      verdicts.push(verdict.kind === "accept" ? "accept" : verdict.code);
    }
    expect(verdicts.filter((verdict) => verdict === "accept")).toHaveLength(MAX_CONTRIBUTIONS - 8);
    expect(verdicts.slice(-8)).toEqual(Array(8).fill("full"));
    const own = unitsAt(desk, place, 1, Sim.key("self"))[0] as Unit;
    expect(await take(own, OWN)).toEqual(ACCEPT);
  });
});

describe("announce", () => {
  it("says again where training stands, to those that have just begun to listen", () => {
    rounds.announce();
    expect(moved).toEqual([
      {
        task: toHex(desk.lab.task.id),
        round: place.round,
        startDigest: toHex(place.start),
        head: toHex(place.state.tipId),
      },
    ]);
  });
});
