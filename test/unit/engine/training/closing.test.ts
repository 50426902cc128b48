// The record with which a win closes its round: the leader's records as far as the win may carry them, the winning contribution, and whoever else waits.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../../../src/adapters/level/index.ts";
import { ACCEPT } from "../../../../src/base/index.ts";
import { type Block, type Contribution, MAX_CONTRIBUTIONS, RoundRecord } from "../../../../src/codec/index.ts";
import { compareContributions, draftBlock } from "../../../../src/consensus/index.ts";
import { OWN } from "../../../../src/engine/origin.ts";
import { type ClosedRound, type ClosingDeps, closeRound, type Win } from "../../../../src/engine/training/closing.ts";
import { FollowedTask, RoundBoard } from "../../../../src/engine/training/index.ts";
import { Rounds } from "../../../../src/engine/training/rounds.ts";
import { parametersDigest } from "../../../../src/ml/index.ts";
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
  signal,
  unitsAt,
  worker,
} from "../../../support/desk.ts";
import { aUnit, following, type Place, type Unit } from "../../../support/forge.ts";
import { Sim, toyTask } from "../../../support/sim.ts";

const winner = Sim.key("winner");
let desk: Desk;
let rounds: Rounds;
let place: Place;
let stop: AbortController;
/** The unit that wins, run at `place`. */
let won: Unit;
let win: Win;

beforeEach(async () => {
  desk = await aDesk();
  stop = new AbortController();
  place = await firstPlace(desk);
  begin();
});
afterEach(() => stop.abort());

/** Rounds begin on the desk's head, and the winner its unit there. */
function begin(): void {
  const { lab, ledger, followed, events } = desk;
  const deps = {
    state: () => ledger.state,
    isChecked: () => true,
    followed,
    events,
    board: new RoundBoard(),
    clock: lab.clock,
  };
  rounds = new Rounds({ rules: lab.network.rules, task: lab.task }, deps, { signal: stop.signal });
  beginAt(place);
}
/** The winner begins its unit in the round that is open. */
function beginAt(open: Place): void {
  won = unitsAt(desk, open, 1, winner)[0] as Unit;
  win = { contribution: won.contribution, state: desk.ledger.state, view: rounds.view };
}
const close = (change: Partial<ClosingDeps> = {}): Promise<ClosedRound | undefined> =>
  closeRound(win, { rounds, followed: desk.followed, ...change }, { signal });

/** The leader closes `count` rounds, of one unit of the worker each: where they lead, the first place before them. */
async function lead(count: number): Promise<Place[]> {
  const places = [place];
  for (let i = 0; i < count; i++) {
    const next = closed(desk, places.at(-1) as Place);
    expect(await rounds.addRecord(RoundRecord.wrap(next.record), OWN)).toEqual(ACCEPT);
    places.push(next.place);
  }
  return places;
}
const wait = async (...units: readonly Unit[]): Promise<void> => {
  for (const { contribution } of units) expect(await rounds.addContribution(contribution, OWN)).toEqual(ACCEPT);
};

/** The block that the win makes: every node accepts it and finds the state that it names. */
async function stands({ records, closing }: ClosedRound): Promise<void> {
  const { state, contribution } = win;
  const parts = { contribution, nonce: 0n, records, closing, time: state.time + 10_000 };
  const draft = draftBlock(state, parts, desk.lab.network.rules);
  if (draft.kind !== "draft") throw new Error(`${draft.code} ${draft.reason}`);
  const block = { header: { ...draft.header, signature: new Uint8Array(64) }, body: draft.body } as Block;
  const digest = state.task(toyTask.id)?.parametersDigest as Uint8Array;
  const standing = { id: state.tipId, digest, season: 0 };
  expect(await desk.followed.advance(block, standing, { hints: [], signal })).toEqual(ACCEPT);
}
/** That the record which closes `at` holds these beside the winning one, and names the state that they make. */
async function closes(made: ClosedRound | undefined, at: Place, others: readonly Unit[] = []): Promise<void> {
  const all = [won, ...others];
  expect(made?.records).toEqual(at.records);
  expect(made?.closing).toEqual({
    contributions: all.map(({ contribution }) => contribution).sort(compareContributions),
    nextDigest: parametersDigest(toyTask, following(at, all, won)),
  });
  await stands(made as ClosedRound);
}

