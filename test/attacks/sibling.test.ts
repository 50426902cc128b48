// Two blocks on one parent: what was run on one of them is honest there, and would be another unit on the other.
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import type { State } from "../../src/chain/index.ts";
import { Contribution } from "../../src/codec/index.ts";
import type { KeyPair } from "../../src/crypto/index.ts";
import {
  aContribution,
  alice,
  aRecord,
  aWorld,
  bob,
  carol,
  checkContributionOn,
  checkRecordOn,
  fakeUnit,
  mineBlock,
  STAKES,
  taskIn,
} from "../support/chain.ts";

const { rules, state } = aWorld(STAKES);
const task = taskIn(rules).id;
const parent = mineBlock(state, bob, rules).state;
/** Of two lanes of carol's, so that each has a beacon of its own. */
const [ours, theirs] = [1, 2].map((mlNode) => mineBlock(parent, carol, rules, { mlNode }).state) as [State, State];

/** Whether the unit that a contribution claims is what running it on `block` gives. */
const isTrue = (contribution: Contribution, on: State): boolean => {
  const found = fakeUnit({ beacon: on.beacon, ...contribution });
  return toHex(found.digest) === toHex(contribution.digest) && toHex(found.deltaHash) === toHex(contribution.deltaHash);
};
const signed = ({ signature: _, ...fields }: Contribution, author: KeyPair): Contribution =>
  Contribution.sign(fields, author, rules.genesis);

/** A contribution as the rule of before had it: it named a height, so each branch read its own block there. */
function asOfHeight(contribution: Contribution, on: State): Contribution {
  const startDigest = on.task(task)?.parametersDigest as Uint8Array;
  return signed({ ...contribution, block: on.recentBlock(contribution.height)?.id as Uint8Array, startDigest }, alice);
}

describe("an honest contribution that was run on a sibling block", () => {
  const honest = aContribution(theirs, alice, {}, rules);

  it("is true where it was run, and another unit here: the beacon is another", () => {
    expect(toHex(ours.beacon)).not.toBe(toHex(theirs.beacon));
    expect([isTrue(honest, theirs), isTrue(honest, ours)]).toEqual([true, false]);
  });

  it("is ignored here, which blames nobody, and recorded by nobody here", () => {
    expect(checkContributionOn(theirs, honest, rules)).toEqual({ kind: "accept" });
    expect(checkContributionOn(ours, honest, rules)).toMatchObject({ kind: "ignore", code: "other-branch" });
    const record = aRecord(ours, carol, { contributions: [honest] }, rules);
    expect(checkRecordOn(ours, undefined, record, rules)).toMatchObject({ kind: "reject", code: "other-branch" });
  });

  it("would pass for one that was run here, and be found forged, if it named its block's height only (the rule of before)", () => {
    const moved = asOfHeight(honest, ours);
    expect(checkContributionOn(ours, moved, rules)).toEqual({ kind: "accept" });
    expect(isTrue(moved, ours)).toBe(false);
    // The control: what was run here passes and is true.
    const own = aContribution(ours, alice, {}, rules);
    expect(checkContributionOn(ours, own, rules)).toEqual({ kind: "accept" });
    expect(isTrue(own, ours)).toBe(true);
  });

  it("counts again where its block comes back", () => {
    const next = mineBlock(theirs, bob, rules).state;
    expect(checkContributionOn(next, honest, rules)).toEqual({ kind: "accept" });
    expect(checkContributionOn(mineBlock(ours, bob, rules).state, honest, rules)).toMatchObject({
      code: "other-branch",
    });
  });
});
