// Genesis files: what is refused, what the hash covers, and the state they start.
import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/base/index.ts";
import {
  createGenesis,
  type Genesis,
  genesisHash,
  PROFILES,
  parseGenesis,
  readGenesis,
  rulesOf,
} from "../../../src/chain/index.ts";
import { noncesPerUnit } from "../../../src/work/index.ts";
import { aGenesis, alice, aWorld, bob, taskIn } from "../../support/chain.ts";

const hex = "ab".repeat(32);
const model = { name: "digits-mlp", trainDigest: hex, parameterCount: 101_770, macsPerStep: 9_756_672 };

describe("a genesis", () => {
  it.each(["devnet", "testnet"] as const)("%s is whole once it has a model", (name) => {
    const genesis = createGenesis(PROFILES[name], model, hex, hex);
    expect(parseGenesis(JSON.parse(JSON.stringify(genesis)))).toEqual(genesis);
    expect(noncesPerUnit(taskIn(rulesOf(genesis)), rulesOf(genesis))).toBe(1381);
    expect(genesis.network).toBe(name);
  });

  it("hashes to the same value in any order of fields, and to another for any change", () => {
    const genesis = aGenesis();
    const turned = Object.fromEntries(Object.entries(genesis).reverse()) as unknown as Genesis;
    expect(genesisHash(turned)).toEqual(genesisHash(genesis));
    const hashes = new Set([toHex(genesisHash(genesis))]);
    const changes: Partial<Genesis>[] = [
      { network: "other" },
      { time: genesis.time + 1 },
      { subsidy: "1001" },
      { split: { winner: 301, contributions: 599, leader: 100 } },
      { allocations: [] },
      { task: { ...genesis.task, steps: 9 } },
      { task: { ...genesis.task, parameters: hex } },
    ];
    for (const change of changes) hashes.add(toHex(genesisHash({ ...genesis, ...change })));
    expect(hashes.size).toBe(changes.length + 1);
  });

  it("gives a task another id when any fact of it changes", () => {
    const genesis = aGenesis();
    const id = (task: Genesis["task"]): string => toHex(taskIn(rulesOf({ ...genesis, task })).id);
    const { task } = genesis;
    const ids = [
      task,
      { ...task, model: "fake2" },
      { ...task, modelDigest: hex },
      { ...task, dataDigest: hex },
      { ...task, parameters: hex },
      { ...task, steps: 9 },
      { ...task, batch: 9 },
      { ...task, trainFrom: 1 },
      { ...task, trainTo: 99 },
      { ...task, parameterCount: 11 },
      { ...task, macsPerStep: 1_000_001 },
    ].map(id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  const bad: readonly (readonly [string, (genesis: Genesis) => object, RegExp])[] = [
    ["an unknown field", (g) => ({ ...g, colour: "red" }), /colour/],
    ["a missing field", ({ subsidy: _, ...g }) => g, /subsidy/],
    ["money as a number", (g) => ({ ...g, subsidy: 5 }), /subsidy/],
    ["money with a sign", (g) => ({ ...g, subsidy: "-5" }), /subsidy/],
    ["a split that is not whole", (g) => ({ ...g, split: { ...g.split, winner: 1 } }), /1000/],
    ["a target of zero", (g) => ({ ...g, target: "00".repeat(32) }), /target/],
    ["a short digest", (g) => ({ ...g, task: { ...g.task, dataDigest: "ab" } }), /dataDigest/],
    ["an empty training split", (g) => ({ ...g, task: { ...g.task, trainFrom: 100 } }), /trainTo/],
    ["one address twice", (g) => ({ ...g, allocations: [...g.allocations, ...g.allocations] }), /twice/],
    ["more money than fits", (g) => ({ ...g, subsidy: "5000000000" }), /2\^64/],
    ["a task that is a cheap lottery", (g) => ({ ...g, task: { ...g.task, macsPerStep: 1 } }), /cap/],
    ["a task without nonces", (g) => ({ ...g, omegaDenominator: 1000 }), /nonce/],
  ];
  it.each(bad)("is refused with %s", (_what, change, why) => {
    expect(() => parseGenesis(change(aGenesis()))).toThrow(why);
    expect(() => parseGenesis(change(aGenesis()))).toThrow(expect.objectContaining({ code: "BAD_GENESIS" }));
  });

  it("reads a file's text, and says so when it is no JSON", () => {
    expect(readGenesis(JSON.stringify(aGenesis()))).toEqual(aGenesis());
    expect(() => readGenesis("{")).toThrow(/not JSON/);
  });
});

describe("the state at height 0", () => {
  it("holds the allocations, the task and nothing else", () => {
    const { genesis, rules, state } = aWorld();
    expect(state.height).toBe(0);
    expect(state.time).toBe(genesis.time);
    expect(state.tipId).toEqual(genesisHash(genesis));
    expect(state.account(alice.address).balance).toBe(1_000_000n);
    expect(state.account(bob.address)).toEqual({ address: bob.address, balance: 0n, nonce: 0n });
    expect(state.supply).toBe(1_000_000n);
    expect(state.work).toBe(0n);
    expect(state.immature()).toEqual([]);
    const task = taskIn(rules);
    expect(state.tasks).toEqual([
      { id: task.id, modelDigest: task.modelDigest, round: 0, parameters: task.initialDigest, lastRecord: task.id },
    ]);
    expect(state.recentBlock(0)).toMatchObject({ height: 0, id: state.tipId, beacon: state.beacon });
    expect(state.recentBlock(1)).toBeUndefined();
  });

  it("has a beacon and a root of its own per network", () => {
    const [a, b] = [aWorld(), aWorld({ network: "other" })];
    expect(a.state.beacon).not.toEqual(b.state.beacon);
    expect(a.state.root).not.toEqual(b.state.root);
  });
});
