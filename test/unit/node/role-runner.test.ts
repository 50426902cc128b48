// Roles at work: events reach the roles that listen, effects are carried out and waited for, and nothing runs once the node stops.
import { describe, expect, it } from "vitest";
import { silentLog } from "../../../src/adapters/telemetry/index.ts";
import { Emitter } from "../../../src/base/index.ts";
import type { EngineEvents } from "../../../src/engine/index.ts";
import { RoleRunner } from "../../../src/node/parts/role-runner.ts";
import { anyRole, role, startRole } from "../../../src/roles/index.ts";
import { settle, VirtualClock } from "../../support/virtual-clock.ts";

interface Event {
  readonly type: "synced";
  readonly target: number;
}
type Effect = { readonly type: "note"; readonly what: string } | { readonly type: "work"; readonly ms: number };

/** Two roles over a bare bus: a listener that notes and works, and a deaf one. */
function stage() {
  const events = new Emitter<EngineEvents>();
  const noted: string[] = [];
  const clock = new VirtualClock();
  const stop = new AbortController();
  let announced = 0;
  const scribe = role<number, Event, Effect>({
    name: "scribe",
    bit: 5,
    needs: [],
    claims: {},
    listens: { sync: ({ target }) => (target < 0 ? undefined : { type: "synced", target }) },
    start: () => [0, [{ type: "note", what: "first" }]],
    step: (seen, event) => {
      if (event.type !== "synced") return [seen, [{ type: "note", what: event.type }]];
      return [
        seen + 1,
        [
          { type: "note", what: `${seen}:${event.target}` },
          { type: "work", ms: event.target },
        ],
      ];
    },
    effects: {
      note: ({ what }) => void noted.push(what),
      work: ({ ms }, tools) =>
        new Promise<void>((resolve) => {
          tools.clock.after(ms, () => {
            noted.push(`worked ${ms}`);
            // An effect may hand an event to its own role.
            if (ms === 7) tools.send({ type: "synced", target: 1 });
            resolve();
          });
        }),
    },
  });
  const deaf = role<undefined, never, never>({
    ...{ name: "deaf", bit: 6, needs: [], claims: {}, listens: {}, effects: {} },
    start: () => [undefined, []],
    step: (state) => [state, []],
  });
  const inputs = { workers: 1, settings: {}, tasks: [] };
  const roles = [scribe, deaf].map((one) => startRole(anyRole(one), inputs));
  const engine = {
    events,
    tasks: [{ rounds: { announce: () => announced++ } }, { rounds: { announce: () => announced++ } }],
  };
  const runner = new RoleRunner({ engine: engine as never, roles, clock, log: silentLog() }, { signal: stop.signal });
  const sync = (target: number): void => events.emit("sync", { progress: undefined, target });
  return { runner, sync, noted, clock, stop, announced: () => announced };
}

describe("the runner of roles", () => {
  it("runs the first effects and asks every task where it stands, once roles listen", () => {
    const { runner, sync, noted, announced } = stage();
    sync(3);
    expect(noted).toEqual([]);
    runner.start();
    expect(noted).toEqual(["first"]);
    expect(announced()).toBe(2);
  });

  it("feeds what a role listens to, in its own words, and keeps its state", () => {
    const { runner, sync, noted } = stage();
    runner.start();
    sync(3);
    sync(-1);
    sync(4);
    expect(noted).toEqual(["first", "0:3", "1:4"]);
  });

  it("tells every role of a pause and a resume", () => {
    const { runner, noted } = stage();
    runner.start();
    runner.control({ type: "pause" });
    runner.control({ type: "resume" });
    expect(noted).toEqual(["first", "pause", "resume"]);
  });

  it("is drained when every effect under way has ended, and those that they led to", async () => {
    const { runner, sync, noted, clock } = stage();
    runner.start();
    sync(7);
    sync(9);
    let drained = false;
    const done = runner.drained().then(() => {
      drained = true;
    });
    await clock.run(7);
    expect(noted).toEqual(["first", "0:7", "1:9", "worked 7", "2:1"]);
    expect(drained).toBe(false);
    await clock.run(5);
    await done;
    expect(noted.slice(5)).toEqual(["worked 1", "worked 9"]);
    await runner.drained();
  });

  it("feeds nothing once the node stops, not even what an effect still sends", async () => {
    const { runner, sync, noted, clock, stop } = stage();
    runner.start();
    sync(7);
    stop.abort();
    sync(3);
    runner.control({ type: "resume" });
    await clock.run(10);
    await settle();
    expect(noted).toEqual(["first", "0:7", "worked 7"]);
    await runner.drained();
  });
});
