// Where accounts stand: as a map says it, in every version of the tree, and gone with the states that needed it.
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { u32be } from "../../../src/base/index.ts";
import { Positions } from "../../../src/chain/state/positions.ts";
import { sha256 } from "../../../src/crypto/index.ts";
import { alice, aTransfer, aWorld, carol, mineBlock } from "../../support/chain.ts";

const addressNamed = (i: number): Uint8Array => sha256(u32be(i));
const step = fc.record({ name: fc.nat(40), at: fc.nat(1000), gone: fc.boolean() });

describe("positions", () => {
  it("are what a map would say, and every version stays as it was", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        let now = Positions.of([]);
        const versions = [{ now, said: new Map<number, number>() }];
        for (const { name, at, gone } of steps) {
          const said = new Map(versions.at(-1)?.said);
          now = gone ? now.without(addressNamed(name)) : now.with(addressNamed(name), at);
          if (gone) said.delete(name);
          else said.set(name, at);
          versions.push({ now, said });
        }
        for (const { now: version, said } of versions)
          for (let name = 0; name <= 40; name++) expect(version.get(addressNamed(name))).toBe(said.get(name));
      }),
      { numRuns: 50 },
    );
  });

  it("are those of a list", () => {
    const all = Positions.of(Array.from({ length: 500 }, (_, i) => addressNamed(i)));
    for (let i = 0; i < 500; i++) expect(all.get(addressNamed(i))).toBe(i);
    expect(all.get(addressNamed(500))).toBeUndefined();
  });

  /** Digits of its hash that are looked at until an address is found: how deep it lies. */
  function depthOf(positions: Positions, address: Uint8Array): number {
    const looks = vi.spyOn(Number, "parseInt");
    positions.get(address);
    const { length } = looks.mock.calls;
    looks.mockRestore();
    return length;
  }

  it("leave nothing behind of an address that came and went: the others lie as deep as before", () => {
    const few = [0, 1, 2].map(addressNamed);
    const before = Positions.of(few);
    let now = before;
    for (let i = 3; i < 300; i++) now = now.with(addressNamed(i), i);
    const depths = (of: Positions): number[] => few.map((address) => depthOf(of, address));
    expect(Math.max(...depths(now))).toBeGreaterThan(Math.max(...depths(before)));
    for (let i = 3; i < 300; i++) now = now.without(addressNamed(i));
    expect(depths(now)).toEqual(depths(before));
  });

  it("lie no deeper for addresses that somebody chose to be alike", () => {
    const alike = Array.from({ length: 256 }, (_, i) => new Uint8Array(32).fill(7, 0, 31).fill(i, 31));
    const all = Positions.of(alike);
    for (const [i, address] of alike.entries()) {
      expect(all.get(address)).toBe(i);
      expect(depthOf(all, address)).toBeLessThan(10);
    }
  });

  it("of a state know nothing of a block upon it that is refused, or left", () => {
    const { state, rules } = aWorld();
    const [newcomer, count] = [addressNamed(7), state.accountCount];
    const { state: next } = mineBlock(state, carol, rules, { transactions: [aTransfer(state, alice, newcomer, 5n)] });
    expect([next.hasAccount(newcomer), state.hasAccount(newcomer)]).toEqual([true, false]);
    expect([state.positions.get(newcomer), state.accountCount]).toEqual([undefined, count]);
  });
});
