// Evidence about a unit, which everybody runs again: a forged one, and an attester's word that it contradicts; and honest keys, whom none of it touches.
import { describe, expect, it } from "vitest";
import { bytesEqual, finish, toHex } from "../../../src/base/index.ts";
import {
  evidenceOf,
  falseAttestation,
  forgedUnit,
  type Genesis,
  judgeEvidence,
  judgeOn,
  type State,
  selectEvidence,
} from "../../../src/chain/index.ts";
import { Contribution, type Evidence, type Outcome } from "../../../src/codec/index.ts";
import { checkShown, draftBlock, NO_TRACE, shownUnits } from "../../../src/consensus/index.ts";
import type { KeyPair } from "../../../src/crypto/index.ts";
import { winningOf } from "../../../src/work/index.ts";
import {
  aForgery,
  allAudited,
  forged,
  foundOf,
  keyOf,
  madeUpTrace,
  mineTo,
  opened,
  rightWord,
  sealed,
  seatIn,
  type Word,
} from "../../support/audits.ts";
import {
  aContribution,
  aKey,
  alice,
  aRegistration,
  bob,
  carol,
  mineBlock,
  onTask,
  STAKE,
  someRecords,
  winningParts,
} from "../../support/chain.ts";

const { rules, state: genesis } = allAudited({ maturity: 9 });
const dave = aKey("dave");
const shows = (contribution: Contribution): Evidence => evidenceOf(forgedUnit, { contribution });
const judged = (evidence: Evidence, on: State): string => {
  const result = judgeOn(on, evidence, rules);
  return result.kind === "offence" ? "offence" : result.code;
};
/** What a checker of a block on `on` says of its evidence, units run again. */
const verdicts = (on: State, evidence: readonly Evidence[]): string[] =>
  shownUnits(on, evidence, rules).map((shown) => {
    const verdict = checkShown(shown, foundOf(on, shown.contribution));
    return verdict.kind === "accept" ? "accept" : verdict.code;
  });
const mine = (on: State, evidence: readonly Evidence[], miner: KeyPair = dave): State =>
  mineBlock(on, miner, rules, { evidence }).state;

const forgery = aForgery(genesis, bob, rules);
const honest = aContribution(genesis, bob, {}, rules);
/** Block 1, dave's, recorded both bob's forgery and a unit of carol. */
const recorded = mineBlock(genesis, dave, rules, { others: [forgery, aContribution(genesis, carol, {}, rules)] }).state;
const empty = mineBlock(genesis, dave, rules).state;

