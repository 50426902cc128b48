// The one table of refusal codes: one code, one sentence, one meaning; and what a verdict makes of them.
import { describe, expect, it } from "vitest";
import {
  ACCEPT,
  allRefusals,
  declareRefusals,
  ignore,
  insist,
  REFUSALS,
  reject,
  sentenceOf,
} from "../../../src/base/index.ts";

describe("the table", () => {
  it("has one sentence for each code, in plain words, and no sentence twice", () => {
    const all = [...allRefusals()];
    expect(all.length).toBeGreaterThanOrEqual(Object.keys(REFUSALS).length);
    for (const [code, sentence] of all) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(sentence, code).toMatch(/^[a-z].{8,}[^.]$/);
    }
    expect(new Set(all.map(([, sentence]) => sentence)).size).toBe(all.length);
  });

  it("takes codes that a table declares for itself, and says their sentence", () => {
    const own = declareRefusals({ "fixture-late": "the fixture came late", "fixture-odd": "the fixture is odd" });
    expect(own).toEqual({ "fixture-late": "fixture-late", "fixture-odd": "fixture-odd" });
    expect(allRefusals().get("fixture-odd")).toBe("the fixture is odd");
    expect(reject(own["fixture-late"], "by 5 ms").reason).toBe("the fixture came late: by 5 ms");
  });

  it.each([
    ["of the table", "bad-signature"],
    ["that was declared before", "fixture-taken"],
  ])("refuses a second meaning for a code %s", (_where, code) => {
    if (code === "fixture-taken") declareRefusals({ [code]: "the fixture is taken" });
    const before = allRefusals().get(code);
    expect(() => declareRefusals({ [code]: "something else" })).toThrow(`the refusal code "${code}" is taken`);
    expect(allRefusals().get(code)).toBe(before);
  });
});

describe("a refusal", () => {
  it("says its code's sentence, and the detail behind a colon", () => {
    expect(sentenceOf("banned")).toBe(REFUSALS.banned);
    expect(sentenceOf("banned", "the leader")).toBe(`${REFUSALS.banned}: the leader`);
    expect(reject("banned")).toEqual({ kind: "reject", code: "banned", reason: REFUSALS.banned });
    expect(ignore("banned", "the leader")).toEqual({
      kind: "ignore",
      code: "banned",
      reason: `${REFUSALS.banned}: the leader`,
    });
  });

  it("inside a block is a fault, whatever gossip would make of it; what passes, passes", () => {
    expect(insist(ignore("stale-round", "7"))).toEqual(reject("stale-round", "7"));
    expect(insist(reject("stale-round"))).toEqual(reject("stale-round"));
    expect(insist(ACCEPT)).toBe(ACCEPT);
  });
});
