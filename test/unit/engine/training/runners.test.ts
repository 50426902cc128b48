// Whom a leader waits for: who was heard of within three rounds and ten seconds, and no more of them than a record holds.
import { beforeEach, describe, expect, it } from "vitest";
import { type Contribution, MAX_CONTRIBUTIONS } from "../../../../src/codec/index.ts";
import { Runners } from "../../../../src/engine/training/runners.ts";
import { aContribution, alice, aWorld, bob } from "../../../support/chain.ts";

const { state, rules } = aWorld();
const unit = (author = alice, mlNode = 0): Contribution => aContribution(state, author, { mlNode }, rules);
const nobody = new Set<string>();
let runners: Runners;
beforeEach(() => {
  runners = new Runners();
});
/** Whether anybody is still expected once a round begins. */
const expects = (moment: { readonly round: number; readonly now: number }): boolean => {
  runners.forget(moment);
  return !runners.areAll(nobody);
};

describe("a runner", () => {
  it("is expected once it was heard of, and each of its ML nodes by itself", () => {
    expect(runners.areAll(nobody)).toBe(true);
    for (const c of [unit(), unit(alice, 1), unit(bob)]) runners.noteRunner(c, { round: 1, now: 0 });
    const [a, b] = [alice, bob].map(({ address }) => Buffer.from(address).toString("hex"));
    expect(runners.areAll(new Set([`${a}/0`, `${b}/0`]))).toBe(false);
    expect(runners.areAll(new Set([`${a}/0`, `${a}/1`, `${b}/0`, "another"]))).toBe(true);
  });

  it("may miss three rounds and no more", () => {
    runners.noteRunner(unit(), { round: 10, now: 0 });
    expect([11, 12, 13].map((round) => expects({ round, now: 0 }))).toEqual([true, true, true]);
    expect(expects({ round: 14, now: 0 })).toBe(false);
  });

  it("is waited for ten seconds and no longer, however few rounds there were", () => {
    runners.noteRunner(unit(), { round: 10, now: 5_000 });
    expect(expects({ round: 11, now: 15_000 })).toBe(true);
    expect(expects({ round: 11, now: 15_001 })).toBe(false);
  });

  it("that is heard of again, in time or late, is expected anew", () => {
    runners.noteRunner(unit(), { round: 10, now: 0 });
    runners.noteRunner(unit(), { round: 13, now: 9_000 });
    expect(expects({ round: 16, now: 19_000 })).toBe(true);
    expect(expects({ round: 17, now: 19_000 })).toBe(false);
  });

  it("of rounds that a heavier branch undid is forgotten", () => {
    runners.noteRunner(unit(), { round: 10, now: 0 });
    expect(expects({ round: 9, now: 0 })).toBe(false);
  });

  it("is one of as many as a record holds", () => {
    for (let mlNode = 0; mlNode < MAX_CONTRIBUTIONS + 3; mlNode++)
      runners.noteRunner({ ...unit(), mlNode }, { round: 1, now: 0 });
    const known = Array.from({ length: MAX_CONTRIBUTIONS }, (_, mlNode) => ({ ...unit(), mlNode }));
    const names = known.map(({ author, mlNode }) => `${Buffer.from(author).toString("hex")}/${mlNode}`);
    expect(runners.areAll(new Set(names))).toBe(true);
    expect(runners.areAll(new Set(names.slice(1)))).toBe(false);
    // Those that are known go on being heard.
    runners.noteRunner(known[0] as Contribution, { round: 5, now: 0 });
    runners.forget({ round: 6, now: 0 });
    expect(runners.areAll(new Set(names.slice(0, 1)))).toBe(true);
    expect(runners.areAll(nobody)).toBe(false);
  });
});