describe("a forged unit", () => {
  it("is an offence of its author, recorded or not", () => {
    for (const on of [recorded, empty]) {
      expect(judgeOn(on, shows(forgery), rules)).toMatchObject({
        kind: "offence",
        offender: bob.address,
        height: 1,
        shown: { contribution: forgery },
      });
      expect(verdicts(on, [shows(forgery)])).toEqual(["accept"]);
      const after = mine(on, [shows(forgery)]);
      expect([after.collateralOf(bob.address), after.isBanned(bob.address)]).toEqual([0n, true]);
      expect(after.immature(bob.address)).toEqual([]);
      expect(after.burnt).toBeGreaterThanOrEqual(STAKE - STAKE / 10n);
    }
  });

  it("is one whose digest or whose delta is made up, not one whose bytes or codec are odd", () => {
    const cases: [Partial<Contribution>, string][] = [
      [{ digest: madeUpTrace("digest") }, "accept"],
      [{ deltaHash: madeUpTrace("delta") }, "accept"],
      [{ deltaBytes: 41 }, "false-evidence"],
    ];
    for (const [change, verdict] of cases)
      expect(verdicts(empty, [shows(forged(honest, bob, rules, change))])).toEqual([verdict]);
    // One that does not end in finite numbers has no end to claim.
    expect(checkShown({ contribution: honest }, undefined)).toEqual({ kind: "accept" });
  });

  it("costs its author the least collateral, or nobody must run it: stake of less is as good as none", () => {
    for (const [stake, code] of [
      [rules.minCollateral - 1n, "nothing-to-lose"],
      [rules.minCollateral, undefined],
    ] as const) {
      const small = allAudited({
        maturity: 9,
        allocations: [{ address: toHex(alice.address), amount: "0", stake: `${stake}` }],
      });
      const on = mineBlock(small.state, dave, small.rules).state;
      const shown = [shows(aForgery(on, alice, small.rules))];
      expect(selectEvidence(onTask(on, small.rules), shown, small.rules)).toEqual(code === undefined ? shown : []);
      const draft = draftBlock(on, winningParts(on, carol, { evidence: shown }, small.rules), small.rules);
      expect(draft.kind === "draft" ? undefined : draft.code).toBe(code);
    }
  });

  it("is the winning contribution of a sibling's forged block", () => {
    const cheat = winningParts(genesis, bob, { index: 30 }, rules).contribution;
    const made = forged(cheat, bob, rules);
    expect([judged(shows(made), empty), verdicts(empty, [shows(made)])]).toEqual(["offence", ["accept"]]);
    expect(verdicts(empty, [shows(cheat)])).toEqual(["false-evidence"]);
    const sibling = mineBlock(genesis, bob, rules);
    expect(verdicts(empty, [shows(winningOf(sibling.block) as Contribution)])).toEqual(["false-evidence"]);
    expect(mine(empty, [shows(made)]).isBanned(bob.address)).toBe(true);
  });

  it("may start from any common state that stood on its block, the leader's of this branch included", () => {
    const records = someRecords(empty, dave, [alice], 2, rules);
    const next = mineBlock(empty, carol, rules, { records }).state;
    const starts = [undefined, records[0], records[1]].map((previous) => aForgery(empty, bob, rules, { previous }));
    expect(starts.map((unit) => judged(shows(unit), next))).toEqual(["offence", "offence", "offence"]);
    expect(judged(shows(aForgery(next, bob, rules)), next)).toBe("offence");
    // Before the records are in a block they are nobody's start.
    expect(starts.map((unit) => judged(shows(unit), empty))).toEqual(["offence", "wrong-start", "wrong-start"]);
  });

  it("is shown for evidenceBlocks from the block that could record it, and never again", () => {
    const first = shows(forgery);
    const at = [1, 2, 3, 4, 5, 6].map((height) => judged(first, mineTo(empty, height, dave, rules)));
    // In blocks 2 to 7: it could be recorded in block 1.
    expect(at).toEqual(["offence", "offence", "offence", "offence", "wrong-start", "wrong-start"]);
  });
});

describe("no forged unit", () => {
  it("is an honest contribution: a block that says so is refuted", () => {
    for (const contribution of [honest, aContribution(genesis, carol, {}, rules)])
      expect(verdicts(recorded, [shows(contribution)])).toEqual(["false-evidence"]);
  });

  it("is one of another branch, whose block or start this one does not have", () => {
    const sibling = mineBlock(genesis, alice, rules).state;
    const theirs = aContribution(sibling, bob, {}, rules);
    expect(judged(shows(theirs), mineTo(sibling, 2, alice, rules))).toBe("offence");
    expect(judged(shows(theirs), mineTo(empty, 2, dave, rules))).toBe("other-branch");
    // A leader's record that the next block left out: void here, the start of honest units elsewhere.
    const [first, second] = someRecords(empty, dave, [alice], 2, rules) as [never, never];
    const late = aContribution(empty, bob, { previous: second }, rules);
    const cut = mineBlock(empty, carol, rules, { records: [first] }).state;
    const whole = mineBlock(empty, carol, rules, { records: [first, second] }).state;
    expect([judged(shows(late), cut), judged(shows(late), whole)]).toEqual(["wrong-start", "offence"]);
    expect(verdicts(whole, [shows(late)])).toEqual(["false-evidence"]);
  });

  it("starts elsewhere than it says, or has another task, round or height", () => {
    const next = mineTo(empty, 3, dave, rules);
    for (const [change, code] of [
      [{ startDigest: madeUpTrace("start") }, "wrong-start"],
      [{ round: honest.round + 1 }, "wrong-start"],
      [{ task: madeUpTrace("task") }, "unknown-task"],
      [{ height: 1 }, "other-branch"],
      [{ height: 99 }, "other-branch"],
      [{ height: 0xffffffff }, "other-branch"],
      [{ block: madeUpTrace("block") }, "other-branch"],
    ] as const)
      expect([change, judged(shows(forged(honest, bob, rules, change)), next)]).toEqual([change, code]);
  });

  it("is signed by somebody else, or for another network", () => {
    expect(judged(shows({ ...forgery, digest: madeUpTrace("changed") }), empty)).toBe("no-offence");
    const { signature: _, ...fields } = forgery;
    expect(judged(shows(Contribution.sign(fields, carol, rules.genesis)), empty)).toBe("no-offence");
    const abroad = Contribution.sign(fields, bob, carol.address as never);
    expect(judged(shows(abroad), empty)).toBe("no-offence");
  });

  it("is punished twice, by another signature or with other evidence in between", () => {
    const after = mine(empty, [shows(forgery)]);
    const parts = winningParts(after, dave, { evidence: [shows(forgery)] }, rules);
    expect(draftBlock(after, parts, rules)).toMatchObject({ code: "already-punished" });
    expect(selectEvidence(onTask(after, rules), [shows(forgery)], rules)).toEqual([]);
    const both = winningParts(empty, dave, { evidence: [shows(forgery), shows(forgery)] }, rules);
    expect(draftBlock(empty, both, rules)).toMatchObject({ code: "already-punished" });
    // A second lie of the key costs what it has by then: nothing.
    const second = shows(aForgery(genesis, bob, rules, { index: 1 }));
    expect(draftBlock(after, winningParts(after, dave, { evidence: [second] }, rules), rules)).toMatchObject({
      code: "nothing-to-lose",
    });
  });
});

