// Which units of a long chain are run, and what has a node run them all after all.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { Emitter, toHex } from "../../../../src/base/index.ts";
import type { EngineEvents } from "../../../../src/engine/index.ts";
import type { Checked } from "../../../../src/engine/storage/index.ts";
import { type Line, Sampling } from "../../../../src/engine/training/sampling.ts";
import { settle, VirtualClock } from "../../../support/virtual-clock.ts";

interface Entry {
  readonly id: Uint8Array;
  readonly height: number;
  checked: Checked;
}

let clock: VirtualClock;
let events: Emitter<EngineEvents>;
let sampling: Sampling;
let entries: Map<string, Entry>;
let head: Entry;
let owedAnew: number;
let chance: () => number;
let stop: AbortController;

const idAt = (height: number, branch = 0): Uint8Array => Uint8Array.of(branch, height >> 8, height & 255);
const genesis: Entry = { id: idAt(0), height: 0, checked: "executed" };

beforeEach(() => {
  clock = new VirtualClock();
  events = new Emitter();
  entries = new Map();
  head = genesis;
  owedAnew = 0;
  chance = Math.random;
  stop = new AbortController();
  const ledger = {
    get head() {
      return head;
    },
    recent: (id: Uint8Array) => entries.get(toHex(id)),
    takeSampled: async (ids: readonly Uint8Array[]) => {
      for (const id of ids) {
        const entry = entries.get(toHex(id)) as Entry;
        if (entry.checked === "pending") entry.checked = "sample";
        head = entry;
      }
    },
    announceOwed: () => owedAnew++,
  };
  const blocks = { block: async () => ({ value: {} }) };
  const deps = { ledger, blocks, events, clock, log: silentLog(), random: () => chance() };
  sampling = new Sampling(deps as never, { signal: stop.signal });
});
afterEach(() => stop.abort());

/** A line on genesis, of a work for each block. */
function aLine(height: number, branch = 0, work: (height: number) => number = () => 1): Line {
  const works = [0];
  for (let at = 1; at <= height; at++) works.push((works[at - 1] as number) + work(at));
  return {
    height,
    at: (at) => (at >= 1 && at <= height ? idAt(at, branch) : undefined),
    leadsOver: (id, at) => toHex(id) === toHex(at === 0 ? genesis.id : idAt(at, branch)) && at <= height,
    workAt: (at) => works[at] as number,
  };
}

function arrive(height: number, branch = 0): void {
  const entry: Entry = { id: idAt(height, branch), height, checked: "pending" };
  entries.set(toHex(entry.id), entry);
  events.emit("pending", entry as never);
}
function check(height: number, outcome: "valid" | "invalid" = "valid", branch = 0): void {
  const entry = entries.get(toHex(idAt(height, branch))) as Entry;
  entry.checked = outcome === "valid" ? "executed" : "invalid";
  events.emit("checked", { id: toHex(entry.id), outcome, by: "executed" } as never);
}
const spared = (from: number, to: number, branch = 0): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i).filter((height) => sampling.spares(idAt(height, branch)));
const all = (from: number, to: number, act: (height: number) => void): void => {
  for (let height = from; height <= to; height++) act(height);
};

