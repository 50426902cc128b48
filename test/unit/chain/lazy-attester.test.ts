// An attester that runs nothing: what it can say without the unit, and what finds it out.
import { describe, expect, it } from "vitest";
import { bytesEqual, toHex } from "../../../src/base/index.ts";
import { evidenceOf, falseAttestation, type Seat, type State } from "../../../src/chain/index.ts";
import { Contribution } from "../../../src/codec/index.ts";
import { checkShown, draftBlock, shownUnits } from "../../../src/consensus/index.ts";
import type { KeyPair } from "../../../src/crypto/index.ts";
import { allAudited, foundOf, keyOf, madeUpTrace, opened, rightWord, sealed, type Word } from "../../support/audits.ts";
import { aContribution, aKey, alice, bob, carol, mineBlock, winningParts } from "../../support/chain.ts";

const { rules, state: genesis } = allAudited({ maturity: 9 });
const dave = aKey("dave");
const unit = aContribution(genesis, bob, {}, rules);
const recorded = mineBlock(genesis, dave, rules, { others: [unit] }).state;

/** A block whose beacon gives bob's unit so many attesters, none of them the miner. */
function drawn(count: number): State {
  for (let index = 0; index < 5000; index += 50) {
    const { state } = mineBlock(recorded, dave, rules, { index });
    const seats = state.seatsOf(1);
    if (seats.length === count && !seats.some(({ attester }) => bytesEqual(attester, dave.address))) return state;
  }
  throw new Error("no such beacon");
}
const seatAt = (state: State, key: KeyPair): Seat => {
  const seat = state.seatsOf(1).find(({ attester }) => bytesEqual(attester, key.address));
  if (seat === undefined) throw new Error("it does not attest");
  return seat;
};
/** Both windows, with these words. */
function said(state: State, words: ReadonlyMap<KeyPair, Word>): State {
  const reveals = [...words].map(([key, word]) => opened({ ...seatAt(state, key), height: 1 }, word));
  const commits = reveals.map((reveal) => sealed(reveal, keyOf([alice, carol], reveal.attester), rules));
  return mineBlock(mineBlock(state, dave, rules, { commits }).state, dave, rules, { reveals }).state;
}
const accuse = (key: KeyPair) => evidenceOf(falseAttestation, { contribution: unit, height: 1, attester: key.address });
/** What whoever checks a block says of an accusation. */
function verdictOn(state: State, key: KeyPair): string {
  const [shown] = shownUnits(state, [accuse(key)], rules);
  if (shown === undefined) throw new Error("no offence");
  const verdict = checkShown(shown, foundOf(state, shown.contribution));
  return verdict.kind === "accept" ? "accept" : verdict.code;
}

const right = rightWord(genesis, unit);
const lazy: Word = { outcome: "valid", trace: madeUpTrace("lazy") };

describe("an attester that makes its trace up", () => {
  const two = drawn(2);

  it("says another trace than one that ran the unit, where an audit has twice the attesters", () => {
    const state = said(
      two,
      new Map([
        [alice, lazy],
        [carol, right],
      ]),
    );
    const words = state.seatsOf(1).map(({ outcome, trace }) => [outcome, toHex(trace)]);
    expect(new Set(words.map(([, trace]) => trace)).size).toBe(2);
    // Both said `valid`: only the traces tell, and the unit, run once more, tells which.
    expect(words.map(([outcome]) => outcome)).toEqual([0, 0]);
    expect([verdictOn(state, alice), verdictOn(state, carol)]).toEqual(["accept", "false-evidence"]);
    const after = mineBlock(state, dave, rules, { evidence: [accuse(alice)] }).state;
    expect([after.isBanned(alice.address), after.isBanned(carol.address)]).toEqual([true, false]);
    expect([after.collateralOf(alice.address), after.immature(alice.address)]).toEqual([0n, []]);
    expect(after.immature(carol.address)).toEqual(state.immature(carol.address));
  });

  it("loses more than its word brings", () => {
    const state = said(two, new Map([[alice, lazy]]));
    const amount = state.immature(alice.address).reduce((sum, reward) => sum + reward.amount, 0n);
    expect(amount).toBeGreaterThan(0n);
    const after = mineBlock(state, dave, rules, { evidence: [accuse(alice)] }).state;
    expect(state.collateralOf(alice.address) - after.collateralOf(alice.address)).toBeGreaterThan(amount);
  });

  it("is contradicted by nobody where it is alone, but by whoever runs the unit all the same", () => {
    const one = drawn(1);
    const [{ attester }] = one.seatsOf(1) as [Seat];
    const key = keyOf([alice, carol], attester);
    const state = said(one, new Map([[key, lazy]]));
    expect(state.seatsOf(1)).toHaveLength(1);
    expect(verdictOn(state, key)).toBe("accept");
  });

  it("is not seen when both make up the same: two keys of one mind", () => {
    const state = said(
      two,
      new Map([
        [alice, lazy],
        [carol, lazy],
      ]),
    );
    expect(new Set(state.seatsOf(1).map(({ trace }) => toHex(trace))).size).toBe(1);
    expect([verdictOn(state, alice), verdictOn(state, carol)]).toEqual(["accept", "accept"]);
  });
});

describe("an attester that copies", () => {
  const two = drawn(2);
  const honest = opened({ ...seatAt(two, carol), height: 1 }, right);
  const copied = sealed(honest, carol, rules);
  const place = { audit: Contribution.id(unit), height: 1, attester: alice.address };

  it("a sealed word cannot open it: the seal names its attester", () => {
    const theft = sealed({ ...honest, ...place }, alice, rules, { commitment: copied.commitment });
    const both = mineBlock(two, dave, rules, { commits: [copied, theft] }).state;
    const tries = [
      { ...honest, ...place },
      { ...honest, ...place, salt: new Uint8Array(32) },
    ];
    for (const reveal of tries) {
      const parts = winningParts(both, dave, { reveals: [honest, reveal] }, rules);
      expect(draftBlock(both, parts, rules)).toMatchObject({ code: "wrong-word" });
    }
    expect(draftBlock(both, winningParts(both, dave, { reveals: [honest] }, rules), rules).kind).toBe("draft");
  });

  it("an opened word comes too late: the window to seal is over by then", () => {
    const one = mineBlock(two, dave, rules, { commits: [copied] }).state;
    const late = sealed({ ...honest, ...place }, alice, rules);
    const parts = winningParts(one, dave, { reveals: [honest], commits: [late] }, rules);
    expect(draftBlock(one, parts, rules)).toMatchObject({ code: "not-now" });
  });
});
