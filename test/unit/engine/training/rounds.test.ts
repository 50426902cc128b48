// One task's rounds on the best block: what counts for the round, how a record moves it on, and that nothing judged for one view is done to another.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ACCEPT, type Hash32, toHex, type Verdict } from "../../../../src/base/index.ts";
import { Contribution, MAX_CONTRIBUTIONS, RoundRecord } from "../../../../src/codec/index.ts";
import { compareContributions } from "../../../../src/consensus/index.ts";
import type { EngineEvents } from "../../../../src/engine/events.ts";
import { fromPeer, OWN } from "../../../../src/engine/origin.ts";
import { KEYS } from "../../../../src/engine/storage/index.ts";
import type { FollowedTask } from "../../../../src/engine/training/index.ts";
import { RoundBoard } from "../../../../src/engine/training/index.ts";
import type { Parameters } from "../../../../src/engine/training/parameters.ts";
import { Rounds } from "../../../../src/engine/training/rounds.ts";
import { decodeDelta, toGrid } from "../../../../src/ml/index.ts";
import {
  aDesk,
  afresh,
  type Built,
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
import { aUnit, following, type Place, recordAt, type Unit } from "../../../support/forge.ts";
import { Sim, toyTask } from "../../../support/sim.ts";
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

function theRounds(followed: FollowedTask = desk.followed): Rounds {
  const { lab, ledger, events } = desk;
  const deps = { state: () => ledger.state, isChecked: () => true, followed, events, board, clock: lab.clock };
  return new Rounds({ rules: lab.network.rules, task: lab.task }, deps, { signal: stop.signal });
}

beforeEach(async () => {
  desk = await aDesk();
  stop = new AbortController();
  board = new RoundBoard();
  place = await firstPlace(desk);
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
    for (const { height, deltaHash } of next.record.contributions)
      expect(await desk.store.get(KEYS.delta(height, deltaHash))).toBeDefined();
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
    // Which one is first depends on whose signatures are verified first.
    expect(verdicts.map((verdict) => verdict.kind).sort()).toEqual(["accept", "ignore", "ignore"]);
    expect(records).toHaveLength(1);
    expect(rounds.view).toMatchObject(viewOf(verdicts[2]?.kind === "accept" ? rival.place : one.place));
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
    const { task, deltas } = desk.followed;
    const bringStarts: FollowedTask["bringStarts"] = (...args) => desk.followed.bringStarts(...args);
    rounds = theRounds({ task, deltas, parameters: slow, bringStarts } as unknown as FollowedTask);
    const late = closed(desk, place);
    const verdict = add(late.record);
    await settle();
    // A block without the record comes: the round begins anew on it.
    const { block } = blockOn(desk, place, 0);
    expect(await desk.ledger.importBlock(block, OWN, { signal })).toEqual(ACCEPT);
    const before = rounds.view;
    expect(before).toMatchObject({ head: block.id, records: [], round: place.round + 1 });
    release();
    expect(await verdict).toMatchObject({ kind: "ignore", code: "stale-round" });
    expect(rounds.view).toBe(before);
    expect(records).toEqual([]);
  });

  it("of another leader, or before the first block of anybody at all, is not followed", async () => {
    const stranger = recordAt(desk.lab, worker, place, unitsAt(desk, place));
    expect(await add(stranger)).toMatchObject({ kind: "reject", code: "not-leader" });
    desk = await aDesk();
    rounds = theRounds();
    const { record } = closed(desk, await genesisPlace(desk));
    for (const origin of [PEER, OWN])
      expect(await add(record, origin)).toMatchObject({ kind: "reject", code: "not-leader" });
  });
});