describe("a segment", () => {
  it("is all but the newest blocks of a line, and is taken as good once what was drawn of it was run", async () => {
    await sampling.prepare(aLine(200), 1);
    const free = spared(1, 200);
    expect(free.length).toBeGreaterThanOrEqual(188 - 32);
    expect(free.every((height) => height <= 188)).toBe(true);
    all(1, 188, arrive);
    const drawn = Array.from({ length: 188 }, (_, i) => i + 1).filter((height) => !free.includes(height));
    for (const height of drawn.slice(1)) check(height);
    await settle();
    expect([sampling.isOpen, head.height]).toEqual([true, 0]);
    check(drawn[0] as number);
    await settle();
    expect([sampling.isOpen, head.height, owedAnew]).toEqual([false, 188, 0]);
    expect(free.map((height) => entries.get(toHex(idAt(height)))?.checked)).toEqual(free.map(() => "sample"));
  });

  it("has blocks drawn by their work, not by their number", async () => {
    // Ten blocks hold nine tenths of all work.
    await sampling.prepare(
      aLine(300, 0, (height) => (height > 100 && height <= 110 ? 261 : 1)),
      1,
    );
    expect(spared(101, 110).length).toBeLessThan(3);
    expect(spared(1, 288).length).toBeGreaterThan(288 - 30);
  });

  it.each([
    [0, 1],
    [1 - 2 ** -53, 188],
  ])("has the chance %d draw an end of it", async (share, height) => {
    chance = () => share;
    await sampling.prepare(aLine(200), 1);
    expect(spared(1, 188)).toEqual(Array.from({ length: 188 }, (_, i) => i + 1).filter((at) => at !== height));
  });

  it("keeps what is beyond it waiting, of its own line and not of others", async () => {
    const line = aLine(1000);
    await sampling.prepare(line, 1);
    expect(spared(1, 1000).at(-1)).toBeLessThanOrEqual(512);
    let came: string[] = [];
    void sampling.prepare(line, 513).then(() => came.push("beyond"));
    void sampling.prepare(line, 300).then(() => came.push("within"));
    void sampling.prepare(aLine(1000, 1), 513).then(() => came.push("another line"));
    await settle();
    expect(came.sort()).toEqual(["another line", "within"]);
    came = [];
    all(1, 512, arrive);
    all(1, 512, check);
    await settle();
    expect(came).toEqual(["beyond"]);
    // And the next one began.
    expect(spared(513, 1000).length).toBeGreaterThan(400);
  });

  it.each([
    ["a line that is short", () => aLine(139), 1],
    ["a line that parts below the head", () => aLine(400, 1), 8],
    ["a line from far above the head", () => aLine(800), 300],
    ["a line from below the head", () => aLine(800), 3],
  ])("is not made of %s", async (_what, line, from) => {
    all(1, 7, arrive);
    head = entries.get(toHex(idAt(7))) as Entry;
    await sampling.prepare(line(), from);
    expect([sampling.isOpen, spared(1, 800).length]).toEqual([false, 0]);
  });
});

describe("a segment falls, and every unit of it is owed,", () => {
  beforeEach(async () => {
    await sampling.prepare(aLine(200), 1);
    all(1, 100, arrive);
    expect(sampling.isOpen).toBe(true);
  });
  const fallen = (): unknown => [sampling.isOpen, spared(1, 200).length, owedAnew, head.height];

  it("when a unit of it is forged", () => {
    check(40, "invalid");
    expect(fallen()).toEqual([false, 0, 1, 0]);
  });

  it("when no drawn unit is found right for long, and not while they are", async () => {
    const drawn = Array.from({ length: 100 }, (_, i) => i + 1).filter((at) => !sampling.spares(idAt(at)));
    for (const height of drawn.slice(0, 5)) {
      await clock.run(100_000);
      expect(sampling.isMoving).toBe(false);
      check(height);
      expect([sampling.isOpen, sampling.isMoving]).toEqual([true, true]);
    }
    await clock.run(31_000);
    expect([sampling.isOpen, sampling.isMoving]).toEqual([true, false]);
    await clock.run(90_000);
    expect(fallen()).toEqual([false, 0, 1, 0]);
  });

  it("whatever else comes of it, at whatever pace", async () => {
    for (let height = 101; height < 180; height++) {
      await clock.run(2_000);
      arrive(height);
      expect(sampling.isMoving).toBe(height < 115);
    }
    expect(fallen()).toEqual([false, 0, 1, 0]);
  });

  it("when another chain leads by the time it is whole", async () => {
    head = { id: idAt(5, 1), height: 5, checked: "executed" };
    all(101, 188, arrive);
    all(1, 188, check);
    await settle();
    expect([sampling.isOpen, owedAnew, head.id]).toEqual([false, 1, idAt(5, 1)]);
  });

  it("and after four there is no other", async () => {
    for (let tries = 1; tries <= 4; tries++) {
      expect(sampling.isOpen).toBe(true);
      check(40, "invalid", tries - 1);
      expect(owedAnew).toBe(tries);
      await sampling.prepare(aLine(200, tries), 1);
      if (tries < 4) arrive(40, tries);
    }
    expect(sampling.isOpen).toBe(false);
  });
});
