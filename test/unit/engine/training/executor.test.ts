// Checks that are owed, run in their order: as many at once as there are workers, again after a fault of this machine.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { Emitter, PouwError, toHex } from "../../../../src/base/index.ts";
import { Block } from "../../../../src/codec/index.ts";
import type { EngineEvents, EventBus } from "../../../../src/engine/events.ts";
import { fromPeer } from "../../../../src/engine/origin.ts";
import { Executor, type ExecutorDeps } from "../../../../src/engine/training/executor.ts";
import { FollowedTasks, OwedChecks, UnitRuns } from "../../../../src/engine/training/index.ts";
import type { OwedCheck } from "../../../../src/engine/training/owed-checks.ts";
import type { Runtime, UnitRequest } from "../../../../src/ports/index.ts";
import { aDesk, type Built, blockOn, type Desk, firstPlace, signal } from "../../../support/desk.ts";
import { aWin, blockOf } from "../../../support/forge.ts";
import { Sim, toyRuntime } from "../../../support/sim.ts";
import { settle } from "../../../support/virtual-clock.ts";

let desk: Desk;
let events: EventBus;
let executed: EngineEvents["executed"][];
let stop: AbortController;
let owed: OwedChecks;
beforeEach(async () => {
  owed = new OwedChecks((peer) => peer);
  desk = await aDesk();
  events = new Emitter();
  executed = [];
  events.on("executed", (one) => executed.push(one));
  stop = new AbortController();
});
afterEach(() => stop.abort());

/** Blocks one on the other, from the second on, imported as a peer's: none of them is checked. */
async function pending(count: number): Promise<Built[]> {
  const built: Built[] = [];
  let place = await firstPlace(desk);
  for (let i = 0; i < count; i++) {
    const next = blockOn(desk, place);
    expect(await desk.ledger.importBlock(next.block, fromPeer("peer"), { signal })).toEqual({ kind: "accept" });
    built.push(next);
    place = next.place;
  }
  return built;
}
const owedOf = ({ block }: Pick<Built, "block">, from = "peer"): OwedCheck => {
  const { height, miner } = block.value.header;
  return { id: block.id, height, author: toHex(miner), from, rank: "backed" };
};

/** A runtime that notes the seeds it is asked for and answers when it is let. */
function held(workers = 1): { runtime: Runtime; asked: UnitRequest[]; release: () => Promise<void> } {
  const asked: UnitRequest[] = [];
  const honest = toyRuntime({ clock: desk.lab.clock, unitMs: 4 });
  let open: (() => void)[] = [];
  const runtime: Runtime = {
    ...honest,
    workers,
    run: async (request, options) => {
      asked.push(request);
      await new Promise<void>((resolve) => open.push(resolve));
      return honest.run(request, options);
    },
  };
  const release = async (): Promise<void> => {
    const now = open;
    open = [];
    for (const one of now) one();
    await desk.lab.clock.run(10);
  };
  return { runtime, asked, release };
}

function anExecutor(runtime: Runtime, change: Partial<ExecutorDeps> = {}): Executor {
  const { blocks, ledger, followed, lab } = desk;
  const tasks = new FollowedTasks([followed]);
  const unitRuns = new UnitRuns({ rules: ledger.rules, tasks, runtime });
  const deps = { runtime, owed, blocks, tasks, unitRuns, ledger, clock: lab.clock, log: silentLog(), events };
  return new Executor({ ...deps, ...change }, { signal: stop.signal });
}
const heights = (): number[] => executed.map(({ block }) => block.header.height);

