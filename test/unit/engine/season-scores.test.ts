// The rows of a task's scored seasons: bounded, in order, the best for good.
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../src/adapters/level/index.ts";
import { readSeasonScores, type SeasonScore, withScore, writeSeasonScores } from "../../../src/engine/index.ts";

const score = (season: number, correct: number): SeasonScore => ({
  season,
  setting: 0,
  digest: "ab".repeat(32),
  height: 64 * (season + 1),
  correct,
  samples: 1000,
});
const task = new Uint8Array(32).fill(7);
const of = (...scores: readonly SeasonScore[]) =>
  scores.reduce(withScore, { scores: [], best: undefined } as Parameters<typeof withScore>[0]);

describe("scores of seasons", () => {
  it("keep the last 64 and, beside them, the best of all", () => {
    const kept = of(score(0, 990), ...Array.from({ length: 70 }, (_, i) => score(i + 1, 900)));
    expect(kept.scores.map(({ season }) => season)).toEqual(Array.from({ length: 64 }, (_, i) => i + 7));
    expect(kept.best).toEqual(score(0, 990));
  });

  it("have a season once, the oldest first; the older of two equal ones stays the best", () => {
    const kept = of(score(2, 950), score(1, 950), score(2, 940));
    expect(kept.scores).toEqual([score(1, 950), score(2, 940)]);
    expect(kept.best).toEqual(score(2, 950));
  });

  it("are read as they were written, the set only where there is a new one", async () => {
    const store = memoryStore();
    expect(await readSeasonScores(store, task)).toEqual({ scores: [], best: undefined });
    const scores = of(score(0, 950), score(1, 940));
    await writeSeasonScores(store, task, { scores, bestSet: Uint8Array.of(1, 2) });
    await writeSeasonScores(store, task, { scores, bestSet: undefined });
    expect(await readSeasonScores(store, task)).toEqual(scores);
    expect(await store.get(`best/${"07".repeat(32)}`)).toEqual(Uint8Array.of(1, 2));
  });
});
