// An own unit: one that wins is put into a block and not told as a contribution, every other is, in time or late.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ACCEPT, type Hash32, toHex, type Verdict } from "../../../../src/base/index.ts";
import type { State } from "../../../../src/chain/index.ts";
import { Block, Contribution, type Decoded, RoundRecord, type Topic } from "../../../../src/codec/index.ts";
import { draftBlock } from "../../../../src/consensus/index.ts";
import type { FinishedUnit } from "../../../../src/engine/events.ts";
import type { Outbox } from "../../../../src/engine/exchange/index.ts";
import { fromPeer, OWN } from "../../../../src/engine/origin.ts";
import type { WonUnit } from "../../../../src/engine/training/block-maker.ts";
import { type BlockMaker, RoundBoard } from "../../../../src/engine/training/index.ts";
import { Rounds } from "../../../../src/engine/training/rounds.ts";
import { Trainer } from "../../../../src/engine/training/trainer.ts";
import type { Runtime } from "../../../../src/ports/index.ts";
import { findWin, unitOfContribution } from "../../../../src/work/index.ts";
import {
  aDesk,
  blockAt,
  blockOn,
  closed,
  type Desk,
  firstPlace,
  genesisPlace,
  signal,
  unitsAt,
} from "../../../support/desk.ts";
import { aBlock, aUnit, type Place, type Unit } from "../../../support/forge.ts";
import { Sim, toyRuntime } from "../../../support/sim.ts";
import { settle } from "../../../support/virtual-clock.ts";

const key = Sim.key("self");
const UNIT_MS = 100;
/** Of a toy unit, as the genesis of a desk wants. */
const NONCES = 64;
let desk: Desk;
let rounds: Rounds;
let place: Place;
let stop: AbortController;
let runtime: Runtime;
/** Wins that were handed to the block maker, and what it says of them. */
let wins: WonUnit[];
let stands: boolean;
let published: { topic: Topic; data: Uint8Array }[];

beforeEach(async () => {
  desk = await aDesk();
  stop = new AbortController();
  wins = [];
  published = [];
  stands = true;
  place = await firstPlace(desk);
  begin();
});
afterEach(() => stop.abort());

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
  runtime = toyRuntime({ clock: lab.clock, unitMs: UNIT_MS });
}

function aTrainer(firstIndex = 0): Trainer {
  const { lab, ledger, followed, events } = desk;
  const make = async (won: WonUnit): Promise<boolean> => {
    wins.push(won);
    return stands;
  };
  const publish = (topic: Topic, data: Uint8Array): void => void published.push({ topic, data });
  const deps = {
    ...{ runtime, key, ledger, rounds, followed, events },
    ownKey: { begin: () => undefined, isElsewhere: false },
    blockMaker: { make, timeOn: (on: State) => on.time + 1 } as unknown as BlockMaker,
    outbox: { publish } as unknown as Outbox,
  };
  return new Trainer({ task: lab.task, firstIndex }, deps, { signal: stop.signal });
}
/** Runs a unit; `meanwhile` happens while it runs. */
async function run(index: number, meanwhile = async (): Promise<void> => undefined): Promise<FinishedUnit | undefined> {
  const unit = aTrainer().run(0, index);
  await settle();
  await meanwhile();
  await desk.lab.clock.run(UNIT_MS);
  return unit;
}
/** The first unit of this node at a place that wins, or that does not. */
function aUnitThat(wants: "wins" | "loses", at = place): Unit & { readonly index: number } {
  for (let index = 0; index < 1000; index++) {
    const unit = aUnit(desk.lab, key, at, { index });
    const finished = unitOfContribution(at.state.beacon, unit.contribution);
    if ((findWin(finished, NONCES, at.state.target) === undefined) === (wants === "loses")) return { ...unit, index };
  }
  throw new Error(`no unit ${wants}`);
}
const bring = (block: Decoded<Block>): Promise<Verdict> => desk.ledger.importBlock(block, OWN, { signal });
const told = (): Contribution[] => {
  expect(new Set(published.map(({ topic }) => topic)).size).toBeLessThanOrEqual(1);
  return published.map(({ data }) => Contribution.codec.decode(data));
};