describe("the starts of a block", () => {
  it("are known for evidenceBlocks, even of a task that has stood still since", () => {
    const two = allAudited({ maturity: 9, tasks: [aRegistration("fake"), aRegistration("second")] });
    const first = mineBlock(two.state, dave, two.rules).state;
    const still = aForgery(first, bob, two.rules, { task: (two.rules.tasks[1] as { id: Uint8Array }).id });
    const known = [1, 5, 6].map((height) => mineTo(first, height, dave, two.rules).isStart(still));
    expect([first.isStart({ ...still, height: 2 }), ...known]).toEqual([false, true, true, false]);
  });
});

describe("a season's turn", () => {
  it("leaves last season's units evidence, and makes next season's start the only one of its block", () => {
    const seasons: Partial<Genesis> = { seasonBlocks: 2, tasks: [aRegistration("fake"), aRegistration("second")] };
    const two = allAudited({ maturity: 9, ...seasons });
    const first = mineBlock(two.state, dave, two.rules).state;
    const old = aForgery(first, bob, two.rules);
    const turned = mineBlock(first, dave, two.rules).state;
    const fresh = two.rules.tasks.map(({ id: task }) => aForgery(turned, bob, two.rules, { task }));
    const next = mineBlock(turned, dave, two.rules).state;
    for (const unit of [old, ...fresh]) expect(judgeOn(next, shows(unit), two.rules).kind).toBe("offence");
    const stale = forged(old, bob, two.rules, { height: 2, block: turned.tipId });
    expect(judgeOn(next, shows(stale), two.rules)).toMatchObject({ code: "wrong-start" });
  });
});

/** The state after block 4, in which the attester of bob's unit opened `word`; the unit is banned for if `shown`. */
function said(contribution: Contribution, word: Word, shown: readonly Evidence[] = []) {
  const drawn = mineTo(mineBlock(genesis, dave, rules, { others: [contribution] }).state, 2, dave, rules);
  const seat = seatIn(drawn, 1);
  const attester = keyOf([alice, carol], seat.attester);
  const reveal = opened({ ...seat, height: 1 }, word);
  const commits = [sealed(reveal, attester, rules)];
  const committed = mineBlock(drawn, dave, rules, { commits, evidence: shown }).state;
  const state = mineBlock(committed, dave, rules, { reveals: [reveal] }).state;
  const piece = evidenceOf(falseAttestation, { contribution, height: 1, attester: attester.address });
  return { drawn, committed, state, attester, piece };
}
const isRight = rightWord(genesis, honest);
const word = (outcome: Outcome, trace = isRight.trace): Word => ({ outcome, trace });

