// Where accounts stand: as a map says it, in every version of the tree, and gone with the states that needed it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
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

  it("leave nothing behind of an address that came and went", () => {
    const before = Positions.of([addressNamed(0), addressNamed(1)]);
    let now = before;
    for (let i = 2; i < 300; i++) now = now.with(addressNamed(i), i);
    for (let i = 2; i < 300; i++) now = now.without(addressNamed(i));
    expect(now).toEqual(before);
  });

  it("of a state know nothing of a block upon it that is refused, or left", () => {
    const { state, rules } = aWorld();
    const [newcomer, count] = [addressNamed(7), state.accountCount];
    const { state: next } = mineBlock(state, carol, rules, { transactions: [aTransfer(state, alice, newcomer, 5n)] });
    expect([next.hasAccount(newcomer), state.hasAccount(newcomer)]).toEqual([true, false]);
    expect([state.positions.get(newcomer), state.accountCount]).toEqual([undefined, count]);
  });
});