describe("a unit that wins", () => {
  it("is handed on with the record that closes its round, and is no contribution: its block brings it", async () => {
    const [other] = unitsAt(desk, place) as [Unit];
    await rounds.addContribution(other.contribution, OWN);
    const { index, contribution } = aUnitThat("wins");
    expect(await run(index)).toMatchObject({ draws: NONCES, won: true, round: place.round, index });
    const [won] = wins as [WonUnit];
    expect([won.contribution, won.records]).toEqual([contribution, []]);
    expect([won.view === rounds.view, won.state === desk.ledger.state]).toEqual([true, true]);
    expect(won.closing.contributions).toHaveLength(2);
    expect(won.closing.contributions).toContainEqual(contribution);
    const { state, closing, nonce } = won;
    const parts = { contribution, closing, nonce, time: state.time + 10_000 };
    expect(draftBlock(state, parts, desk.lab.network.rules).kind).toBe("draft");
    expect([told(), rounds.contributions()]).toEqual([[], [other.contribution]]);
  });

  it("carries what the leader signed while it ran", async () => {
    const { record } = closed(desk, place);
    const { index } = aUnitThat("wins");
    await run(index, async () => {
      expect(await rounds.addRecord(RoundRecord.wrap(record), OWN)).toEqual(ACCEPT);
    });
    expect(wins.map((won) => [won.records, won.view.round])).toEqual([[[record], place.round]]);
  });

  it("is a contribution after all when its block does not stand", async () => {
    stands = false;
    const { index, contribution } = aUnitThat("wins");
    expect(await run(index)).toMatchObject({ won: false, draws: NONCES });
    expect(wins.length).toBe(1);
    expect([told(), rounds.contributions()]).toEqual([[contribution], [contribution]]);
  });

  it("on genesis makes the first block: nobody leads there, and every unit draws", async () => {
    desk = await aDesk();
    place = await genesisPlace(desk);
    begin();
    const { index } = aUnitThat("wins");
    expect(await run(index)).toMatchObject({ won: true });
    const { genesis } = desk.lab.network.rules;
    expect(wins.map(({ contribution, records }) => [contribution.height, toHex(contribution.block), records])).toEqual([
      [0, toHex(genesis), []],
    ]);
  });
});

describe("a unit whose head was replaced while it ran", () => {
  const taken = async (): Promise<void> => expect(await bring(blockOn(desk, place, 1).block)).toEqual(ACCEPT);

  it("by a child still draws: its block goes on its own parent, and the unit is told as well, for its block may lose the tie", async () => {
    const { index, contribution } = aUnitThat("wins");
    expect(await run(index, taken)).toMatchObject({ draws: NONCES, won: true });
    expect(wins.map((won) => [won.contribution, won.state.tipId, won.view.head])).toEqual([
      [contribution, place.state.tipId, place.state.tipId],
    ]);
    const [{ state, closing, nonce }] = wins as [WonUnit];
    const parts = { contribution, closing, nonce, time: state.time + 10_000 };
    expect(draftBlock(state, parts, desk.lab.network.rules).kind).toBe("draft");
    expect([told(), rounds.contributions()]).toEqual([[contribution], [contribution]]);
  });

  it("by an own child draws no more: two blocks of one author at a height do each other no good", async () => {
    const own = aBlock(desk.lab, key, { ...place, time: place.state.time + 10_000 });
    for (const { deltaHash } of own.body.closing.contributions)
      desk.followed.deltas.put(deltaHash as Hash32, desk.lab.wins.get(toHex(deltaHash)) as Uint8Array);
    const { index } = aUnitThat("wins");
    const finished = await run(index, async () => expect(await bring(Block.wrap(own))).toEqual(ACCEPT));
    expect([finished, wins.length]).toMatchObject([{ draws: 0, won: false }, 0]);
  });

  it("by a sibling still draws, unless the block it stands on was found forged", async () => {
    for (const forged of [false, true]) {
      desk = await aDesk();
      const genesis = await genesisPlace(desk);
      const [one, two] = [blockOn(desk, genesis, 0), blockAt(desk, genesis, { time: genesis.state.time + 10_001 })];
      // Neither is built upon before its check.
      desk.bans.ban(one.block.value.header.miner);
      for (const { block } of [two, one]) await desk.ledger.importBlock(block, fromPeer("peer"), { signal });
      await desk.ledger.setChecked(one.block.id, "executed");
      expect(desk.ledger.head.id).toEqual(one.block.id);
      place = one.place;
      begin();
      wins = [];
      const { index } = aUnitThat("wins");
      const finished = await run(index, async () => {
        // Heard first, though checked later.
        await desk.ledger.setChecked(two.block.id, "executed");
        expect(desk.ledger.head.id).toEqual(two.block.id);
        if (forged) await desk.ledger.setChecked(one.block.id, "invalid");
      });
      expect([finished?.draws, wins.length]).toEqual(forged ? [0, 0] : [NONCES, 1]);
    }
  });
});

