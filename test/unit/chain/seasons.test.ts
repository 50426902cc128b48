// Seasons: after every so many blocks each task starts anew, from weights and with a setting that nobody chooses.
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import type { State } from "../../../src/chain/index.ts";
import { checkBlock } from "../../../src/consensus/index.ts";
import { parametersDigest } from "../../../src/ml/index.ts";
import { beginsSeason, firstDigest, firstParameters, settingOf } from "../../../src/work/index.ts";
import { alice, aRegistration, aWorld, bob, mineBlock, STAKES, someRecords, taskIn } from "../../support/chain.ts";
import { decodeState, encodeState } from "../../support/state-bytes.ts";

const world = aWorld({ ...STAKES, seasonBlocks: 3, tasks: [aRegistration("one"), aRegistration("two")] });
const { rules } = world;
const task = taskIn(rules);
const stands = (state: State) => state.task(task.id) as NonNullable<ReturnType<State["task"]>>;

/** States after each of `count` blocks, every block with a record. */
function states(count: number): State[] {
  const all = [world.state];
  for (let i = 0; i < count; i++) {
    const state = all.at(-1) as State;
    // On genesis nobody leads.
    const records = i === 0 ? [] : someRecords(state, bob, [bob, alice], 1, rules);
    all.push(mineBlock(state, bob, rules, { records }).state);
  }
  return all;
}

describe("a season", () => {
  const all = states(7);

  it("lasts as many blocks as the genesis says", () => {
    expect(all.map((state) => stands(state).season)).toEqual([0, 0, 0, 1, 1, 1, 2, 2]);
    expect([0, 1, 2, 3, 4].map((height) => beginsSeason(height, 3))).toEqual([true, false, false, true, false]);
  });

  it("begins with the first parameters of its number, in every task", () => {
    for (const at of [3, 6]) {
      const season = at / 3;
      for (const one of rules.tasks)
        expect(toHex(all[at]?.task(one.id)?.parametersDigest as Uint8Array)).toBe(toHex(firstDigest(one, season)));
    }
    expect(toHex(firstDigest(task, 1))).toBe(toHex(parametersDigest(task, firstParameters(task, 1))));
    expect(toHex(firstDigest(task, 1))).not.toBe(toHex(firstDigest(task, 2)));
    expect(firstDigest(task, 0)).toBe(task.initialDigest);
    // In between training goes on.
    expect(toHex(stands(all[4] as State).parametersDigest)).not.toBe(toHex(firstDigest(task, 1)));
  });

  it("goes on counting rounds, so that no number stands for two states", () => {
    expect(all.map((state) => stands(state).round)).toEqual([0, 1, 3, 6, 8, 10, 13, 15]);
  });

  it("takes the settings in turn", () => {
    expect([0, 1, 2, 3].map((season) => settingOf(task, season))).toEqual([0, 1, 0, 1]);
  });

  it("is part of the state that a header commits to, and survives storage", () => {
    const state = all[4] as State;
    expect(stands(decodeState(encodeState(state)))).toEqual(stands(state));
    const { rules: longer, state: start } = aWorld({ seasonBlocks: 4 });
    const blocks: State[] = [start];
    for (let i = 0; i < 4; i++) blocks.push(mineBlock(blocks.at(-1) as State, alice, longer).state);
    expect(blocks.map(({ tasks }) => tasks[0]?.season)).toEqual([0, 0, 0, 0, 1]);
  });

  it("ends what was begun in it: a record or a win from its last state is of no use in the next", () => {
    const [before, after] = [all[2] as State, all[3] as State];
    const late = mineBlock(before, alice, rules, { records: someRecords(before, bob, [alice], 1, rules) }).block;
    expect(checkBlock(before, late, {}, rules).kind).toBe("state");
    const old = someRecords(before, bob, [alice], 1, rules);
    const moved = { ...late, body: { ...late.body, records: old } };
    expect(checkBlock(after, moved, {}, rules)).toMatchObject({ kind: "reject" });
  });
});
