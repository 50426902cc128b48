// Units that others claim, run on a state that may have turned meanwhile: an honest unit must never be found forged for it.
import { afterEach, describe, expect, it } from "vitest";
import { FollowedTasks, UnitRuns } from "../../../../src/engine/training/index.ts";
import { aDesk, blockOn, type Desk, firstPlace, grow, signal, stateAfter, unitsAt } from "../../../support/desk.ts";
import type { Unit } from "../../../support/forge.ts";
import { toyRuntime } from "../../../support/sim.ts";

let desk: Desk;
afterEach(() => desk.lab.close());

const runs = ({ ledger, followed, lab }: Desk): UnitRuns =>
  new UnitRuns({
    rules: ledger.rules,
    tasks: new FollowedTasks([followed]),
    runtime: toyRuntime({ clock: lab.clock, unitMs: 0 }),
  });

describe("a unit that is run again", () => {
  it("is not run on a state of another branch, whose block at its height has another beacon; on its own it ends as it claims (the control)", async () => {
    desk = await aDesk();
    const first = await firstPlace(desk);
    const [mine] = await grow(desk, first, 1, 0);
    // Another block of another win at the same height.
    const other = blockOn(desk, first, 1);
    if (mine === undefined) throw new Error("no block");
    const [{ contribution }] = unitsAt(desk, mine.place) as [Unit];
    const elsewhere = stateAfter(desk.lab, first.state, other.block.value);
    expect(elsewhere.recentBlock(contribution.height)?.beacon).not.toEqual(mine.place.state.beacon);
    const unitRuns = runs(desk);
    await expect(unitRuns.run(contribution, elsewhere, { signal })).rejects.toThrow("not here");
    const found = unitRuns.run(contribution, mine.place.state, { signal });
    await desk.lab.clock.run(10);
    expect((await found)?.digest).toEqual(contribution.digest);
  });
});
