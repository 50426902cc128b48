// The role runner: events in each role's own words, effects carried out, and nothing after the end.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../src/adapters/telemetry/index.ts";
import { Emitter } from "../../../src/base/index.ts";
import type { Engine, EngineEvents } from "../../../src/engine/index.ts";
import { RoleRunner } from "../../../src/node/parts/role-runner.ts";
import { anyRole, type Claims, type RoleModule, role, startRole } from "../../../src/roles/index.ts";
import { settle, VirtualClock } from "../../support/virtual-clock.ts";

type Event = { readonly type: "moved"; readonly round: number } | { readonly type: "done" };
type Effect = { readonly type: "say"; readonly what: string } | { readonly type: "work" };

let events: Emitter<EngineEvents>;
let engine: Engine;
let stop: AbortController;
let said: string[];
/** Lets work that is under way end. */
let release: (() => void)[];
let announced: number;

beforeEach(() => {
  events = new Emitter();
  announced = 0;
  engine = {
    events,
    tasks: [{ rounds: { announce: () => announced++ } }, { rounds: { announce: () => announced++ } }],
  } as never;
  stop = new AbortController();
  said = [];
  release = [];
});
afterEach(() => stop.abort());

/** Counts what it hears, says it, and works when told to go on. */
const listener = (name: string): RoleModule<number, Event, Effect> =>
  role<number, Event, Effect>({
    name,
    bit: 4,
    needs: [],
    claims: {} as Partial<Claims>,
    listens: { round: ({ round }) => (round % 2 === 0 ? { type: "moved", round } : undefined) },
    start: ({ workers }) => [0, [{ type: "say", what: `${name} starts with ${workers}` }]],
    step: (count, event) => {
      switch (event.type) {
        case "moved":
          return [count + 1, [{ type: "say", what: `${name} ${count + 1}: round ${event.round}` }]];
        case "resume":
          return [count, [{ type: "work" }]];
        default:
          return [count, [{ type: "say", what: `${name} ${event.type} after ${count}` }]];
      }
    },
    effects: {
      say: ({ what }) => void said.push(what),
      work: async (_, { send, signal }) => {
        await new Promise<void>((resolve) => {
          release.push(resolve);
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
        send({ type: "done" });
      },
    },
  });

function aRunner(...names: readonly string[]): RoleRunner {
  const roles = names.map((name) => startRole(anyRole(listener(name)), { workers: 2, settings: {}, tasks: [] }));
  return new RoleRunner({ engine, roles, clock: new VirtualClock(), log: silentLog() }, { signal: stop.signal });
}
const round = (number: number): void => events.emit("round", { task: "", round: number, startDigest: "", head: "" });

describe("roles", () => {
  it("start with their first effects, and hear where every task stands", () => {
    const runner = aRunner("one", "two");
    expect([said, announced]).toEqual([[], 0]);
    runner.start();
    expect([said, announced]).toEqual([["one starts with 2", "two starts with 2"], 2]);
  });

  it("hear engine events in their own words, each with a state of its own", () => {
    const runner = aRunner("one", "two");
    runner.start();
    said.length = 0;
    for (const number of [1, 2, 3, 4]) round(number);
    expect(said).toEqual(["one 1: round 2", "two 1: round 2", "one 2: round 4", "two 2: round 4"]);
  });

  it("hear nothing before they start", () => {
    aRunner("one");
    round(2);
    expect(said).toEqual([]);
  });

  it("all hear pause and resume", async () => {
    const runner = aRunner("one", "two");
    runner.start();
    said.length = 0;
    runner.control({ type: "pause" });
    expect(said).toEqual(["one pause after 0", "two pause after 0"]);
    runner.control({ type: "resume" });
    expect(release).toHaveLength(2);
  });
});

describe("an effect", () => {
  it("that takes time is waited for, and sends events back to its role", async () => {
    const runner = aRunner("one");
    runner.start();
    said.length = 0;
    runner.control({ type: "resume" });
    let drained = false;
    void runner.drained().then(() => {
      drained = true;
    });
    await settle();
    expect(drained).toBe(false);
    for (const end of release) end();
    await settle();
    expect([drained, said]).toEqual([true, ["one done after 0"]]);
  });

  it.each([
    ["fails", () => Promise.reject(new Error("no room"))],
    [
      "throws",
      () => {
        throw new Error("no room");
      },
    ],
  ])("that %s is logged with its role, and stops neither the runner nor another role", async (_, say) => {
    const broken = { ...listener("broken"), effects: { say, work: () => undefined } };
    const roles = [broken, listener("one")].map((it) =>
      startRole(anyRole(it), { workers: 1, settings: {}, tasks: [] }),
    );
    const logged: object[] = [];
    const log = { ...silentLog(), error: (fields: object) => void logged.push(fields) };
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", onUnhandled);
    const runner = new RoleRunner({ engine, roles, clock: new VirtualClock(), log }, { signal: stop.signal });
    runner.start();
    await settle();
    round(2);
    runner.control({ type: "pause" });
    await settle();
    await runner.drained();
    process.off("unhandledRejection", onUnhandled);
    expect(said).toEqual(["one starts with 1", "one 1: round 2", "one pause after 1"]);
    expect(logged).toHaveLength(3);
    expect(logged[0]).toEqual({ role: "broken", effect: "say", reason: "no room" });
    expect(unhandled).toEqual([]);
  });

  it("that a role does not know is said, and nothing else", () => {
    const odd = { ...listener("odd"), effects: {} as never };
    const roles = [startRole(anyRole(odd), { workers: 1, settings: {}, tasks: [] })];
    const logged: object[] = [];
    const log = { ...silentLog(), error: (fields: object) => void logged.push(fields) };
    new RoleRunner({ engine, roles, clock: new VirtualClock(), log }, { signal: stop.signal }).start();
    expect(said).toEqual([]);
    expect(logged).toEqual([{ role: "odd", effect: "say", reason: "the role has no such effect" }]);
  });
});

describe("after the end", () => {
  it("no role hears anything, and what was under way sends nothing", async () => {
    const runner = aRunner("one");
    runner.start();
    runner.control({ type: "resume" });
    said.length = 0;
    stop.abort();
    round(2);
    runner.control({ type: "pause" });
    await runner.drained();
    expect(said).toEqual([]);
  });
});