describe("the head", () => {
  it("when it moves, rounds go on from its state, and records of the old leader beyond it are void", async () => {
    const one = closed(desk, place);
    await add(one.record);
    const extra = closed(desk, one.place);
    await add(extra.record);
    // The block carries the first record only, and closes the round after it.
    const { block, place: next } = blockOn(desk, place, 1);
    await desk.ledger.importBlock(block, OWN, { signal });
    expect(rounds.view).toMatchObject({ ...viewOf(next), head: block.id, round: place.round + 2 });
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
    expect(contributed).toEqual([{ contribution: unit.contribution, origin: PEER }]);
    const nobody = aUnit(desk.lab, worker, place, { index: 5 });
    expect(await take(nobody)).toMatchObject({ kind: "ignore", code: "no-delta" });
    const liar = aUnit(desk.lab, worker, place, { index: 6 }, { change: { digest: new Uint8Array(32) } });
    desk.followed.deltas.put(liar.contribution.deltaHash, liar.delta);
    expect(await take(liar)).toMatchObject({ kind: "reject", code: "wrong-delta" });
    expect(rounds.contributions()).toHaveLength(1);
  });

  it("of a closed round is late: it waits for the record of another, and its runner is waited for in the next", async () => {
    const slow = Sim.key("slow");
    const late = unitsAt(desk, place, 1, slow)[0] as Unit;
    const one = closed(desk, place);
    await add(one.record);
    expect(await take(late)).toEqual(ACCEPT);
    expect(rounds.contributions()).toEqual([late.contribution]);
    const present = new Set([`${toHex(worker.address)}/0`]);
    expect(rounds.runners.areAll(present)).toBe(false);
    expect(rounds.runners.areAll(new Set([...present, `${toHex(slow.address)}/0`]))).toBe(true);
    // Anybody can make up a runner: one whose unit would not have counted is nobody.
    const fake = { ...late.contribution, author: Sim.key("made up").address };
    expect((await rounds.addContribution(fake, PEER)).kind).not.toBe("accept");
    expect(rounds.runners.areAll(new Set([...present, `${toHex(slow.address)}/0`]))).toBe(true);
    // The record that holds both weighs the late one half.
    const fresh = unitsAt(desk, one.place);
    const two = closed(desk, one.place, [late, ...fresh]);
    expect(following(one.place, [late, ...fresh])).not.toEqual(
      following({ ...one.place, round: late.contribution.round }, [late, ...fresh]),
    );
    expect(await add(two.record)).toEqual(ACCEPT);
    expect(await desk.followed.parameters.get(rounds.view.startDigest)).toEqual(two.place.parameters);
    // Recorded on this head, it waits for no other.
    expect(rounds.contributions()).toEqual([]);
  });

  it("is chosen before others when it has not long to be recorded, and then when it came first", async () => {
    const late = unitsAt(desk, place, 1, Sim.key("slow"))[0] as Unit;
    const one = closed(desk, place);
    await add(one.record);
    const [a, b] = [Sim.key("a"), Sim.key("b")].map((key) => unitsAt(desk, one.place, 1, key)[0] as Unit) as [
      Unit,
      Unit,
    ];
    const [first, last] = compareContributions(a.contribution, b.contribution) < 0 ? [b, a] : [a, b];
    for (const unit of [first, last, late]) expect(await take(unit)).toEqual(ACCEPT);
    const chosen = (most: number): Contribution[] => rounds.contributions(rounds.view, most);
    expect(chosen(1)).toEqual([late.contribution]);
    expect(new Set(chosen(2))).toEqual(new Set([late, first].map(({ contribution }) => contribution)));
    expect(chosen(2)).toEqual(chosen(2).toSorted(compareContributions));
    expect(chosen(3)).toHaveLength(3);
    expect(rounds.contributions()).toEqual(chosen(3));
  });

  it.each([0, 1, 6, 7])("that is %i rounds late is recorded with its lag, from its own start", async (lag) => {
    const slow = unitsAt(desk, place, 1, Sim.key("slow"))[0] as Unit;
    let at = place;
    for (let i = 0; i < lag; i++) {
      const next = closed(desk, at);
      await add(next.record);
      at = next.place;
    }
    expect(await take(slow)).toEqual(ACCEPT);
    const last = closed(desk, at, [slow, ...unitsAt(desk, at)]);
    expect(await add(last.record)).toEqual(ACCEPT);
    // 128 >> lag of 128 for the late one, all for the other, and divided by two.
    const [late, fresh] = [slow, unitsAt(desk, at)[0] as Unit].map(({ delta }) => decodeDelta(toyTask, delta)) as [
      Int32Array,
      Int32Array,
    ];
    const before = toGrid(toyTask, at.parameters);
    const after = toGrid(toyTask, (await desk.followed.parameters.get(rounds.view.startDigest)) as Float32Array);
    for (const [i, step] of after.entries()) {
      const exact = ((128 >> lag) * (late[i] as number) + 128 * (fresh[i] as number)) / 256;
      expect(Math.abs(step - (before[i] as number) - exact)).toBeLessThanOrEqual(0.5);
    }
  });

  it("that is eight rounds late comes too late, and its runner is nobody", async () => {
    const slow = unitsAt(desk, place, 1, Sim.key("slow"))[0] as Unit;
    let at = place;
    for (let i = 0; i < 8; i++) {
      const next = closed(desk, at);
      await add(next.record);
      at = next.place;
    }
    expect(await take(slow)).toMatchObject({ kind: "ignore", code: "stale-round" });
    expect(rounds.runners.areAll(new Set([`${toHex(worker.address)}/0`]))).toBe(true);
  });

  it("of the block below, or of a state in the middle of it, is late as well", async () => {
    const middle = closed(desk, place);
    const [below] = unitsAt(desk, place, 1, Sim.key("slow")) as [Unit];
    const [within] = unitsAt(desk, middle.place, 1, Sim.key("slower")) as [Unit];
    const { block, place: next } = blockOn(desk, place, 1);
    await desk.ledger.importBlock(block, OWN, { signal });
    for (const unit of [below, within]) expect(await take(unit)).toEqual(ACCEPT);
    expect(rounds.contributions()).toHaveLength(2);
    const last = closed(desk, next, [below, within, ...unitsAt(desk, next)]);
    expect(await add(last.record)).toEqual(ACCEPT);
    // Of a record that the block did not carry nobody can say where it started.
    const extra = closed(desk, last.place);
    const [lost] = unitsAt(desk, extra.place, 1, Sim.key("slow")) as [Unit];
    await add(extra.record);
    const { block: more } = blockOn(desk, last.place, 0);
    await desk.ledger.importBlock(more, OWN, { signal });
    expect((await take(lost)).kind).toBe("ignore");
  });

  it("whose start memory has let go of has it made again, alone and in a record", async () => {
    const middle = closed(desk, place);
    const [one, two] = unitsAt(desk, middle.place, 2, Sim.key("slow")) as [Unit, Unit];
    const [built] = (await grow(desk, place, 1)) as [Built];
    const last = closed(desk, built.place, [two, ...unitsAt(desk, built.place)]);
    for (const use of [() => take(one), () => add(last.record)]) {
      const fresh = await afresh(desk);
      for (const { contribution, delta } of [one, two, ...unitsAt(desk, built.place)])
        fresh.deltas.put(contribution.deltaHash, delta);
      expect(await fresh.parameters.get(middle.place.start)).toBeUndefined();
      rounds = theRounds(fresh);
      expect(await use()).toEqual(ACCEPT);
    }
  });

  it("that no leader recorded waits for the next, two blocks long", async () => {
    const [unit] = unitsAt(desk, place) as [Unit];
    await take(unit);
    const [one, two] = await grow(desk, place, 2, 0);
    expect(rounds.view.startDigest).toEqual(two?.place.start);
    expect(rounds.contributions()).toEqual([unit.contribution]);
    // What a leader signs of it now has a lag of two.
    const { record, place: next } = closed(desk, two?.place as Place, [unit]);
    expect(await add(record)).toEqual(ACCEPT);
    expect(next.round - 1 - unit.contribution.round).toBe(2);
    expect(one?.place.round).toBe(place.round + 1);
  });

  it("that a later block made too old is not offered any more, and cannot come", async () => {
    const [unit, other] = unitsAt(desk, place, 2) as [Unit, Unit];
    await take(unit);
    await grow(desk, place, 3, 0);
    expect(rounds.contributions()).toEqual([]);
    expect(await take(other)).toMatchObject({ kind: "ignore", code: "height-expired" });
  });

  it("of the season before is not late but void", async () => {
    desk = await aDesk(undefined, { genesis: { seasonBlocks: 2 } });
    place = await firstPlace(desk);
    rounds = theRounds();
    const [unit, other] = unitsAt(desk, place, 2) as [Unit, Unit];
    expect(await take(unit)).toEqual(ACCEPT);
    const [second] = await grow(desk, place, 1);
    expect(rounds.view).toMatchObject({ season: 1, round: second?.place.round, startDigest: second?.place.start });
    expect(rounds.contributions()).toEqual([]);
    expect(await take(other)).toMatchObject({ kind: "ignore", code: "stale-round" });
    // What is run in the new one counts, and its records lead on.
    const next = closed(desk, second?.place as Place);
    expect(await add(next.record)).toEqual(ACCEPT);
    expect(await desk.followed.parameters.get(next.place.start)).toEqual(next.place.parameters);
  });

  it("that a block recorded is not offered again, nor taken from a peer", async () => {
    const [unit, other] = unitsAt(desk, place, 2) as [Unit, Unit];
    await take(unit);
    const { block } = blockOn(desk, closed(desk, place, [unit, other]).place, 0);
    await desk.ledger.importBlock(block, OWN, { signal });
    expect(rounds.contributions()).toEqual([]);
    expect(await take(other)).toMatchObject({ kind: "ignore", code: "already-recorded" });
  });

  it("of a block on another branch does not stand for the one that was run on this", async () => {
    // Two blocks on the same parent that leave the same state: who runs on either runs another unit.
    const [one, two] = [blockOn(desk, place, 0), blockOn(desk, place, 0, { time: place.state.time + 11_000 })];
    expect(two.place.start).toEqual(one.place.start);
    const [left, right] = [one, two].map((built) => unitsAt(desk, built.place)[0]) as [Unit, Unit];
    for (const { block } of [one, two]) await desk.ledger.importBlock(block, OWN, { signal });
    const stands = toHex(rounds.view.head) === toHex(one.block.id) ? left : right;
    const other = stands === left ? right : left;
    expect(await take(other)).toMatchObject({ kind: "ignore", code: "other-branch" });
    expect(await take(stands)).toEqual(ACCEPT);
    expect(rounds.contributions()).toEqual([stands.contribution]);
    // The other branch becomes the best: what was run there counts there.
    await grow(desk, stands === left ? two.place : one.place, 1, 0);
    expect(await take(other)).toEqual(ACCEPT);
    expect(rounds.contributions()).toEqual([other.contribution]);
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
