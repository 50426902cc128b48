// Places for checks: how many of whom, in which order they are run, and who gives them up.
import { getEventListeners } from "node:events";
import { beforeEach, describe, expect, it } from "vitest";
import { utf8 } from "../../../../src/base/index.ts";
import { type OwedCheck, OwedChecks } from "../../../../src/engine/training/owed-checks.ts";

let owed: OwedChecks;
beforeEach(() => {
  owed = new OwedChecks((peer) => (peer.startsWith("crowd") ? "crowd" : peer));
});

/** A block of an author without collateral, unless told. */
const check = (name: string, change: Partial<OwedCheck> = {}): OwedCheck => ({
  id: utf8(name),
  height: 5,
  author: `author of ${name}`,
  from: `bringer of ${name}`,
  rank: "unbacked",
  ...change,
});
const nameOf = (one: OwedCheck | undefined): string | undefined =>
  one === undefined ? undefined : new TextDecoder().decode(one.id);
/** Names in the order in which they are run. */
function order(...checks: readonly OwedCheck[]): (string | undefined)[] {
  for (const one of checks) owed.ready(one);
  return checks.map(() => {
    const next = owed.take();
    if (next !== undefined) owed.release(next.id);
    return nameOf(next);
  });
}

describe("places for authors without collateral", () => {
  it.each([
    ["two of one author, whoever brings them", 2, (i: number) => check(`${i}`, { author: "one" })],
    ["four of one connection, whoever made them", 4, (i: number) => check(`${i}`, { from: "one" })],
    ["eight of one IP group", 8, (i: number) => check(`${i}`, { from: `crowd ${i % 4}` })],
    ["sixteen in all, but for who has none", 16, (i: number) => check(`${i}`, { from: `bringer ${i % 5}` })],
  ])("are %s", (_what, most, made) => {
    for (let i = 0; i < most; i++) {
      expect(owed.reserve(made(i))).toBe(true);
      expect(owed.arrived(made(i).id)).toBe(true);
    }
    expect(owed.reserve(made(most))).toBe(false);
    expect(owed.size).toBe(most);
    // Once one ended there is room again.
    owed.release(made(0).id);
    expect(owed.reserve(made(most))).toBe(true);
  });

  it.each([
    ["four of one connection", 4, 20, () => "one"],
    ["eight of one IP group", 8, 20, (i: number) => `crowd ${i}`],
    ["256 in all, but for who has none", 256, 400, (i: number) => `bringer ${i % 100}`],
  ])("that are only announced are %s", (_what, most, tried, from) => {
    const places = Array.from({ length: tried }, (_, i) => owed.reserve(check(`${i}`, { from: from(i) })));
    expect(places.filter(Boolean)).toHaveLength(most);
    expect(owed.size).toBe(0);
  });

  it("are taken by blocks that are here when the node starts too", () => {
    for (let i = 0; i < 4; i++) owed.ready(check(`${i}`, { from: "one" }));
    expect(owed.reserve(check("more", { from: "one" }))).toBe(false);
    owed.release(utf8("0"));
    expect(owed.reserve(check("more", { from: "one" }))).toBe(true);
  });

  it("of an author are free for what nobody answers for, whatever the author had with collateral", () => {
    for (let i = 0; i < 8; i++) owed.reserve(check(`${i}`, { author: "a", rank: "backed" }));
    expect(["x", "y", "z"].map((name) => owed.reserve(check(name, { author: "a" })))).toEqual([true, true, false]);
  });

  it("are not taken by authors with collateral, whose siblings have no limit", () => {
    for (let i = 0; i < 100; i++)
      expect(owed.reserve(check(`${i}`, { author: "a", from: "b", rank: "backed" }))).toBe(true);
    for (let i = 0; i < 16; i++) expect(owed.reserve(check(`stranger ${i}`))).toBe(true);
  });

  it("are counted while they run, and one block has one", () => {
    const two = [check("1", { author: "one" }), check("2", { author: "one" })] as const;
    for (const one of two) owed.reserve(one);
    expect(owed.reserve(two[0])).toBe(false);
    owed.ready(two[0]);
    expect(nameOf(owed.take())).toBe("1");
    expect(owed.reserve(check("3", { author: "one" }))).toBe(false);
  });

  it("of blocks that are only announced keep nobody else's out: sixteen are here, and more come in of who has none only", () => {
    const all = Array.from({ length: 40 }, (_, i) => check(`${i}`, { from: `bringer ${i % 10}` }));
    for (const one of all) expect(owed.reserve(one)).toBe(true);
    expect(owed.size).toBe(0);
    expect(all.map(({ id }) => owed.arrived(id))).toEqual(all.map((_, i) => i < 16));
    expect([owed.size, owed.reserve(check("late", { from: "bringer 9" }))]).toEqual([16, false]);
    const late = check("late");
    expect([owed.reserve(late), owed.arrived(late.id), owed.size]).toEqual([true, true, 17]);
  });

  it("are shared by all who bring one block, until it is here or the last of them gives up", () => {
    const of = (from: string): OwedCheck => check("1", { from });
    expect(["a", "b", "b"].map((from) => owed.reserve(of(from)))).toEqual([true, true, false]);
    owed.giveUp(of("a").id, "a");
    expect(owed.has(of("a").id)).toBe(true);
    owed.giveUp(of("a").id, "b");
    expect(owed.has(of("a").id)).toBe(false);
    owed.reserve(of("a"));
    owed.arrived(of("a").id);
    expect(owed.reserve(of("b"))).toBe(false);
  });

  it("of forgers are no more, and come last", () => {
    for (let i = 0; i < 2; i++) expect(owed.reserve(check(`${i}`, { author: "one", rank: "banned" }))).toBe(true);
    expect(owed.reserve(check("2", { author: "one", rank: "banned" }))).toBe(false);
    expect(order(check("x", { rank: "banned" }), check("y"))).toEqual(["y", "x"]);
  });
});

