// Places that are shared fairly: nobody takes what is another's, what is given back is counted once, and who holds none is never kept out.
import { describe, expect, it } from "vitest";
import { Shares } from "../../../src/base/index.ts";

/** Peers `a1`, `a2`, ... are of IP group `a`. */
const groupOf = (peer: string): string => peer.slice(0, 1);
const shares = (): Shares => new Shares({ perPeer: 2, perGroup: 3, inAll: 5 }, groupOf);
const take = (of: Shares, ...peers: readonly string[]): boolean[] => peers.map((peer) => of.take(peer) !== undefined);
const signal = new AbortController().signal;

describe("shares", () => {
  it("give a peer, and the peers of one IP group, so many places and no more", () => {
    const of = shares();
    expect(take(of, "a1", "a1", "a1")).toEqual([true, true, false]);
    expect(take(of, "a2", "a3")).toEqual([true, false]);
    expect(take(of, "b1", "b1")).toEqual([true, true]);
    expect(of.taken).toBe(5);
  });

  it("keep out nobody who holds none where all are taken", () => {
    const of = shares();
    take(of, "a1", "a1", "a2", "b1", "b1");
    // The house is full: one who holds something gets no more, each that holds nothing gets one.
    expect(take(of, "b2", "c1", "c1", "d1")).toEqual([false, true, false, true]);
    expect(of.taken).toBe(7);
    // Up to twice as many.
    expect(take(of, "e1", "f1", "g1", "h1")).toEqual([true, true, true, false]);
  });

  it("take a place back once, however often it is given back", () => {
    const of = shares();
    const back = of.take("a1");
    take(of, "a1");
    back?.();
    back?.();
    expect(of.taken).toBe(1);
    expect(take(of, "a1", "a1")).toEqual([true, false]);
  });

  it("count what is larger as more", () => {
    const of = shares();
    expect(of.take("a1", 3)).toBeUndefined();
    expect(of.take("a1", 2)).toBeDefined();
    expect(of.take("a2", 2)).toBeUndefined();
    expect(of.take("a2", 1)).toBeDefined();
  });

  it("let those that wait in by their order as there is room, past those for whom there is none", async () => {
    const of = shares();
    const [first] = [of.take("a1"), of.take("a1")];
    const came: string[] = [];
    const waits = ["a1", "a1", "b1"].map((peer, i) => of.turn(peer, { signal }).then(() => came.push(`${peer} ${i}`)));
    await waits[2];
    expect(came).toEqual(["b1 2"]);
    first?.();
    await waits[0];
    expect(came).toEqual(["b1 2", "a1 0"]);
    expect(of.taken).toBe(3);
  });

  it("give back as much as was taken, and let in as much as was waited for, past who needs more", async () => {
    const of = new Shares({ perPeer: 4, perGroup: 4, inAll: 9 }, groupOf);
    const all = of.take("a1", 4);
    const came: string[] = [];
    const waits = [4, 3].map((amount, i) =>
      of.turn(`a${i + 2}`, { signal }, amount).then((back) => {
        came.push(`${amount}`);
        return back;
      }),
    );
    all?.();
    const four = await waits[0];
    expect([came, of.taken]).toEqual([["4"], 4]);
    four?.();
    await waits[1];
    expect([came, of.taken]).toEqual([["4", "3"], 3]);
    // Three are taken, one is left: who needs two waits, who needs one behind it does not.
    const two = of.turn("a1", { signal }, 2).then(() => came.push("2"));
    const one = of.turn("a1", { signal }, 1).then(() => came.push("1"));
    await one;
    const other = of.take("b1");
    void of.turn("a1", { signal }, 1).then(() => came.push("late"));
    other?.();
    await Promise.resolve();
    expect(came).toEqual(["4", "3", "1"]);
    void two;
  });

  it("wake whoever has room, past those that have none", async () => {
    const of = shares();
    const [back] = [of.take("a1"), of.take("a1"), of.take("b1"), of.take("b1")];
    const came: string[] = [];
    const first = of.turn("b1", { signal }).then(() => came.push("b1"));
    const second = of.turn("a1", { signal }).then(() => came.push("a1"));
    back?.();
    await second;
    expect(came).toEqual(["a1"]);
    void first;
  });

  it("forget whoever stops waiting", async () => {
    const of = shares();
    const [first] = [of.take("a1"), of.take("a1")];
    const gone = new AbortController();
    const wait = of.turn("a1", gone);
    gone.abort(new Error("gone"));
    await expect(wait).rejects.toThrow("gone");
    await expect(of.turn("a1", gone)).rejects.toThrow("gone");
    first?.();
    expect(of.taken).toBe(1);
  });

  it("count a peer whose group became another where it was counted", () => {
    let group = "a";
    const of = new Shares({ perPeer: 2, perGroup: 2, inAll: 5 }, () => group);
    const back = of.take("p");
    group = "b";
    back?.();
    expect(of.taken).toBe(0);
    expect(take(of, "p", "p", "p")).toEqual([true, true, false]);
    group = "a";
    expect(take(of, "q", "q", "q")).toEqual([true, true, false]);
  });
});
