// The miner's pure step over several tasks, and what its effects do.
import { describe, expect, it, vi } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import { taskOf } from "../../../src/chain/index.ts";
import type { ControlEvent, RoleTools } from "../../../src/roles/index.ts";
import { type MinerEffect, type MinerEvent, type MinerState, miner } from "../../../src/roles/miner/miner.ts";
import { toyRegistration } from "../../support/sim.ts";
import { settle, VirtualClock } from "../../support/virtual-clock.ts";

const tasks = ["one", "two", "three"].map((name) => taskOf(toyRegistration(name)));
const [A, B, C] = tasks.map(({ id }) => toHex(id)) as [string, string, string];

/** A miner that is driven by hand: what it asked for since the last look. */
class Hand {
  state: MinerState;
  readonly #asked: MinerEffect[] = [];

  constructor(options: { readonly workers?: number; readonly named?: readonly string[] } = {}) {
    const { workers = 1, named = [] } = options;
    const [state, first] = miner.start({ workers, options: { tasks: [...named] }, tasks });
    this.state = state;
    this.#asked.push(...first);
  }

  tell(...events: readonly (MinerEvent | ControlEvent)[]): string[] {
    for (const event of events) {
      const frozen = deepFreeze(this.state);
      const [state, effects] = miner.step(frozen, event);
      // Pure: the same state and event give the same again.
      expect(miner.step(frozen, event)).toEqual([state, effects]);
      this.state = state;
      this.#asked.push(...effects);
    }
    return this.#asked.splice(0).map(show);
  }
}
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
const label = (task: string): string => ({ [A]: "A", [B]: "B", [C]: "C" })[task] ?? "?";
/** `A 0/2`: train task A, node 0, index 2; `A 0 wait 0.5`: wait half a unit of A. */
const show = (effect: MinerEffect): string =>
  effect.type === "train"
    ? `${label(effect.task)} ${effect.mlNode}/${effect.index}`
    : `${label(effect.task)} ${effect.mlNode} wait ${effect.units}`;
const round = (task: string, startDigest: string, head = "h"): MinerEvent => ({
  type: "round",
  task,
  startDigest,
  head,
});
const done = (mlNode = 0, ran = true): MinerEvent => ({ type: "unit-done", mlNode, ran });
const waited = (mlNode = 0): MinerEvent => ({ type: "waited", mlNode });
const pause: ControlEvent = { type: "pause" };
const resume: ControlEvent = { type: "resume" };

describe("a miner of one task", () => {
  it("waits for a round, then runs a unit from it on every node", () => {
    const hand = new Hand({ workers: 3 });
    expect(hand.tell(resume)).toEqual([]);
    expect(hand.tell(round(A, "p0"))).toEqual(["A 0/0", "A 1/0", "A 2/0"]);
  });

  it("gives the record half a unit of grace before it runs another unit from the same state", () => {
    const hand = new Hand();
    hand.tell(round(A, "p0"));
    expect(hand.tell(done())).toEqual(["A 0 wait 0.5"]);
    expect(hand.tell(waited())).toEqual(["A 0/1"]);
    expect(hand.tell(done(), waited())).toEqual(["A 0 wait 0.5", "A 0/2"]);
  });

  it("runs on at once when the record comes within the grace, from index 0", () => {
    const hand = new Hand();
    hand.tell(round(A, "p0"), done());
    expect(hand.tell(round(A, "p1"))).toEqual(["A 0/0"]);
    // The wait that was asked for ends while the next unit runs: nothing more is started.
    expect(hand.tell(waited())).toEqual([]);
  });

  it("runs on at once when the round moved during the unit", () => {
    const hand = new Hand();
    hand.tell(round(A, "p0"));
    expect(hand.tell(round(A, "p1"))).toEqual([]);
    expect(hand.tell(done())).toEqual(["A 0/0"]);
  });

  it("takes the same state on another head for another place", () => {
    const hand = new Hand();
    hand.tell(round(A, "p0", "h1"), done());
    expect(hand.tell(round(A, "p0", "h1"))).toEqual([]);
    expect(hand.tell(round(A, "p0", "h2"))).toEqual(["A 0/0"]);
  });

  it("tries a unit that could not run again after a whole unit, with the same index", () => {
    const hand = new Hand();
    hand.tell(round(A, "p0"), done(), waited());
    expect(hand.tell(done(0, false))).toEqual(["A 0 wait 1"]);
    expect(hand.tell(waited())).toEqual(["A 0/1"]);
    expect(hand.tell(done(), waited())).toEqual(["A 0 wait 0.5", "A 0/2"]);
  });

  it("keeps its nodes apart", () => {
    const hand = new Hand({ workers: 2 });
    hand.tell(round(A, "p0"));
    expect(hand.tell(done(1))).toEqual(["A 1 wait 0.5"]);
    expect(hand.tell(waited(1))).toEqual(["A 1/1"]);
    expect(hand.tell(done(0))).toEqual(["A 0 wait 0.5"]);
    // A record wakes the node that waits; the one that runs goes on.
    expect(hand.tell(round(A, "p1"))).toEqual(["A 0/0"]);
    expect(hand.tell(done(1))).toEqual(["A 1/0"]);
  });

  it.each([
    ["an end of a unit at a node that is not", done(7)],
    ["the end of a wait at a node that is not", waited(7)],
    ["a round that it knows", round(A, "p0")],
  ])("takes no notice of %s", (_what, event) => {
    const hand = new Hand();
    hand.tell(round(A, "p0"), done());
    const { state } = hand;
    expect(hand.tell(event)).toEqual([]);
    expect(hand.state).toEqual(state);
  });

  it("takes no notice of ends that it did not ask for", () => {
    const hand = new Hand();
    const { state } = hand;
    expect(hand.tell(done(), waited())).toEqual([]);
    expect(hand.state).toEqual(state);
    hand.tell(round(A, "p0"), done());
    expect(hand.tell(done())).toEqual([]);
    expect(hand.tell(waited())).toEqual(["A 0/1"]);
  });
});