describe("the order", () => {
  it("is of backed authors alone where nothing more may be wasted", () => {
    owed.ready(check("1"));
    expect(owed.take({ onlyBacked: true })).toBeUndefined();
    owed.ready(check("2", { rank: "backed" }));
    expect(nameOf(owed.take({ onlyBacked: true }))).toBe("2");
    expect(nameOf(owed.take())).toBe("1");
  });

  it("is collateral first, whatever the height", () => {
    const backed = check("backed", { rank: "backed", height: 9 });
    expect(order(check("low", { height: 1 }), backed, check("lower", { height: 0 }))).toEqual([
      "backed",
      "lower",
      "low",
    ]);
  });

  it("among backed authors is by height alone, so a chain is checked from below", () => {
    owed.noteWaste(check("1", { from: "wasteful" }), 1000);
    const at = (name: string, height: number, from: string): OwedCheck => check(name, { height, from, rank: "backed" });
    expect(order(at("3", 3, "a"), at("1", 1, "wasteful"), at("2", 2, "b"))).toEqual(["1", "2", "3"]);
  });

  it("among the others is by the time that their IP group wasted: a new name is no new start", () => {
    owed.noteWaste(check("", { from: "crowd 1" }), 300);
    expect(order(check("1", { from: "crowd 2", height: 1 }), check("2", { height: 2 }))).toEqual(["2", "1"]);
  });

  it("among the others is by the time that their connection wasted, then by height", () => {
    owed.noteWaste(check("", { from: "much" }), 300);
    for (let i = 0; i < 2; i++) owed.noteWaste(check("", { from: "little" }), 100);
    const all = [
      check("much", { from: "much", height: 1 }),
      check("little", { from: "little", height: 2 }),
      check("none", { from: "none", height: 4 }),
      check("lower", { from: "none", height: 3 }),
    ];
    expect(order(...all)).toEqual(["lower", "none", "little", "much"]);
  });

  it("leaves out what has not come yet, what runs, and what was put off", () => {
    const [coming, late] = [check("coming"), check("late")];
    owed.reserve(coming);
    owed.ready(late);
    expect([nameOf(owed.take()), owed.take()]).toEqual(["late", undefined]);
    owed.putOff(late);
    expect([owed.take(), owed.has(late.id)]).toEqual([undefined, true]);
    owed.ready(late);
    owed.ready(coming);
    expect([nameOf(owed.take()), nameOf(owed.take())]).toEqual(["coming", "late"]);
  });
});

describe("places that are given up", () => {
  it("are those that are told, but not of a check that runs", () => {
    for (const name of ["a", "b"]) owed.ready(check(name, { author: "one" }));
    const running = owed.take() as OwedCheck;
    owed.reserve(check("c"));
    owed.arrived(utf8("c"));
    owed.drop(({ author }) => author === "one");
    expect([owed.size, owed.has(running.id)]).toEqual([2, true]);
  });

  it("are not those of checks that can be run, however far the chain went on: theirs may be the heavier branch", () => {
    owed.reserve(check("coming", { height: 5 }));
    owed.ready(check("ready", { height: 5 }));
    owed.reserve(check("here", { height: 5 }));
    owed.arrived(utf8("here"));
    const kept = (): boolean[] => ["coming", "here", "ready"].map((name) => owed.has(utf8(name)));
    owed.expire(5);
    expect(kept()).toEqual([true, true, true]);
    owed.expire(6);
    expect([kept(), nameOf(owed.take())]).toEqual([[false, false, true], "ready"]);
  });

  it("wake whoever waits for room, and so does the signal", async () => {
    const stop = new AbortController();
    owed.reserve(check("a"));
    const woken = owed.changed(stop.signal);
    owed.release(utf8("a"));
    await woken;
    expect(getEventListeners(stop.signal, "abort")).toEqual([]);
    const stopped = owed.changed(stop.signal);
    stop.abort();
    await stopped;
    await owed.changed(stop.signal);
  });
});