describe("a false attestation", () => {
  const made = madeUpTrace("lazy");
  const ban = [shows(forgery)];

  it.each([
    ["a made-up trace", honest, word("valid", made), []],
    ["no trace", honest, word("valid", NO_TRACE), []],
    ["that a forged unit is valid", forgery, word("valid"), []],
    ["that it is forged, without its trace", forgery, word("invalid", made), ban],
    ["that an honest unit is forged", honest, word("invalid"), [shows(aForgery(genesis, bob, rules, { index: 8 }))]],
  ])("says %s", (_what, contribution, spoken, shown) => {
    const { state, attester, piece } = said(contribution, spoken, shown);
    expect(judgeOn(state, piece, rules)).toMatchObject({
      ...{ kind: "offence", offender: attester.address, height: 1, shown: { word: spoken } },
    });
    expect(verdicts(state, [piece])).toEqual(["accept"]);
    const after = mine(state, [piece]);
    expect([after.collateralOf(attester.address), after.isBanned(attester.address)]).toEqual([0n, true]);
    // Its word's pay is gone, and so is the fifth of who carried it.
    const paidFor = (on: State): number =>
      on.immature().filter(({ author }) => bytesEqual(author, attester.address)).length;
    expect([paidFor(state), paidFor(after)]).toEqual([2, 0]);
    const twice = winningParts(state, dave, { evidence: [piece, piece] }, rules);
    expect(draftBlock(state, twice, rules)).toMatchObject({ code: "already-punished" });
    expect(selectEvidence(onTask(after, rules), [piece], rules)).toEqual([]);
  });

  it.each([
    ["of an honest unit", honest, word("valid"), []],
    ["of a forged one", forgery, word("invalid"), ban],
  ])("is not the right word %s", (_what, contribution, spoken, shown) => {
    const { state, piece } = said(contribution, spoken, shown);
    expect([judged(piece, state), verdicts(state, [piece])]).toEqual(["offence", ["false-evidence"]]);
  });

  it("is not a word on a unit that does not end, which has no trace", () => {
    const shown = (trace: Uint8Array) => ({ contribution: forgery, word: word("invalid", trace) });
    expect(checkShown(shown(NO_TRACE), undefined)).toMatchObject({ code: "false-evidence" });
    expect(checkShown(shown(made), undefined)).toEqual({ kind: "accept" });
    expect(checkShown({ ...shown(NO_TRACE), word: word("valid", NO_TRACE) }, undefined)).toEqual({ kind: "accept" });
  });

  it("is not a word that is sealed, or of a seat that there is not", () => {
    const { drawn, committed, state, attester, piece } = said(honest, word("valid", made));
    expect([judged(piece, drawn), judged(piece, committed), judged(piece, state)]).toEqual([
      "no-offence",
      "no-offence",
      "offence",
    ]);
    const of = (change: object): Evidence =>
      evidenceOf(falseAttestation, { contribution: honest, height: 1, attester: attester.address, ...change });
    expect(judged(of({ attester: bob.address }), state)).toBe("no-offence");
    expect(judged(of({ height: 2 }), state)).toBe("no-offence");
    expect(judged(of({ height: 99 }), state)).toBe("evidence-ahead");
    expect(judged(of({ contribution: forgery }), state)).toBe("no-offence");
    // The contribution is the one that was recorded, whatever its signature reads here.
    expect(judged(of({ contribution: { ...honest, signature: new Uint8Array(64) } }), state)).toBe("offence");
  });

  it("can be shown still when it was given in the last block that may carry it", () => {
    const { state, piece } = said(honest, word("valid", made));
    // Block 4 was the last of the window with w = 1; evidence goes into block 5, and not into block 6.
    expect(judged(piece, state)).toBe("offence");
    expect(judged(piece, mineTo(state, 5, dave, rules))).toBe("evidence-expired");
  });
});

describe("a block", () => {
  it("makes others run two units at most", () => {
    const keys = [alice, bob, carol];
    const pieces = keys.map((key) => shows(aForgery(genesis, key, rules)));
    expect(finish(judgeEvidence(pieces.slice(0, 2), onTask(empty, rules), rules))).toMatchObject({ kind: "offences" });
    expect(finish(judgeEvidence(pieces, onTask(empty, rules), rules))).toMatchObject({
      kind: "reject",
      code: "too-many-units",
    });
    expect(selectEvidence(onTask(empty, rules), pieces, rules)).toEqual(pieces.slice(0, 2));
    // The third goes into the next one.
    const after = mine(empty, selectEvidence(onTask(empty, rules), pieces, rules));
    const rest = selectEvidence(onTask(after, rules), pieces, rules);
    expect(rest).toEqual(pieces.slice(2));
    expect(keys.map((key) => mine(after, rest).isBanned(key.address))).toEqual([true, true, true]);
  });
});
