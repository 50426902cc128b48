// What is early is judged again when a round moves, a few times and not for long, and only so many messages of one peer wait.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ACCEPT, Emitter, ignore, reject, Scope, type Verdict } from "../../../../src/base/index.ts";
import type { EventBus } from "../../../../src/engine/events.ts";
import { Patience } from "../../../../src/engine/intake/index.ts";
import { isEarly } from "../../../../src/engine/intake/patience.ts";
import { settle, VirtualClock } from "../../../support/virtual-clock.ts";

const early = ignore("unknown-round");
let events: EventBus;
let clock: VirtualClock;
let scope: Scope;
let patience: Patience;
beforeEach(() => {
  events = new Emitter();
  clock = new VirtualClock();
  scope = new Scope();
  patience = new Patience({ events, clock, groupOf: (peer) => peer }, scope);
});
afterEach(() => scope.close());

const moves = async (): Promise<void> => {
  events.emit("round", { task: "", round: 1, startDigest: "", head: "" });
  await settle();
};

/** Judges a message of a peer by a list of verdicts, the last of them again and again. */
function judge(
  verdicts: readonly Verdict[],
  from = "peer",
  signed = true,
): { readonly asked: () => number; readonly done: () => Verdict | undefined } {
  let asked = 0;
  let done: Verdict | undefined;
  const next = (): Verdict => verdicts[Math.min(asked++, verdicts.length - 1)] as Verdict;
  void patience.judge(from, { judge: next, isSigned: () => signed }).then((verdict) => {
    done = verdict;
  });
  return { asked: () => asked, done: () => done };
}

describe("an early message", () => {
  it.each(["other-block", "unknown-round", "wrong-previous", "other-branch", "height-ahead"] as const)(
    "of code %s is",
    (code) => {
      expect(isEarly(ignore(code))).toBe(true);
    },
  );

  it.each([
    ACCEPT,
    ignore("stale-round"),
    ignore("no-delta"),
    ignore("known"),
    reject("wrong-next"),
    reject("other-block" as never),
  ])("is not one of %o, which is answered at once", async (verdict) => {
    expect(isEarly(verdict)).toBe(false);
    const one = judge([verdict]);
    await settle();
    expect([one.asked(), one.done()]).toEqual([1, verdict]);
  });

  it("is judged again when a round moves, and taken when its time has come", async () => {
    const one = judge([early, early, ACCEPT]);
    await settle();
    expect([one.asked(), one.done()]).toEqual([1, undefined]);
    await moves();
    expect([one.asked(), one.done()]).toEqual([2, undefined]);
    await moves();
    expect([one.asked(), one.done()]).toEqual([3, ACCEPT]);
  });

  it("is given up after four tries", async () => {
    const one = judge([early]);
    for (let i = 0; i < 6; i++) {
      await settle();
      await moves();
    }
    expect([one.asked(), one.done()]).toEqual([4, early]);
  });

  it("is given up when no round moves for a second and a half", async () => {
    const one = judge([early]);
    await clock.run(1_400);
    expect(one.done()).toBeUndefined();
    await clock.run(200);
    expect([one.asked(), one.done()]).toEqual([1, early]);
  });

  it("is refused at once where it is not signed by whom it names", async () => {
    const one = judge([early, ACCEPT], "peer", false);
    await settle();
    expect([one.asked(), one.done()]).toEqual([1, reject("bad-signature")]);
  });

  it("waits anew for each move, so three can take longer", async () => {
    const one = judge([early]);
    for (let i = 0; i < 2; i++) {
      await clock.run(1_000);
      await moves();
    }
    expect([one.asked(), one.done()]).toEqual([3, undefined]);
    await clock.run(1_600);
    expect(one.done()).toEqual(early);
  });

  it("is given up when the node stops", async () => {
    const one = judge([early]);
    await settle();
    await scope.close();
    await settle();
    expect(one.done()).toEqual(early);
  });
});

describe("a peer", () => {
  it("has sixteen early messages waiting at most, and that costs no other peer anything", async () => {
    const many = Array.from({ length: 20 }, () => judge([early, ACCEPT], "flood"));
    const other = judge([early, ACCEPT], "other");
    await settle();
    expect(many.filter((one) => one.done() !== undefined)).toHaveLength(4);
    expect(other.done()).toBeUndefined();
    await moves();
    expect(many.filter((one) => one.done() === ACCEPT)).toHaveLength(16);
    expect(other.done()).toBe(ACCEPT);
    // And may wait again.
    const again = judge([early, ACCEPT], "flood");
    await settle();
    expect(again.done()).toBeUndefined();
    await moves();
    expect(again.done()).toBe(ACCEPT);
  });

  it("is one of so many that wait: 256 in all, and one more of each IP group that has none", async () => {
    const many = Array.from({ length: 20 * 16 }, (_, i) => judge([early, ACCEPT], `peer ${Math.floor(i / 16)}`));
    await settle();
    expect(many.filter((one) => one.done() === undefined)).toHaveLength(256 + 4);
  });
});
