// How far a clock is off: by the median of those who told theirs, said once, and again when it is right.
import { expect, it } from "vitest";
import { Emitter } from "../../../../src/base/index.ts";
import type { EventBus } from "../../../../src/engine/events.ts";
import { clockTrouble, PeerClocks } from "../../../../src/engine/exchange/index.ts";
import { memoryLog } from "../../../contract/wire/lab.ts";
import { VirtualClock } from "../../../support/virtual-clock.ts";

function lab() {
  const clock = new VirtualClock();
  const log = memoryLog();
  const events: EventBus = new Emitter();
  const told: (string | undefined)[] = [];
  events.on("clock", ({ trouble }) => told.push(trouble));
  const clocks = new PeerClocks({ clock, events, log });
  const tell = (peer: string, offMs: number, tripMs = 40): void =>
    clocks.note(peer, BigInt(clock.wallTime() - tripMs / 2 + offMs), tripMs);
  return { clock, clocks, tell, told, said: () => log.lines.map(({ level, sentence }) => `${level} ${sentence}`) };
}

it("knows nothing before a peer told, and nothing of one that left", () => {
  const { clocks, tell } = lab();
  expect(clocks.offsetMs()).toBeUndefined();
  tell("a", 0);
  expect(clocks.offsetMs()).toBe(0);
  clocks.forget("a");
  expect(clocks.offsetMs()).toBeUndefined();
});

it.each([
  ["ahead of", -20_000, 20_000],
  ["behind", 20_000, -20_000],
])("says once that it is %s its peers", (how, theirs, off) => {
  const { clocks, tell, told, said } = lab();
  for (const peer of ["a", "b", "a", "b"]) tell(peer, theirs);
  expect(clocks.offsetMs()).toBe(off);
  expect(said()).toHaveLength(1);
  expect(told).toEqual([clockTrouble(off as number)]);
  expect(said()[0]).toMatch(new RegExp(`^warn This clock is 20 s ${how} its peers'`));
  expect(clockTrouble(off)).toContain(`20 s ${how}`);
  expect(clockTrouble(Math.sign(off) * 2_000)).toBeUndefined();
});

it("is not talked into anything by fewer than half, whatever they say", () => {
  const { clocks, tell, said } = lab();
  for (const peer of ["a", "b", "c"]) tell(peer, 100);
  clocks.note("liar", 0n, 10);
  clocks.note("braggart", 2n ** 64n - 1n, 10);
  expect(Math.abs(clocks.offsetMs() as number)).toBeLessThan(200);
  expect(said()).toEqual([]);
});

it("takes no word that was too long on its way to be of a moment", () => {
  const { clocks, tell } = lab();
  tell("slow", 60_000, 2_002);
  expect(clocks.offsetMs()).toBeUndefined();
});

it("sees a step of its own clock at once, and time that passes not at all", async () => {
  const { clock, clocks, tell, said } = lab();
  tell("a", 0);
  await clock.run(3_600_000);
  expect(clocks.offsetMs()).toBe(0);
  clock.step(-3_600_000);
  expect(clocks.offsetMs()).toBe(-3_600_000);
  tell("a", 3_600_000);
  clock.step(3_600_000);
  tell("a", 0);
  expect(said().map((line) => line.slice(0, 32))).toEqual([
    "warn This clock is 3600 s behind",
    "info this clock agrees with its ",
  ]);
});

it("says anew what it is off by once that is something else, and not for a little", () => {
  const { tell, told } = lab();
  for (const theirs of [-3_600_000, -3_599_000, 3_600_000, 3_601_500, 20_000, 0]) tell("a", theirs);
  expect(told).toEqual([...[3_600_000, -3_600_000, -20_000].map(clockTrouble), undefined]);
});
