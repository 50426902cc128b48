// Edit distance as a metric, and suggestions only for slips of the finger.
import fc from "fast-check";
import { expect, it } from "vitest";
import { didYouMean, editDistance, nearest } from "../../../src/node/index.ts";

it("counts edits", () => {
  const pairs: [string, string, number][] = [
    ["", "", 0],
    ["abc", "abc", 0],
    ["abc", "acb", 1],
    ["abc", "ab", 1],
    ["kitten", "sitting", 3],
    ["", "xyz", 3],
  ];
  for (const [a, b, distance] of pairs) expect(editDistance(a, b), `${a} ${b}`).toBe(distance);
});

it("is symmetric and zero only for equal words", () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, b) === 0).toBe(a === b);
    }),
  );
});

it("suggests the nearest, across case and dashes, and nothing for a stranger", () => {
  const known = ["bootstrap", "dataDir", "maxPeers"];
  expect(nearest("bootsrap", known)).toBe("bootstrap");
  expect(nearest("data-dir", known)).toBe("dataDir");
  expect(nearest("MAXPEER", known)).toBe("maxPeers");
  expect(nearest("colour", known)).toBeUndefined();
  expect(didYouMean("colour", known)).toBe("");
  expect(didYouMean("datadir", known)).toBe(' (did you mean "dataDir"?)');
});
