// How long what is kept, as a policy: the standard one, and others that the store obeys without knowing them.
import { describe, expect, it } from "vitest";
import { memoryStore } from "../../../../src/adapters/level/index.ts";
import { BlockStore, type Retention, SNAPSHOT_EVERY, standardRetention } from "../../../../src/engine/storage/index.ts";
import { aDesk, firstPlace, grow, keysOf } from "../../../support/desk.ts";

describe("the standard retention", () => {
  it("keeps a state and the parameters of every 32nd block, and the last 64 blocks' parameters", () => {
    expect(SNAPSHOT_EVERY).toBe(32);
    const heights = Array.from({ length: 200 }, (_, height) => height);
    expect(heights.filter((height) => standardRetention.keepsState(height))).toEqual([0, 32, 64, 96, 128, 160, 192]);
    for (const height of heights) {
      const kept = standardRetention.lastKept(height);
      expect(standardRetention.keepsState(kept)).toBe(true);
      expect(height - kept).toBeGreaterThanOrEqual(0);
      expect(height - kept).toBeLessThan(32);
    }
    expect(standardRetention.recent).toBe(64);
    expect(new BlockStore(memoryStore()).retention).toBe(standardRetention);
  });
});

/** A chain of `count` blocks, with a record each from the second on, under a policy: the rows left. */
async function rowsUnder(
  retention: Retention,
  count: number,
): Promise<{ states: number; parameters: number; blocks: number }> {
  const store = memoryStore();
  const desk = await aDesk(store, { blocks: new BlockStore(store, { retention }) });
  await grow(desk, await firstPlace(desk), count - 1);
  const [states, parameters, blocks] = await Promise.all(
    ["state", "parameters", "block"].map(
      // A state's main row stands for it.
      async (prefix) => (await keysOf(store, prefix)).filter((name) => !name.includes("/")).length,
    ),
  );
  return { states, parameters, blocks } as { states: number; parameters: number; blocks: number };
}

describe("a policy", () => {
  it("that keeps everything, as an archive does", async () => {
    const archive: Retention = { keepsState: () => true, lastKept: (height) => height, recent: 2, window: undefined };
    expect(await rowsUnder(archive, 12)).toEqual({ states: 12, parameters: 12, blocks: 12 });
  });

  it("that keeps every fourth block's, and the last two", async () => {
    const fourth: Retention = {
      keepsState: (h) => h % 4 === 0,
      lastKept: (h) => h - (h % 4),
      recent: 2,
      window: undefined,
    };
    // Parameters after 4, 8 and 12, and after 11: what is two under the tip went with it.
    expect(await rowsUnder(fourth, 12)).toEqual({ states: 3, parameters: 4, blocks: 12 });
  });

  it("that keeps nothing but the last", async () => {
    const last: Retention = { keepsState: () => false, lastKept: () => 0, recent: 1, window: undefined };
    expect(await rowsUnder(last, 12)).toEqual({ states: 0, parameters: 1, blocks: 12 });
  });

  it("is what the ledger calls recent", async () => {
    const store = memoryStore();
    const retention: Retention = { ...standardRetention, recent: 5 };
    const desk = await aDesk(store, { blocks: new BlockStore(store, { retention }) });
    expect(desk.ledger.recentBlocks).toBe(5);
  });
});
