// The contract on the memory wire, and what only a simulated network can do: seeded replay, splits, loss.
import { describe, expect, it } from "vitest";
import { createMemoryNetwork } from "../../../src/adapters/memory-wire/index.ts";
import type { Clock } from "../../../src/ports/index.ts";
import { bytes, join, recorder, systemClock, until, within } from "./lab.ts";
import { wireContract } from "./suite.ts";

const network = createMemoryNetwork({ clock: systemClock, random: () => 0.5, latencyMs: 1 });
wireContract("memory wire", async () => network.wire());

/** A clock that moves only when told to, one due timer after the other. */
function virtualClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 0;
  let order = 0;
  const timers: { at: number; order: number; run: () => void }[] = [];
  return {
    now: () => now,
    wallTime: () => now,
    after: (ms, run) => {
      const timer = { at: now + ms, order: order++, run };
      timers.push(timer);
      return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
    },
    advance: async (ms) => {
      const end = now + ms;
      for (;;) {
        // Lets promises settle, so that what they schedule is in the queue before the next step.
        await new Promise((next) => setImmediate(next));
        const due = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
        if (due === undefined) break;
        timers.splice(timers.indexOf(due), 1);
        now = due.at;
        due.run();
      }
      now = end;
    },
  };
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Ten peers in a ring with chords, half the messages lost; what each heard and when. */
async function lossyRun(seed: number): Promise<string> {
  const clock = virtualClock();
  const air = createMemoryNetwork({ clock, random: seeded(seed), latencyMs: 20, loss: 0.5 });
  const story: string[] = [];
  const wires = await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const wire = air.wire();
      const log = recorder({
        judge: (said) => {
          story.push(`${clock.now()} ${i} ${said}`);
          return { kind: "accept" };
        },
      });
      await wire.start(log.handlers);
      return wire;
    }),
  );
  for (let i = 0; i < 10; i++)
    for (const step of [1, 3]) {
      const dial = wires[i]?.connect(wires[(i + step) % 10]?.addresses()[0] as string, within(5_000));
      await clock.advance(40);
      await dial;
    }
  for (let i = 0; i < 10; i++) await wires[i]?.publish("block", bytes(`m${i}`));
  await clock.advance(10_000);
  return story.join("\n");
}

describe("a memory network", () => {
  it("replays from its seed, and another seed differs", async () => {
    const [one, again, other] = [await lossyRun(1), await lossyRun(1), await lossyRun(2)];
    expect(one.split("\n").length).toBeGreaterThan(20);
    expect(again).toBe(one);
    expect(other).not.toBe(one);
  });

  it("splits, keeps the halves apart, and joins them again", async () => {
    const air = createMemoryNetwork({ clock: systemClock, random: () => 0.5 });
    const [a, b, c] = ["a", "b", "c"].map((name) => ({ wire: air.wire(name), log: recorder() }));
    if (a === undefined || b === undefined || c === undefined) throw new Error("unreachable");
    for (const { wire, log } of [a, b, c]) await wire.start(log.handlers);
    await join(a.wire, b.wire);
    await join(b.wire, c.wire);
    air.split([["a", "b"], ["c"]]);
    expect(b.log.disconnected).toEqual(["c"]);
    await a.wire.publish("block", bytes("during"));
    await until("the near half", () => b.log.hears("during"));
    await expect(c.wire.connect("/memory/b", within(1_000))).rejects.toMatchObject({ code: "WIRE_FAILED" });
    air.join();
    await until("the joined link", () => c.wire.peers().length === 1);
    await a.wire.publish("block", bytes("after"));
    await until("the far half", () => c.log.hears("after"));
    expect(c.log.hears("during")).toBe(false);
  });

  it("loses requests on a dead link until the cap, on the virtual clock", async () => {
    const clock = virtualClock();
    const air = createMemoryNetwork({ clock, random: () => 0.5 });
    const [a, b] = [air.wire("a"), air.wire("b")];
    await a.start(recorder().handlers);
    await b.start(recorder().handlers);
    const dial = a.connect("/memory/b", within(1_000));
    await clock.advance(0);
    await dial;
    air.quality("a", "b", { loss: 1 });
    const lost = a
      .request("b", "status", bytes("?"), { signal: new AbortController().signal })
      .catch((e: unknown) => e);
    await clock.advance(30_000);
    expect(await lost).toMatchObject({ code: "WIRE_TIMEOUT" });
    expect(clock.now()).toBe(30_000);
  });
});