describe("a miner of several tasks", () => {
  it("runs the task with the fewest units next, the first among equals", () => {
    const hand = new Hand();
    expect(hand.tell(round(A, "a0"), round(B, "b0"), round(C, "c0"))).toEqual(["A 0/0"]);
    expect(hand.tell(done())).toEqual(["B 0/0"]);
    expect(hand.tell(done())).toEqual(["C 0/0"]);
    // Each task had its unit's time for a record: from the same state on with the next index, without a wait.
    expect(hand.tell(done(), done(), done())).toEqual(["A 0/1", "B 0/1", "C 0/1"]);
    expect(hand.tell(round(A, "a1"), done(), done())).toEqual(["A 0/0", "B 0/2"]);
  });

  it("lets a task that comes late catch up, unit by unit", () => {
    const hand = new Hand();
    hand.tell(round(A, "a0"), done(), waited(), done(), waited());
    expect(hand.tell(round(B, "b0"))).toEqual([]);
    // Three units of A have begun: B runs until it has as many, with its own grace in between.
    expect(hand.tell(done())).toEqual(["B 0/0"]);
    expect(hand.tell(done(), waited(), done(), waited())).toEqual(["B 0 wait 0.5", "B 0/1", "B 0 wait 0.5", "B 0/2"]);
    expect(hand.tell(done())).toEqual(["A 0/3"]);
  });

  it("waits for no record of a task while it is another's turn", () => {
    const hand = new Hand();
    hand.tell(round(A, "a0"), round(B, "b0"));
    const seen = hand.tell(...Array.from({ length: 6 }, () => done()));
    expect(seen).toEqual(["B 0/0", "A 0/1", "B 0/1", "A 0/2", "B 0/2", "A 0/3"]);
  });

  it("is not woken from the grace of one task by the record of another", () => {
    const hand = new Hand();
    hand.tell(round(A, "a0"), done());
    expect(hand.tell(round(B, "b0"))).toEqual([]);
    expect(hand.tell(waited())).toEqual(["B 0/0"]);
  });

  it("counts each node's units by itself", () => {
    const hand = new Hand({ workers: 2 });
    expect(hand.tell(round(A, "a0"))).toEqual(["A 0/0", "A 1/0"]);
    hand.tell(round(B, "b0"));
    expect(hand.tell(done(0))).toEqual(["B 0/0"]);
    expect(hand.tell(done(0))).toEqual(["A 0/1"]);
    expect(hand.tell(done(1))).toEqual(["B 1/0"]);
  });

  it("asks each task for its own wait", () => {
    const hand = new Hand({ named: ["two"] });
    hand.tell(round(B, "b0"));
    expect(hand.tell(done(0, false))).toEqual(["B 0 wait 1"]);
  });
});

describe("the tasks that a miner trains", () => {
  it("are all that the node follows unless the settings name some, by name or id", () => {
    expect(new Hand().state.tasks).toEqual([A, B, C]);
    expect(new Hand({ named: ["three", "one"] }).state.tasks).toEqual([A, C]);
    expect(new Hand({ named: [B, "one"] }).state.tasks).toEqual([A, B]);
  });

  it("leave out the others' rounds", () => {
    const hand = new Hand({ named: ["two"] });
    const { state } = hand;
    expect(hand.tell(round(A, "a0"), round("ff".repeat(32), "x"))).toEqual([]);
    expect(hand.state).toEqual(state);
    expect(hand.tell(round(B, "b0"))).toEqual(["B 0/0"]);
    expect(hand.tell(round(A, "a1"), done())).toEqual(["B 0 wait 0.5"]);
  });

  it("are taken from settings as they are typed: an id with 0x", () => {
    // As the setting's own schema takes it, and as the node checks it before the miner starts.
    expect(new Hand({ named: [`0x${B}`] }).state.tasks).toEqual([B]);
    expect(new Hand({ named: [B.toUpperCase()] }).state.tasks).toEqual([B]);
  });
});

