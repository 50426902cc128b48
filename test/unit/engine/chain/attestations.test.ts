// Words on blocks: of whom they are kept, for how many blocks, and what makes room. Made-up blocks cost nothing to speak of.
import { beforeEach, describe, expect, it } from "vitest";
import { ACCEPT, toHex, u32be } from "../../../../src/base/index.ts";
import type { State } from "../../../../src/chain/index.ts";
import { Attestation } from "../../../../src/codec/index.ts";
import { type KeyPair, sha256 } from "../../../../src/crypto/index.ts";
import { Attestations } from "../../../../src/engine/chain/index.ts";
import { aWorld } from "../../../support/chain.ts";
import { Sim } from "../../../support/sim.ts";

const { rules } = aWorld();
const stakes = new Map<string, bigint>();
const here = new Map<string, number>();
let attestations: Attestations;

/** A key with this at stake, as a multiple of the least that counts. */
function keyWith(name: string, times: bigint): KeyPair {
  const key = Sim.key(name);
  stakes.set(toHex(key.address), times * rules.minCollateral);
  return key;
}
const blockNamed = (i: number): Uint8Array => sha256(u32be(i));
function say(key: KeyPair, block: Uint8Array, height = 1): object {
  const fields = { block, height, outcome: 0, digest: new Uint8Array(32), verifier: key.address };
  return attestations.add(Attestation.sign(fields, key, rules.genesis));
}
const big = keyWith("big", 10n);

beforeEach(() => {
  here.clear();
  const state = { collateralOf: (key: Uint8Array) => stakes.get(toHex(key)) ?? 0n } as unknown as State;
  const recent = (id: Uint8Array): { height: number } | undefined => {
    const height = here.get(toHex(id));
    return height === undefined ? undefined : { height };
  };
  attestations = new Attestations({ rules, trusted: [Sim.key("trusted").address] }, { state: () => state, recent });
});

describe("a word on a block that is not here", () => {
  it("is kept of who may count, and of nobody else", () => {
    expect(say(Sim.key("nobody"), blockNamed(1))).toMatchObject({ kind: "ignore", code: "no-say" });
    expect(say(big, blockNamed(1))).toEqual(ACCEPT);
    expect(say(Sim.key("trusted"), blockNamed(1))).toEqual(ACCEPT);
    // On one that is here anybody may speak: others may go by it.
    here.set(toHex(blockNamed(1)), 1);
    expect(say(Sim.key("nobody"), blockNamed(1))).toEqual(ACCEPT);
  });

  it("is one of two of a key with stake for one height", () => {
    expect([1, 2, 3].map((i) => say(big, blockNamed(i)))).toMatchObject([ACCEPT, ACCEPT, { code: "full" }]);
    expect(say(big, blockNamed(4), 2)).toEqual(ACCEPT);
    here.set(toHex(blockNamed(5)), 1);
    expect(say(big, blockNamed(5))).toEqual(ACCEPT);
  });

  it("pushes out none on a block that is here, nor one that more is at stake for", () => {
    here.set(toHex(blockNamed(0)), 1);
    say(big, blockNamed(0));
    say(big, blockNamed(1), 5);
    for (let i = 0; i < 200; i++)
      for (const height of [3, 4]) say(keyWith(`small ${i}`, 2n), blockNamed(10 * (i + 1) + height), height);
    expect(attestations.has(blockNamed(0), big.address)).toBe(true);
    expect(attestations.has(blockNamed(1), big.address)).toBe(true);
    expect(attestations.blocks()).toHaveLength(256);
    expect(say(keyWith("smaller", 1n), blockNamed(5000), 5)).toMatchObject({ kind: "ignore", code: "full" });
    // A block that is here finds room, whoever speaks first.
    here.set(toHex(blockNamed(6000)), 6);
    expect(say(keyWith("smaller", 1n), blockNamed(6000), 6)).toEqual(ACCEPT);
    expect(attestations.blocks()).toHaveLength(256);
  });
});

describe("a word on a block that is here", () => {
  it("says its height, or is none", () => {
    here.set(toHex(blockNamed(1)), 7);
    expect(say(big, blockNamed(1), 6)).toMatchObject({ kind: "ignore", code: "far-height" });
    expect(say(big, blockNamed(1), 7)).toEqual(ACCEPT);
  });
});

describe("words on one block", () => {
  const block = blockNamed(1);
  beforeEach(() => {
    here.set(toHex(block), 1);
  });

  it("are of 256 keys with stake at most: who has more at stake takes the place of who has least", () => {
    const keys = Array.from({ length: 256 }, (_, i) => keyWith(`one of many ${i}`, i === 77 ? 2n : 3n));
    for (const key of keys) expect(say(key, block)).toEqual(ACCEPT);
    expect(say(keyWith("as little", 2n), block)).toMatchObject({ kind: "ignore", code: "full" });
    expect(say(keyWith("a little more", 3n), block)).toEqual(ACCEPT);
    const has = (name: string): boolean => attestations.has(block, Sim.key(name).address);
    expect(["one of many 77", "one of many 76", "as little", "a little more"].map(has)).toEqual([
      false,
      true,
      false,
      true,
    ]);
  });

  it("are of 64 others at most, whom nobody goes by", () => {
    for (let i = 0; i < 64; i++) expect(say(Sim.key(`other ${i}`), block)).toEqual(ACCEPT);
    expect(say(Sim.key("other 64"), block)).toMatchObject({ kind: "ignore", code: "full" });
    expect(say(big, block)).toEqual(ACCEPT);
  });

  it("are none that another signed, whatever is at stake for whom it names", () => {
    const fields = { block, height: 1, outcome: 0, digest: new Uint8Array(32), verifier: big.address };
    const forged = Attestation.sign(fields, Sim.key("nobody"), rules.genesis);
    expect(attestations.add(forged)).toMatchObject({ kind: "reject", code: "bad-signature" });
    expect(attestations.has(block, big.address)).toBe(false);
  });

  it.each([
    [3, undefined],
    [4, "valid"],
  ])("of %i trusted verifiers among five decide: %s", (count, decided) => {
    const trusted = Array.from({ length: 5 }, (_, i) => Sim.key(`trusted ${i}`));
    const state = { collateralOf: () => 0n, stakers: [] } as unknown as State;
    attestations = new Attestations(
      { rules, trusted: trusted.map(({ address }) => address) },
      { state: () => state, recent: () => ({ height: 1 }) },
    );
    for (const key of trusted.slice(0, count)) expect(say(key, block)).toEqual(ACCEPT);
    expect(attestations.decided(block, state)).toBe(decided);
  });
});
