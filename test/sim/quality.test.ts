// Several miners learn: the measurement of `npm run quality` in small, with rules and contributions that it must condemn.
import { beforeAll, describe, expect, it } from "vitest";
import { Subject } from "../../scripts/seasons/subject.ts";
import { architecture } from "../../src/ml/models/catalog.ts";
import { learn } from "./quality/learn.ts";
import { networkOf } from "./quality/machines.ts";
import { scheduleOf } from "./quality/schedule.ts";
import { PLANNED, withSwitches } from "./strategies/strategies.ts";

describe("records of several miners, two of them slow", () => {
  it("hold nearly all of their work, and less where what is late is dropped", () => {
    for (const miners of [2, 4, 8]) {
      const { recorded } = scheduleOf(networkOf(miners), 1);
      expect(recorded).toBeGreaterThan(0.95);
      const onTime = scheduleOf(withSwitches({ lag: 0 })(networkOf(miners)), 1);
      expect(onTime.recorded).toBeLessThan(0.85);
    }
  });

  it("go on where a unit takes a tenth to a half of the block time", () => {
    for (const miners of [1, 2, 4, 8, 16])
      for (const scale of [1, 3, 6]) {
        const { blocks, longestGap } = scheduleOf(networkOf(miners, scale), 1);
        expect(blocks).toBeGreaterThan(0.8);
        // Of 64 exponential times the longest is above 12 once in 2,500 seasons.
        expect(longestGap).toBeLessThan(12);
      }
  });

  it("hold more units in the same time where later ones are finished", () => {
    const [finished, dropped] = [scheduleOf(networkOf(8), 1), scheduleOf(networkOf(8), 1, PLANNED)];
    expect(finished.rate).toBeGreaterThan(1.15 * dropped.rate);
  });

  it("follow each other, start from one of the last eight states, and are the same for the same seed", () => {
    const { first, records } = scheduleOf(networkOf(8), 2);
    for (const [i, { round, entries }] of records.entries()) {
      expect(round).toBe(first + i);
      for (const { start, lag } of entries) {
        // The unit that won its block counts as on time.
        expect([0, round - start]).toContain(lag);
        expect(lag).toBeLessThan(8);
        expect(start).toBeGreaterThanOrEqual(first);
      }
    }
    expect(scheduleOf(networkOf(8), 2).records).toEqual(records);
  });
});

describe("digits-mlp", () => {
  const at = [16, 32];
  let subject: Subject;
  beforeAll(async () => {
    subject = await Subject.open(architecture("digits-mlp"), { steps: 80 });
  });
  const learnt = (miners: number, forged = false): Promise<number[]> =>
    learn(subject, scheduleOf(networkOf(miners), 1), { at, season: 0, seed: "test", forged });

  it("is learnt by four miners, behind one at first and less so later", async () => {
    const [one, four] = [await learnt(1), await learnt(4)];
    const behind = at.map((_, i) => (one[i] as number) - (four[i] as number));
    expect(one.at(-1)).toBeGreaterThan(0.9);
    expect(four.at(-1)).toBeGreaterThan(0.75);
    expect(behind[1]).toBeLessThan(behind[0] as number);
  });

  it("is not learnt from contributions that change nothing", async () => {
    const [early, late] = await learnt(4, true);
    expect(late).toBe(early);
    expect(late).toBeLessThan(0.3);
  });
});