describe("a win", () => {
  it("that is alone closes its round by itself: the state after the block is its own end", async () => {
    const made = await close();
    await closes(made, place);
    expect(made?.closing).toEqual({ contributions: [won.contribution], nextDigest: won.contribution.digest });
  });

  it("takes those with it that wait, on time and late, each once", async () => {
    const slow = unitsAt(desk, place, 1, Sim.key("slow"))[0] as Unit;
    const [, now] = (await lead(1)) as [Place, Place];
    beginAt(now);
    const others = [...unitsAt(desk, now, 2), slow];
    // An own unit that is in the pool already does not stand beside itself.
    await wait(...others, won);
    const made = await close();
    await closes(made, now, others);
    expect(made?.closing.contributions).toHaveLength(4);
  });

  it("takes no more with it than a record holds, and is always among them", async () => {
    const [other] = unitsAt(desk, place) as [Unit];
    const many = Array.from(
      { length: MAX_CONTRIBUTIONS + 3 },
      (_, mlNode): Contribution => ({ ...other.contribution, mlNode }),
    );
    const waiting = (_: unknown, most?: number): Contribution[] => many.slice(0, most);
    const made = await close({ rounds: { view: rounds.view, contributions: waiting } });
    expect(made?.closing.contributions).toHaveLength(MAX_CONTRIBUTIONS);
    expect(made?.closing.contributions).toContain(won.contribution);
    expect(made?.closing.contributions).toEqual([...(made?.closing.contributions ?? [])].sort(compareContributions));
  });

  it("is alone when a delta of those that wait cannot be had any more", async () => {
    const lost = aUnit(desk.lab, worker, place, { index: 9 });
    const both = [...unitsAt(desk, place), lost].map(({ contribution }) => contribution);
    await closes(await close({ rounds: { view: rounds.view, contributions: () => both } }), place);
  });

  it("takes those with it whose start memory has let go of: it is made again", async () => {
    const middle = closed(desk, place);
    const others = unitsAt(desk, middle.place, 1, Sim.key("slow"));
    const { place: next } = (await grow(desk, place, 1))[0] as Built;
    beginAt(next);
    await wait(...others);
    const followed = await afresh(desk);
    for (const { contribution, delta } of [won, ...others]) followed.deltas.put(contribution.deltaHash, delta);
    expect(await followed.parameters.get(middle.place.start)).toBeUndefined();
    await closes(await close({ followed }), next, others);
  });

  it("whose round's state is not here closes nothing", async () => {
    const deps = { store: memoryStore(), seasonBlocks: 1000, blocks: desk.blocks, network: undefined };
    expect(await close({ followed: new FollowedTask(desk.lab.task, deps) })).toBeUndefined();
  });

  it("on genesis, where nobody leads, closes the first round with all that were run there", async () => {
    desk = await aDesk();
    place = await genesisPlace(desk);
    begin();
    const others = unitsAt(desk, place, 2);
    await wait(...others);
    await closes(await close(), place, others);
  });
});

describe("the leader's records", () => {
  it.each([1, 2, 6, 7])("that were signed since the unit began are carried: %i of them", async (count) => {
    const places = await lead(count);
    const made = await close();
    // The winning one is late by as many rounds, and weighs as if it was on time.
    await closes(made, places.at(-1) as Place);
    expect(made?.records).toEqual(rounds.view.records);
  });

  it.each([8, 11])(
    "beyond the last round in which the win's start counts are cut off: of %i, seven are carried",
    async (count) => {
      const places = await lead(count);
      const made = await close();
      await closes(made, places[7] as Place);
      expect(made?.records).toEqual(rounds.view.records.slice(0, 7));
    },
  );

  it("carry others with them: those that wait stand with their lags in the record that closes", async () => {
    const slow = unitsAt(desk, place, 1, Sim.key("slow"))[0] as Unit;
    const places = await lead(3);
    const now = places.at(-1) as Place;
    const others = [slow, ...unitsAt(desk, places[2] as Place, 1, Sim.key("slower")), ...unitsAt(desk, now)];
    await wait(...others);
    await closes(await close(), now, others);
  });

  it("that are cut off take those with them who started from what they made", async () => {
    const places = await lead(9);
    const [within] = unitsAt(desk, places[6] as Place, 1, Sim.key("slow")) as [Unit];
    const [beyond] = unitsAt(desk, places[8] as Place, 1, Sim.key("slower")) as [Unit];
    await wait(within, beyond);
    await closes(await close(), places[7] as Place, [within]);
  });

  it("before the unit began are carried as well", async () => {
    const before = await lead(2);
    const start = before.at(-1) as Place;
    beginAt(start);
    const next = closed(desk, start);
    await rounds.addRecord(RoundRecord.wrap(next.record), OWN);
    const made = await close();
    expect(made?.records).toHaveLength(3);
    await closes(made, next.place);
  });

  it("of a head that moved meanwhile are those that the unit began with: the block is one of another branch", async () => {
    const [, one] = (await lead(1)) as [Place, Place];
    beginAt(one);
    const { block } = blockOn(desk, place, 0);
    await desk.ledger.importBlock(block, OWN, { signal });
    const [late] = unitsAt(desk, place, 1, Sim.key("slow")) as [Unit];
    await wait(late);
    await closes(await close(), one);
  });
});
