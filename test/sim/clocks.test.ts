// Machines whose clocks are wrong, and clocks that are set while nodes run: nobody is punished for one, and who has one is told.
import { afterEach, describe, expect, it } from "vitest";
import type { NodeStatus } from "../../src/node/index.ts";
import { Sim } from "../support/sim.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const MINER = { roles: ["miner"], unitMs: 3000 } as const;

let sim: Sim;
afterEach(() => sim?.close());

const status = (name: string): NodeStatus => sim.node(name).getStatus();
/** A block that healthy nodes agree on at any moment. */
async function deep(name: string): Promise<string | undefined> {
  const lowest = Math.min(...["a", name].map((one) => status(one).height));
  return (
    await sim
      .node(name)
      .view()
      .block(lowest - 6)
  )?.hash;
}
/** Everybody still speaks with everybody, and nothing that anybody sent was found wrong. */
function expectPeace(...names: readonly string[]): void {
  for (const name of names) {
    expect([name, status(name).peers]).toEqual([name, names.length - 1]);
    expect([name, sim.node(name).getHealthMetrics().successRate]).toEqual([name, 1]);
  }
}

describe("clocks that differ", () => {
  it("by a minute: nobody is punished, who is off is told, and who is behind follows behind", async () => {
    sim = new Sim({ seed: 3 });
    const slow = sim.clock.skewed(-MINUTE);
    await sim.add("a", MINER);
    await sim.add("b", MINER, ["a"]);
    await sim.add("fast", { ...MINER, clock: sim.clock.skewed(MINUTE) }, ["a", "b"]);
    await sim.add("slow", { clock: slow }, ["a", "b", "fast"]);
    await sim.clock.run(8 * MINUTE);
    expectPeace("a", "b", "fast", "slow");
    const [a, b, fast, behind] = ["a", "b", "fast", "slow"].map(status) as [
      NodeStatus,
      NodeStatus,
      NodeStatus,
      NodeStatus,
    ];
    expect(a.height).toBeGreaterThan(10);
    for (const name of ["b", "fast"]) expect([name, await deep(name)]).toEqual([name, await deep("a")]);
    // A block may be 20 s ahead of a clock: of a minute two thirds are waited for, not more.
    expect(behind.height).toBeGreaterThan(a.height - 15);
    expect(behind.height).toBeLessThan(a.height);
    const off = [a, b, fast, behind].map(({ clockOffsetMs }) => clockOffsetMs as number);
    for (const [i, wanted] of [0, 0, MINUTE, -MINUTE].entries())
      expect(Math.abs((off[i] as number) - wanted)).toBeLessThan(100);
    expect(fast.health.find(({ check }) => check === "clock")?.sentence).toMatch(
      /^This clock is 60 s ahead of its peers/,
    );
    expect(behind.health.find(({ check }) => check === "clock")?.sentence).toMatch(/60 s behind/);
    expect(a.health.every(({ ok }) => ok)).toBe(true);
    slow.step(MINUTE);
    await sim.clock.run(2 * MINUTE);
    expect(status("slow").clockOffsetMs).toBeLessThan(100);
    expect(status("slow").height).toBeGreaterThan(status("a").height - 3);
    expect(await deep("slow")).toBe(await deep("a"));
  });

  it.each([HOUR, -HOUR])(
    "by %i ms: what cannot be followed is nobody's fault, and is followed once the clock is right",
    async (off) => {
      sim = new Sim({ seed: 4 });
      const clock = sim.clock.skewed(off);
      await sim.add("a", MINER);
      await sim.add("b", MINER, ["a"]);
      await sim.add("odd", { ...MINER, clock }, ["a", "b"]);
      await sim.clock.run(5 * MINUTE);
      expectPeace("a", "b", "odd");
      expect(await deep("b")).toBe(await deep("a"));
      expect(status("a").height).toBeGreaterThan(10);
      expect(Math.abs((status("odd").clockOffsetMs as number) - off)).toBeLessThan(100);
      clock.step(-off);
      await sim.clock.run(3 * MINUTE);
      expectPeace("a", "b", "odd");
      expect(await deep("odd")).toBe(await deep("a"));
      expect(Math.abs(status("odd").clockOffsetMs as number)).toBeLessThan(100);
    },
  );
});

describe("a clock that is set while the node runs", () => {
  it.each([HOUR, -HOUR])("by %i ms: training, dialling and what people see go on", async (step) => {
    sim = new Sim({ seed: 5 });
    const clock = sim.clock.skewed(0);
    await sim.add("a", MINER);
    await sim.add("b", { ...MINER, clock }, ["a"]);
    await sim.clock.run(4 * MINUTE);
    clock.step(step);
    const before = status("b");
    expect(before.clockOffsetMs).toBeGreaterThan(step - 100);
    expect(before.clockOffsetMs).toBeLessThan(step + 100);
    await sim.clock.run(2 * MINUTE);
    const after = status("b");
    expect(after.uptimeSeconds - before.uptimeSeconds).toBe(120);
    expect(after.stats.units - before.stats.units).toBeGreaterThan(30);
    expect(after.stats.unitsPerSecond).toBeGreaterThan(0.15);
    const [peer] = sim.node("b").view().peers();
    expect(peer?.connectedMs).toBeGreaterThan(5 * MINUTE);
    expect(peer?.connectedMs).toBeLessThan(7 * MINUTE);
    clock.step(-step);
    await sim.clock.run(3 * MINUTE);
    expectPeace("a", "b");
    expect(await deep("b")).toBe(await deep("a"));
  });
});
