import { describe, expect, it } from "vitest";
import { type Member, victimOf } from "../../../src/adapters/libp2p/peers/eviction.ts";

type Named = Member & { readonly name: string };
const member = (name: string, group: string, score = 0, inbound = true): Named => ({ name, group, score, inbound });
const out = (members: readonly Named[], all = 8, perGroup = 4): string | undefined =>
  victimOf(members, { all, perGroup })?.name;

/** `n` members of groups of their own. */
const scattered = (n: number, score = 0): Named[] =>
  Array.from({ length: n }, (_, i) => member(`s${i}`, `group ${i}`, score));

describe("eviction", () => {
  it("leaves everybody alone while there is room", () => {
    expect(out(scattered(8))).toBeUndefined();
    expect(out([])).toBeUndefined();
  });

  it("takes the youngest of the most crowded group for a newcomer of another", () => {
    const crowd = ["a", "b", "c"].map((name) => member(name, "crowd"));
    expect(out([...scattered(5), ...crowd, member("new", "elsewhere")])).toBe("c");
  });

  it("refuses the newcomer that makes its own group too large, and whoever is of less use before it", () => {
    const crowd = ["a", "b", "c", "d"].map((name) => member(name, "crowd"));
    expect(out([...crowd, member("new", "crowd")], 50)).toBe("new");
    expect(out([member("bad", "crowd", -1), ...crowd.slice(1), member("new", "crowd")], 50)).toBe("bad");
  });

  it("keeps places for newcomers in a table of single groups, at the cost of the least useful", () => {
    const full = scattered(8, 1).map((one, i) => (i === 5 ? { ...one, score: 0 } : one));
    expect(out([...full, member("new", "elsewhere")])).toBe("s5");
  });

  it("never takes the oldest useful peers, nor whom it dialled itself", () => {
    const old = [member("old", "crowd", 5), member("older", "crowd", 5)];
    const young = [member("young", "crowd", 9), member("younger", "crowd", 9)];
    const dialled = Array.from({ length: 4 }, (_, i) => member(`d${i}`, "crowd", 0, false));
    const table = [...old, ...young, ...dialled];
    expect(out([...table, member("new", "elsewhere")])).toBe("younger");
    // Two of a group at most are kept, however old: a crowd that came early does not stay for that.
    expect(out([...["a", "b", "c"].map((name) => member(name, "crowd", 1)), ...scattered(5), member("new", "x")])).toBe(
      "c",
    );
  });

  it("refuses the newcomer when nobody can go", () => {
    const dialled = Array.from({ length: 8 }, (_, i) => member(`d${i}`, `group ${i}`, 0, false));
    expect(out([...dialled, member("new", "elsewhere")])).toBe("new");
  });
});
