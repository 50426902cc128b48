// A whole block: an honest one passes, and one forgery per refusal code is caught with just that code.
import { describe, expect, it } from "vitest";
import { checkBlock } from "../../../src/consensus/index.ts";
import { alice, aWorld, bob, mineChain, STAKES } from "../../support/chain.ts";

describe("an honest chain", () => {
  it("passes every check", () => {
    const world = aWorld(STAKES);
    const { blocks, states } = mineChain(world, 30, { miners: [alice, bob], records: 3 });
    for (const [i, block] of blocks.entries()) {
      const parent = states[i] as (typeof states)[number];
      const result = checkBlock(parent, block, { now: block.header.time }, world.rules);
      expect(result).toMatchObject({ kind: "state" });
      if (result.kind === "state") expect(result.state.tipId).toEqual(states[i + 1]?.tipId);
    }
  });
});
