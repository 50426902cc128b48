// Blocks whose time has not come: judged when it has, if that is soon, and bounded by who brings them.
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, expect, it } from "vitest";
import { silentLog } from "../../../../src/adapters/telemetry/index.ts";
import { ACCEPT, ignore, reject, Scope, type Verdict } from "../../../../src/base/index.ts";
import { EarlyBlocks } from "../../../../src/engine/intake/index.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

const maxFutureMs = 8_000;
let clock: VirtualClock;
let stop: Scope;
let early: EarlyBlocks;
let punished: string[];
let judged: string[];
beforeEach(() => {
  clock = new VirtualClock();
  stop = new Scope();
  punished = [];
  judged = [];
  const wire = { punish: (peer: string) => void punished.push(peer) };
  const groupOf = (peer: string): string => peer.slice(0, 1);
  early = new EarlyBlocks({ rules: { maxFutureMs }, clock, wire, groupOf, log: silentLog() }, stop);
});
afterEach(() => void stop.close());

let blocks = 0;
function keep(from: string, aheadMs: number, verdict: Verdict = ACCEPT): string {
  const name = `${from} ${++blocks}`;
  early.keep({ id: Uint8Array.of(blocks), time: clock.wallTime() + aheadMs, from }, async () => {
    judged.push(name);
    return verdict;
  });
  return name;
}

it("judges a block when it is no more ahead than it may be, and blames whoever brought a bad one", async () => {
  const good = keep("a", 20_000);
  const late = keep("b", 30_000, ignore("stale-round"));
  const bad = keep("c", 40_000, reject("bad-signature"));
  await clock.run(11_999);
  expect(judged).toEqual([]);
  await clock.run(1);
  expect(judged).toEqual([good]);
  await clock.run(20_000);
  expect(judged).toEqual([good, late, bad]);
  expect(punished).toEqual(["c"]);
});

it("keeps one of a kind, few of a peer, not many of an IP group, and none for long", async () => {
  early.keep({ id: Uint8Array.of(255), time: clock.wallTime() + 10_000, from: "a" }, async () => ACCEPT);
  early.keep({ id: Uint8Array.of(255), time: clock.wallTime() + 10_000, from: "b" }, async () =>
    reject("bad-signature"),
  );
  for (let i = 0; i < 10; i++) keep("a", 20_000);
  for (let peer = 0; peer < 10; peer++) for (let i = 0; i < 4; i++) keep(`p${peer}`, 20_000);
  await clock.run(60_000);
  expect(judged.filter((name) => name.startsWith("a "))).toHaveLength(3);
  expect(judged.filter((name) => name.startsWith("p"))).toHaveLength(8);
  expect(punished).toEqual([]);
  keep("a", maxFutureMs + 120_001);
  const soon = keep("a", maxFutureMs + 120_000);
  await clock.run(600_000);
  expect(judged.slice(11)).toEqual([soon]);
});

it("keeps sixteen in all, and one more of each IP group that has none", async () => {
  for (const peer of ["a", "b", "c"]) for (let i = 0; i < 4; i++) keep(`${peer}1`, 20_000);
  for (const peer of ["a", "b", "c", "d", "e"]) for (let i = 0; i < 4; i++) keep(`${peer}2`, 20_000);
  await clock.run(60_000);
  const of = (peer: string): number => judged.filter((name) => name.startsWith(peer)).length;
  expect(["a", "b", "c", "d", "e"].map(of)).toEqual([8, 4, 4, 1, 1]);
});

it("forgets a block with its judgement: it may be early still, by a clock that was set meanwhile, and nothing of it stays", async () => {
  const id = Uint8Array.of(254);
  const again = (): void =>
    early.keep({ id, time: clock.wallTime() + 10_000, from: "a" }, async () => {
      judged.push("again");
      return ignore("time-in-future");
    });
  again();
  await clock.run(2_000);
  expect(getEventListeners(stop.signal, "abort")).toHaveLength(0);
  again();
  await clock.run(2_000);
  expect(judged).toEqual(["again", "again"]);
});

it("lets go of all with the node", async () => {
  keep("a", 20_000);
  void stop.close();
  await clock.run(60_000);
  expect(judged).toEqual([]);
});
