// Writes that the disk does not take wait for it, in their order; nothing that was acknowledged is lost, and everybody is told meanwhile.
import { beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { Emitter, PouwError, Scope, utf8 } from "../../../../src/base/index.ts";
import type { EngineEvents } from "../../../../src/engine/events.ts";
import { Persistence, SteadyStore } from "../../../../src/engine/storage/index.ts";
import { FailingStore } from "../../../support/failing-store.ts";
import { settle, VirtualClock } from "../../../support/virtual-clock.ts";

const HOUR_MS = 3_600_000;
let disk: FailingStore;
let clock: VirtualClock;
let scope: Scope;
let store: SteadyStore;
let persistence: Persistence;
let told: EngineEvents["store"]["fault"][];

beforeEach(() => {
  disk = new FailingStore();
  clock = new VirtualClock();
  scope = new Scope();
  told = [];
  const events = new Emitter<EngineEvents>();
  events.on("store", ({ fault }) => told.push(fault));
  persistence = new Persistence({ events, clock, log: silentLog() }, scope);
  store = new SteadyStore({ store: disk, persistence }, scope);
});

const put = (key: string): [{ key: string; value: Uint8Array }] => [{ key, value: utf8(key) }];

/** Writes, and notes in `done` when each is acknowledged. */
function write(names: readonly string[], done: string[] = []): string[] {
  for (const name of names)
    void store.batch(put(name)).then(
      () => done.push(name),
      (error: { code: string }) => done.push(`${name}: ${error.code}`),
    );
  return done;
}

describe("a full disk", () => {
  it("has writes wait, acknowledges none, and takes them in their order when room returns", async () => {
    await store.batch(put("before"));
    disk.full = true;
    const done = write(["a", "b"]);
    await clock.run(HOUR_MS);
    expect(done).toEqual([]);
    disk.full = false;
    write(["c"], done);
    await clock.run(60_000);
    expect(done).toEqual(["a", "b", "c"]);
    expect(disk.lost).toEqual([]);
    for (const name of ["before", "a", "b", "c"]) expect(await store.get(name), name).toEqual(utf8(name));
  });

  it("would lose what is acknowledged behind the failed write, without the waiting", async () => {
    disk.full = true;
    await expect(disk.batch(put("a"))).rejects.toMatchObject({ code: "STORE_FAILED" });
    disk.full = false;
    await disk.batch(put("b"));
    expect(disk.lost).toEqual(["b"]);
  });

  it("is said once, with a sentence and since when, and taken back once", async () => {
    disk.full = true;
    write(["a", "b"]);
    await settle();
    await clock.run(HOUR_MS);
    const fault = { code: "STORE_FAILED", sentence: expect.stringContaining("no room"), remedy: "Free some." };
    expect(told).toEqual([fault]);
    disk.full = false;
    await clock.run(60_000);
    expect(told).toEqual([fault, undefined]);
  });

  it("is looked at again ever less often, twice a minute at least", async () => {
    disk.full = true;
    write(["a"]);
    await clock.run(HOUR_MS);
    expect(disk.recoveries).toBeGreaterThanOrEqual(120);
    expect(disk.recoveries).toBeLessThan(130);
  });

  it("keeps nobody from reading", async () => {
    await store.batch(put("before"));
    disk.full = true;
    write(["a"]);
    await settle();
    expect(await store.get("before")).toEqual(utf8("before"));
  });

  it("does not hold up the end: what waits is told that it was not stored", async () => {
    disk.full = true;
    const done = write(["a", "b"]);
    await clock.run(10_000);
    await scope.close();
    expect(done).toEqual(["a: CLOSED", "b: CLOSED"]);
  });
});

it("says that what it had acknowledged is gone, and stores nothing on top of that", async () => {
  disk.full = true;
  const done = write(["a"]);
  await settle();
  disk.full = false;
  disk.damaged = true;
  await clock.run(60_000);
  write(["b"], done);
  await clock.run(60_000);
  expect(done).toEqual(["a: STORE_CORRUPT", "b: STORE_CORRUPT"]);
  expect(told.at(-1)).toMatchObject({ code: "STORE_CORRUPT", sentence: expect.stringContaining("damaged") });
  expect(await disk.get("b")).toBeUndefined();
});

it("says that all is well once every disk takes writes, not when the first of two does", async () => {
  let historyFull = true;
  const history = { name: "history" };
  const fail = (): Promise<void> =>
    historyFull ? Promise.reject(new PouwError("STORE_FAILED", "no room for what is signed")) : Promise.resolve();
  disk.full = true;
  write(["a"]);
  void persistence.write(history, fail);
  await settle();
  expect(told).toHaveLength(2);
  historyFull = false;
  await clock.run(60_000);
  expect(told).toHaveLength(2);
  disk.full = false;
  await clock.run(60_000);
  expect(told).toHaveLength(3);
  expect(told.at(-1)).toBeUndefined();
});
