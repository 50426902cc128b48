// A state in rows: as many as it takes, none of them long, and the same state again.
import { describe, expect, it } from "vitest";
import { finish, type Piece } from "../../../src/base/index.ts";
import { MAIN_ROW, ROW_WEIGHT, readState, type State, stateRows } from "../../../src/chain/index.ts";
import { RewardsType } from "../../../src/chain/state/state-type.ts";
import { alice, aWorld, bob, mineBlock, mineChain, STAKES } from "../../support/chain.ts";
import { crowded, encodeState } from "../../support/state-bytes.ts";

const world = aWorld(STAKES);
const small = mineChain(world, 6).states.at(-1) as State;

const rowsOf = (state: State): Map<string, Uint8Array> =>
  new Map([...stateRows(state)].map(({ name, bytes }) => [name, bytes]));
const read = (rows: ReadonlyMap<string, Uint8Array>): State => finish(readState(rows));

describe("the rows of a state", () => {
  const state = crowded(small, 5000, 3000);
  const rows = rowsOf(state);

  it("are two of a small one, and of a large one as many as keep each below 256 KB, the main one last", () => {
    expect([...rowsOf(small).keys()]).toEqual(["accounts-0", MAIN_ROW]);
    expect([...rows.keys()]).toEqual([0, 1, 2, 3, 4].map((page) => `accounts-${page}`).concat("immature-2", MAIN_ROW));
    for (const bytes of rows.values()) expect(bytes.length).toBeLessThan(256 * 1024);
  });

  it.each([
    ["a small state", small],
    ["a large one", state],
  ])("give %s again, with every account where it was", (_, one) => {
    const back = read(rowsOf(one));
    expect(back.root).toEqual(one.root);
    expect(back.tipId).toEqual(one.tipId);
    expect(back.accounts()).toEqual(one.accounts());
    expect(back.immature()).toEqual(one.immature());
    expect(back.stakers).toEqual(one.stakers);
    const last = one.accounts().at(-1)?.address as Uint8Array;
    expect(back.account(last)).toEqual(one.account(last));
    expect(mineBlock(back, bob, world.rules).state.root).toEqual(mineBlock(one, bob, world.rules).state.root);
  });

  it("are read in pieces, one for each but the main one", () => {
    const pieces: Piece[] = [];
    const steps = readState(rows);
    for (let next = steps.next(); next.done !== true; next = steps.next()) pieces.push(next.value);
    expect(pieces.filter((piece) => piece === ROW_WEIGHT)).toHaveLength(rows.size - 1);
    expect(Math.max(...pieces.map(Number))).toBe(ROW_WEIGHT);
    // And so is the tree hashed: ten hashes for an account, in pieces of sixteen nodes.
    expect(pieces.filter((piece) => piece === 1).length).toBeGreaterThan((2 * 5000) / 16);
  });

  it("make another state, or none, when one is missing, of another state or damaged", () => {
    const without = (name: string): Map<string, Uint8Array> => new Map([...rows].filter(([other]) => other !== name));
    for (const name of rows.keys()) {
      if (name === MAIN_ROW)
        expect(() => read(without(name))).toThrow(expect.objectContaining({ code: "BAD_ENCODING" }));
      else expect(read(without(name)).root).not.toEqual(state.root);
    }
    const others = rowsOf(mineBlock(state, alice, world.rules).state);
    expect(read(new Map([...rows, [MAIN_ROW, others.get(MAIN_ROW) as Uint8Array]])).root).not.toEqual(state.root);
    const cut = (rows.get("accounts-1") as Uint8Array).subarray(1);
    expect(() => read(new Map([...rows, ["accounts-1", cut]]))).toThrow(
      expect.objectContaining({ code: "BAD_ENCODING" }),
    );
  });

  it.each([
    ["a main row that holds what has rows of its own", () => new Map([...rows, [MAIN_ROW, encodeState(state)]])],
    ["a page of none", () => new Map([...rows, ["accounts-5", new Uint8Array(0)]])],
    ["a row for a slot that is short", () => new Map([...rows, ["immature-1", RewardsType.serialize([])]])],
    ["a number that is none of them", () => new Map([...rows, [MAIN_ROW, withTime(rows.get(MAIN_ROW) as Uint8Array)]])],
  ])("are refused with %s", (_, make) => {
    expect(() => read(make())).toThrow(expect.objectContaining({ code: "BAD_ENCODING" }));
  });
});

/** The tip's time, which is read as a number, as one that a number cannot hold: it would be stored back as another. */
function withTime(main: Uint8Array): Uint8Array {
  const changed = main.slice();
  // Behind genesis, version, height and parent.
  new DataView(changed.buffer).setBigUint64(32 + 2 + 4 + 32, 2n ** 53n + 1n, true);
  return changed;
}