describe("what is owed", () => {
  it("is run lowest height first, in whatever order it came", async () => {
    const built = await pending(5);
    const { runtime, release } = held();
    const executor = anExecutor(runtime);
    // The first is taken at once; the rest wait for the only worker.
    for (const i of [2, 4, 1, 3, 0]) executor.add(owedOf(built[i] as Built));
    expect(owed.size).toBe(5);
    for (let i = 0; i < 5; i++) {
      await settle();
      await release();
    }
    expect(heights()).toEqual([4, 2, 3, 5, 6]);
    expect(owed.size).toBe(0);
  });

  it("is run by as many workers as there are, and keeps its place until it ended", async () => {
    const built = await pending(4);
    const { runtime, asked, release } = held(2);
    const executor = anExecutor(runtime);
    for (const one of built) executor.add(owedOf(one));
    let changed = false;
    void owed.changed(stop.signal).then(() => {
      changed = true;
    });
    await settle();
    expect([asked.length, owed.size, changed]).toEqual([2, 4, false]);
    await release();
    await settle();
    expect([changed, owed.size]).toEqual([true, 2]);
    await release();
    expect(heights().sort()).toEqual([2, 3, 4, 5]);
  });

  it("is told with its outcome once the ledger knows it", async () => {
    const [one] = (await pending(1)) as [Built];
    events.on("executed", async ({ id }) => expect((await desk.ledger.entry(id))?.checked).toBe("executed"));
    anExecutor(toyRuntime({ clock: desk.lab.clock, unitMs: 4 })).add(owedOf(one));
    await desk.lab.clock.run(10);
    expect(executed).toMatchObject([{ verdict: { kind: "accept" }, digest: one.block.value.header.digest }]);
    expect(desk.ledger.head.checked).toBe("executed");
  });

  it("that is forged leaves the chain before anybody is told", async () => {
    const place = await firstPlace(desk);
    const cheat = { end: (honest: Float32Array) => honest.map((x, i) => (i === 0 ? x + 2 ** -22 : x)) };
    const won = aWin(desk.lab, Sim.key("cheat"), place, cheat);
    desk.followed.deltas.put(won.contribution.deltaHash, won.delta);
    const forged = Block.wrap(blockOf(desk.lab, Sim.key("cheat"), place, won));
    expect(await desk.ledger.importBlock(forged, fromPeer("peer"), { signal })).toEqual({ kind: "accept" });
    let standing: number | undefined;
    events.on("executed", () => {
      standing = desk.ledger.head.height;
    });
    anExecutor(toyRuntime({ clock: desk.lab.clock, unitMs: 4 })).add(owedOf({ block: forged }, "wasteful"));
    const busy = owed.size;
    await desk.lab.clock.run(10);
    expect(executed).toMatchObject([{ verdict: { kind: "reject", code: "forged-unit" } }]);
    expect([standing, busy, owed.size]).toEqual([1, 1, 0]);
    // The time it took is its connection's: what that brings comes later.
    const next = (name: string, from: string): OwedCheck => ({
      ...owedOf({ block: forged }, from),
      id: new TextEncoder().encode(name),
      rank: "unbacked",
    });
    owed.ready(next("a", "wasteful"));
    owed.ready(next("b", "other"));
    expect(owed.take()?.from).toBe("other");
    expect(toHex(executed[0]?.digest as Uint8Array)).not.toBe(toHex(forged.value.header.digest));
  });

  it("whose unit does not end in finite numbers is forged, without a digest", async () => {
    const [one] = (await pending(1)) as [Built];
    const honest = toyRuntime({ clock: desk.lab.clock, unitMs: 4 });
    const run = () => Promise.reject(new PouwError("NOT_FINITE", "NaN"));
    anExecutor({ ...honest, run }).add(owedOf(one));
    await settle();
    expect(executed).toMatchObject([{ verdict: { kind: "reject", code: "forged-unit" }, digest: undefined }]);
  });

  it("that could not be run for a fault of this machine is run again later, and blamed on nobody", async () => {
    const [one] = (await pending(1)) as [Built];
    const honest = toyRuntime({ clock: desk.lab.clock, unitMs: 4 });
    let faults = 0;
    const run: Runtime["run"] = (request, options) =>
      ++faults <= 2 ? Promise.reject(new Error("out of memory")) : honest.run(request, options);
    anExecutor({ ...honest, run }).add(owedOf(one));
    await desk.lab.clock.run(4000);
    expect([executed.length, faults, desk.ledger.head.height, owed.size]).toEqual([0, 1, 1, 1]);
    await desk.lab.clock.run(7000);
    expect(faults).toBe(3);
    expect(heights()).toEqual([2]);
  });

  it("that was decided meanwhile is not run", async () => {
    const [one] = (await pending(1)) as [Built];
    const { runtime, asked } = held();
    await desk.ledger.setChecked(one.block.id, "attestations");
    const executor = anExecutor(runtime);
    executor.add(owedOf(one));
    await settle();
    expect([asked, owed.size]).toEqual([[], 0]);
  });
});
