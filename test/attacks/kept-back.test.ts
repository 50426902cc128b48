// A block that its winner keeps back until it has won the next one too: it knows the beacon that audits what the first holds.
import { describe, expect, it } from "vitest";
import { compareBytes, type TaskId, toHex } from "../../src/base/index.ts";
import type { State } from "../../src/chain/index.ts";
import { unitOfContribution, unitSeed } from "../../src/work/index.ts";
import { aForgery } from "../support/audits.ts";
import {
  aContribution,
  alice,
  aRecord,
  aRegistration,
  aWorld,
  bob,
  carol,
  fakeUnit,
  mineBlock,
  STAKES,
} from "../support/chain.ts";

const { rules, state: genesis } = aWorld({ ...STAKES, tasks: [aRegistration("one"), aRegistration("two")] });
const [won, filled] = rules.tasks.map(({ id }) => id).sort(compareBytes) as [TaskId, TaskId];
/** Bob leads on it. */
const parent = mineBlock(genesis, bob, rules).state;

/** Bob's next block: always of the same win, with what he likes of the other task, in which a friend forges on any lane. */
function keptBack(lane: number): State {
  const forgery = aForgery(parent, carol, rules, { task: filled, mlNode: lane });
  const records = [aRecord(parent, bob, { task: filled, contributions: [forgery] }, rules)];
  return mineBlock(parent, bob, rules, { task: won, records }).state;
}

describe("what a block holds", () => {
  const blocks = [1, 2, 3].map(keptBack);
  const nextOf = (on: State) => aContribution(on, alice, { task: won }, rules);

  it("is its winner's choice, and moves neither its beacon nor where its task stands", () => {
    for (const of of [(on: State) => on.beacon, (on: State) => on.task(won)?.parametersDigest as Uint8Array])
      expect(new Set(blocks.map((on) => toHex(of(on)))).size).toBe(1);
    expect(new Set(blocks.map(({ tipId }) => toHex(tipId))).size).toBe(3);
  });

  it("is fixed before anybody knows the next draw: a unit on it is none on another of the same win", () => {
    expect(new Set(blocks.map((on) => toHex(nextOf(on).digest))).size).toBe(3);
    const [first, other] = blocks as [State, State, State];
    const moved = { ...nextOf(first), block: other.tipId };
    const found = fakeUnit(unitOfContribution(other.beacon, moved));
    expect(toHex(found.digest)).not.toBe(toHex(moved.digest));
    const seeds = [first, other].map((on) => unitSeed(unitOfContribution(on.beacon, nextOf(on))));
    expect(toHex(seeds[0] as Uint8Array)).not.toBe(toHex(seeds[1] as Uint8Array));
  });
});