describe("a paused miner", () => {
  it("starts nothing, whatever comes", () => {
    const hand = new Hand({ workers: 2 });
    expect(hand.tell(pause, round(A, "p0"), round(B, "q0"), waited(0), round(A, "p1"))).toEqual([]);
    expect(hand.tell(resume)).toEqual(["A 0/0", "A 1/0"]);
  });

  it("lets the unit that runs end, and goes on from where the rounds are when it resumes", () => {
    const hand = new Hand();
    hand.tell(round(A, "p0"));
    expect(hand.tell(pause, round(A, "p1"), done())).toEqual([]);
    expect(hand.tell(resume)).toEqual(["A 0/0"]);
    expect(hand.tell(resume)).toEqual([]);
  });

  it("starts no unit when a wait ends, but when it resumes", () => {
    const hand = new Hand();
    hand.tell(round(A, "p0"), done());
    expect(hand.tell(pause, waited())).toEqual([]);
    expect(hand.tell(resume)).toEqual(["A 0/1"]);
  });

  it("still waits after it resumed, if the round did not move", () => {
    const hand = new Hand();
    hand.tell(round(A, "p0"), done());
    expect(hand.tell(pause, resume)).toEqual([]);
    expect(hand.tell(waited())).toEqual(["A 0/1"]);
  });
});

describe("what a miner listens to", () => {
  it("is the rounds of the engine", () => {
    expect(Object.keys(miner.listens)).toEqual(["round"]);
    expect(miner.listens.round?.({ task: A, round: 3, startDigest: "p", head: "h" })).toEqual(round(A, "p"));
  });
});

describe("what a miner's effects do", () => {
  function tools(
    engine: object,
  ): RoleTools<MinerEvent> & { sent: MinerEvent[]; warned: string[]; clock: VirtualClock; stop: () => void } {
    const sent: MinerEvent[] = [];
    const warned: string[] = [];
    const stop = new AbortController();
    const nothing = (): void => undefined;
    const log = {
      debug: nothing,
      info: nothing,
      error: nothing,
      warn: (data: object) => warned.push(JSON.stringify(data)),
      child: () => log,
    };
    const clock = new VirtualClock();
    return {
      engine: engine as never,
      clock,
      log,
      signal: stop.signal,
      send: (event) => sent.push(event),
      sent,
      warned,
      stop: () => stop.abort(new Error("over")),
    };
  }
  const unit = { type: "train", task: A, mlNode: 1, index: 4 } as const;

  it.each([
    ["a unit that ran", async () => ({}), true, []],
    ["a unit that had no parameters", async () => undefined, false, []],
    [
      "a unit that failed",
      async () => Promise.reject(new Error("no memory")),
      false,
      ['{"mlNode":1,"index":4,"reason":"no memory"}'],
    ],
  ])("training says how %s ended", async (_what, run, ran, warned) => {
    const train = vi.fn(run);
    const given = tools({ train });
    await miner.effects.train(unit, given);
    expect(train).toHaveBeenCalledExactlyOnceWith(A, 1, 4);
    expect(given.sent).toEqual([{ type: "unit-done", mlNode: 1, ran }]);
    expect(given.warned).toEqual(warned);
  });

  it("a unit that is called off is no failure", async () => {
    const given = tools({ train: async () => Promise.reject(given.signal.reason) });
    given.stop();
    await miner.effects.train(unit, given);
    expect(given.warned).toEqual([]);
  });

  it("waiting takes a share of the task's median unit, and ends with the node", async () => {
    const given = tools({ medianUnitMs: (task: string) => (task === A ? 4000 : 100) });
    miner.effects.wait({ type: "wait", task: A, mlNode: 0, units: 0.5 }, given);
    miner.effects.wait({ type: "wait", task: B, mlNode: 1, units: 1 }, given);
    await given.clock.run(100);
    expect(given.sent).toEqual([waited(1)]);
    await given.clock.run(1899);
    expect(given.sent).toHaveLength(1);
    await given.clock.run(1);
    expect(given.sent).toEqual([waited(1), waited(0)]);
    miner.effects.wait({ type: "wait", task: A, mlNode: 2, units: 1 }, given);
    given.stop();
    await given.clock.run(10_000);
    await settle();
    expect(given.sent).toHaveLength(2);
  });
});