describe("a unit that does not win", () => {
  it("is told as a contribution that names the block which it was run on", async () => {
    const { index, contribution } = aUnitThat("loses");
    expect(await run(index)).toMatchObject({ won: false, draws: NONCES });
    expect([told(), rounds.contributions(), wins.length]).toEqual([[contribution], [contribution], 0]);
    expect(told()[0]).toMatchObject({ block: place.state.tipId, height: 1, round: place.round });
    expect(published.map(({ topic }) => topic)).toEqual(["contribution"]);
  });

  it("is told late when a record closed its round while it ran", async () => {
    const { record } = closed(desk, place);
    const { index, contribution } = aUnitThat("loses");
    await run(index, async () => {
      expect(await rounds.addRecord(RoundRecord.wrap(record), OWN)).toEqual(ACCEPT);
    });
    expect(rounds.view.round).toBe(place.round + 1);
    expect([told(), rounds.contributions()]).toEqual([[contribution], [contribution]]);
  });

  it("does not draw once two blocks came, and is told late", async () => {
    const next = blockOn(desk, place, 1);
    const more = blockOn(desk, next.place, 0);
    const { index, contribution } = aUnitThat("wins");
    const finished = await run(index, async () => {
      for (const { block } of [next, more]) expect(await bring(block)).toEqual(ACCEPT);
    });
    expect(finished).toMatchObject({ draws: 0, won: false });
    expect([wins.length, told(), rounds.contributions()]).toEqual([0, [contribution], [contribution]]);
  });

  it("is not told when it comes too late", async () => {
    const { index } = aUnitThat("wins");
    await run(index, async () => {
      let at = place;
      for (let i = 0; i < 3; i++) {
        const next = blockOn(desk, at, 0);
        await desk.ledger.importBlock(next.block, OWN, { signal });
        at = next.place;
      }
    });
    expect([wins.length, told(), rounds.contributions()]).toEqual([0, [], []]);
  });

  it("is nothing when it changed nothing", async () => {
    const { run: honest } = runtime;
    runtime.run = async (request, options) => {
      const result = await honest(request, options);
      return { ...result, end: request.start, digest: place.start };
    };
    expect(await run(0)).toMatchObject({ draws: 0, won: false });
    expect([wins.length, told()]).toEqual([0, []]);
  });
});

describe("a unit", () => {
  it("is not begun without the state to start from, nor between a head and its round, nor by one that is banned", async () => {
    const { view } = rounds;
    const trainer = (change: object): Promise<FinishedUnit | undefined> => {
      Object.defineProperty(rounds, "view", { configurable: true, value: { ...view, ...change } });
      return aTrainer().run(0, 0);
    };
    expect(await trainer({ startDigest: new Uint8Array(32) })).toBeUndefined();
    expect(await trainer({ head: new Uint8Array(32) })).toBeUndefined();
    Object.defineProperty(desk.ledger.state, "isBanned", { configurable: true, value: () => true });
    expect(await trainer({})).toBeUndefined();
    expect([wins.length, told()]).toEqual([0, []]);
  });

  it("has an index from the node's first one on", async () => {
    const units = [0, 1].map((nth) => aTrainer(7_000).run(2, nth));
    await settle();
    await desk.lab.clock.run(UNIT_MS);
    expect(await Promise.all(units)).toMatchObject([
      { mlNode: 2, index: 7_000 },
      { mlNode: 2, index: 7_001 },
    ]);
    expect([...told(), ...wins.map(({ contribution }) => contribution)].map(({ index }) => index).sort()).toEqual([
      7_000, 7_001,
    ]);
  });

  it("is told to whoever listens, and its time to the leader's deadline", async () => {
    const heard: FinishedUnit[] = [];
    desk.events.on("unit", (one) => heard.push(one));
    const trainer = aTrainer();
    expect(trainer.medianUnitMs()).toBe(1000);
    const finished = trainer.run(3, aUnitThat("loses").index);
    await settle();
    await desk.lab.clock.run(UNIT_MS);
    expect(heard).toEqual([await finished]);
    expect(heard).toMatchObject([{ mlNode: 3, round: place.round, task: { name: "toy" } }]);
    expect(trainer.medianUnitMs()).toBe(UNIT_MS);
    expect(toHex(heard[0]?.result.digest as Uint8Array)).toBe(
      toHex(told()[0]?.digest ?? (wins[0]?.contribution.digest as Uint8Array)),
    );
  });
});
