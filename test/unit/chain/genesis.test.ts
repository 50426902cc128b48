// Genesis files: what is refused, what the hash covers, the tasks inside, and the state they start.
import { describe, expect, it } from "vitest";
import { toHex, utf8 } from "../../../src/base/index.ts";
import {
  canonicalJson,
  createGenesis,
  findTask,
  type Genesis,
  type GenesisTask,
  genesisHash,
  genesisState,
  MAX_TASKS,
  PROFILES,
  parseGenesis,
  readGenesis,
  rulesOf,
  taskOf,
} from "../../../src/chain/index.ts";
import { taggedHash } from "../../../src/crypto/index.ts";
import { noncesPerUnit } from "../../../src/work/index.ts";
import { aGenesis, alice, aRegistration, aWorld, bob, carol, taskIn } from "../../support/chain.ts";

const hex = "ab".repeat(32);
/** A task of the size of digits-mlp. */
const digits = aRegistration("digits-mlp", {
  steps: 2000,
  batch: 32,
  parameters: [{ name: "w", shape: [101_770], exponent: -22, init: { kind: "zeros" } }],
  parameterCount: 101_770,
  effort: { batch: 7_467_576, rest: 3_250_356 },
});
const only = (genesis: Genesis): GenesisTask => genesis.tasks[0] as GenesisTask;
const withTask = (genesis: Genesis, change: Partial<GenesisTask>): Genesis => ({
  ...genesis,
  tasks: [{ ...only(genesis), ...change }],
});
const withData = (genesis: Genesis, change: Partial<GenesisTask["data"]>): Genesis =>
  withTask(genesis, { data: { ...only(genesis).data, ...change } });
const refusal = (job: () => unknown): string => {
  try {
    job();
  } catch (error) {
    expect(error).toMatchObject({ code: "BAD_GENESIS" });
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
};

describe("a genesis", () => {
  it.each(["devnet", "testnet"] as const)("%s is whole once it has a task", (name) => {
    const genesis = createGenesis(PROFILES[name], [digits]);
    expect(parseGenesis(JSON.parse(JSON.stringify(genesis)))).toEqual(genesis);
    expect(noncesPerUnit(taskIn(rulesOf(genesis)), rulesOf(genesis))).toBe(1436);
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
      { split: { ...aGenesis().split, winner: 301, contributions: 449 } },
      { allocations: [] },
      withTask(genesis, { steps: 9 }),
      withTask(genesis, { initialDigest: hex }),
      { tasks: [only(genesis), aRegistration("second")] },
      { tasks: [aRegistration("second"), only(genesis)] },
    ];
    for (const change of changes) hashes.add(toHex(genesisHash({ ...genesis, ...change })));
    expect(hashes.size).toBe(changes.length + 1);
  });

  it("gives a task another id when any fact of it changes", () => {
    const genesis = aGenesis();
    const id = (changed: Genesis): string => toHex(taskIn(rulesOf(changed)).id);
    const { splits } = only(genesis).data;
    const ids = [
      genesis,
      withTask(genesis, { model: "fake2" }),
      withTask(genesis, { trainDigest: hex }),
      withData(genesis, { digest: hex }),
      withTask(genesis, { initialDigest: hex }),
      withTask(genesis, { steps: 9 }),
      withTask(genesis, { batch: 9 }),
      withData(genesis, { splits: { ...splits, train: [1, 100] } }),
      withData(genesis, { splits: { ...splits, train: [0, 99] } }),
      withTask(genesis, { parameterCount: 11 }),
      withTask(genesis, { effort: { batch: 8_000_000_001, rest: 0 } }),
      withTask(genesis, { initSeed: "other" }),
      withTask(genesis, { noise: [{ name: "relabel", count: 8, below: 160 }] }),
      withTask(genesis, { optimizer: { kind: "sgd", settings: [{ learningRate: "1" }] } }),
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
    ["a short digest", (g) => withData(g, { digest: "ab" }), /tasks\.0\.data\.digest: 32 bytes/],
    [
      "an empty training split",
      (g) => withData(g, { splits: { ...only(g).data.splits, train: [100, 100] } }),
      /tasks\.0\.data\.splits\.train: the second number must be above the first/,
    ],
    [
      "splits that overlap",
      (g) => withData(g, { splits: { ...only(g).data.splits, validation: [99, 110] } }),
      /tasks\.0: data\.splits: two of them overlap/,
    ],
    [
      "an input's name twice",
      (g) => withData(g, { inputs: [...only(g).data.inputs, ...only(g).data.inputs] }),
      /tasks\.0: an input's name appears twice/,
    ],
    [
      "values that no byte holds",
      (g) => withData(g, { inputs: only(g).data.inputs.map((input) => ({ ...input, limit: 257 })) }),
      /tasks\.0\.data\.inputs\.0\.limit/,
    ],
    ["one address twice", (g) => ({ ...g, allocations: [...g.allocations, ...g.allocations] }), /twice/],
    ["too little time to answer the last word of an audit", (g) => ({ ...g, evidenceBlocks: 4 }), /evidenceBlocks.*5/],
    [
      "longer windows than evidence has",
      (g) => ({ ...g, maturity: 9, evidenceBlocks: 8, auditBlocks: 3 }),
      /evidenceBlocks: at least 9/,
    ],
    ["more bans than a state has room for", (g) => ({ ...g, banBlocks: 4097 }), /banBlocks/],
    ["audits without a window", (g) => ({ ...g, auditBlocks: 0 }), /auditBlocks/],
    ["more money than fits", (g) => ({ ...g, subsidy: "5000000000" }), /2\^64/],
    ["a task without nonces", (g) => withTask(g, { effort: { batch: 1, rest: 0 } }), /tasks\.0: .*nonce/],
    ["an optimiser without settings", (g) => withTask(g, { optimizer: { kind: "sgd", settings: [] } }), /settings/],
    [
      "noise that is called as an input",
      (g) => withTask(g, { noise: [{ name: "rows", count: 1, below: 2 }] }),
      /tasks\.0: an input's name appears twice/,
    ],
    [
      "noise that no int32 holds",
      (g) => withTask(g, { noise: [{ name: "shift", count: 1, below: 2 ** 31 }] }),
      /tasks\.0\.noise\.0\.below/,
    ],
    ["no task", (g) => ({ ...g, tasks: [] }), /tasks: must list at least one task/],
    [
      "the one task of the first version",
      (g) => ({ ...g, tasks: undefined, task: only(g) }),
      /tasks: is missing \(1 more after this one\)\.$/,
    ],
    ["a task with an unknown fact", (g) => withTask(g, { colour: "red" } as never), /tasks\.0: .*colour/],
    ["a task without a fact", (g) => withTask(g, { evalDigest: undefined as never }), /tasks\.0\.evalDigest/],
    ["a name in capitals", (g) => withTask(g, { name: "Fake" }), /tasks\.0\.name: a short lower-case name/],
    ["a kind of task that is not known", (g) => withTask(g, { kind: "regression" as never }), /tasks\.0\.kind/],
    ["a delta codec that is not known", (g) => withTask(g, { codec: "top-k" as never }), /tasks\.0\.codec: .*exact/],
    [
      "an aggregation that is not known",
      (g) => withTask(g, { aggregation: "sum" as never }),
      /tasks\.0\.aggregation: .*mean/,
    ],
    ["steps of zero", (g) => withTask(g, { steps: 0 }), /tasks\.0\.steps/],
    ["half a batch", (g) => withTask(g, { batch: 8.5 }), /tasks\.0\.batch/],
    [
      "a fraction that is not text",
      (g) => withTask(g, { optimizer: { kind: "sgd", settings: [{ rate: 0.1 as never }] } }),
      /optimizer\.settings\.0\.rate/,
    ],
    [
      "a parameter count that its parameters contradict",
      (g) => withTask(g, { parameterCount: 11 }),
      /tasks\.0: parameterCount is 11, the parameters have 10 values/,
    ],
    [
      "one parameter twice",
      (g) => withTask(g, { parameters: [...only(g).parameters, ...only(g).parameters], parameterCount: 20 }),
      /tasks\.0: a parameter's name appears twice/,
    ],
    [
      "a grid that float32 does not have",
      (g) => withTask(g, { parameters: [{ name: "a", shape: [10], exponent: 1, init: { kind: "zeros" } }] }),
      /exponent/,
    ],
    [
      "more nonces a unit than can be counted",
      (g) => withTask(g, { effort: { batch: 2 ** 53 - 1, rest: 0 }, steps: 2 ** 30 }),
      /tasks\.0: a unit earns too many nonces/,
    ],
  ];
  it.each(bad)("is refused with %s", (_what, change, why) => {
    expect(() => parseGenesis(change(aGenesis()))).toThrow(why);
    expect(() => parseGenesis(change(aGenesis()))).toThrow(expect.objectContaining({ code: "BAD_GENESIS" }));
  });

  it.each<[string, unknown, string]>([
    ["no object", 5, "The genesis is wrong at the top: must be an object."],
    ["text for a number", { ...aGenesis(), version: "1" }, "The genesis is wrong at version: must be a number."],
    ["a fraction", { ...aGenesis(), time: 1.5 }, "The genesis is wrong at time: must be a whole number."],
    ["too little", { ...aGenesis(), blockTimeMs: 99 }, "The genesis is wrong at blockTimeMs: must be at least 100."],
    ["an unknown field", { ...aGenesis(), chain: 1 }, 'The genesis is wrong at the top: has an unknown field "chain".'],
  ])("with %s is refused in one sentence that names the field and what it must be", (_what, json, sentence) => {
    expect(refusal(() => parseGenesis(json))).toBe(sentence);
  });

  it("that lacks nearly everything is refused for the first field, with the number of the others", () => {
    expect(refusal(() => parseGenesis({}))).toMatch(
      /^The genesis is wrong at network: is missing \(\d+ more after this one\)\.$/,
    );
  });

  it("reads a file's text, and says so when it is no JSON", () => {
    expect(readGenesis(JSON.stringify(aGenesis()))).toEqual(aGenesis());
    expect(() => readGenesis("{")).toThrow(/not JSON/);
  });
});

/** Every place inside a value, as a path. */
function paths(value: unknown, at: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => paths(item, [...at, i]));
  if (typeof value === "object" && value !== null)
    return Object.entries(value).flatMap(([key, item]) => paths(item, [...at, key]));
  return [at];
}
/** The value with the one place at `path` changed. */
function altered(value: unknown, path: readonly (string | number)[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === "number" ? value + 1 : `${value}x`;
  if (Array.isArray(value)) return value.map((item, i) => (i === key ? altered(item, rest) : item));
  return { ...(value as object), [key]: altered((value as { [key: string]: unknown })[key], rest) };
}
const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, reversed(item)] as const)
      .reverse(),
  );
};

describe("a task's id", () => {
  const idOf = (registration: unknown): string => toHex(taskOf(registration as GenesisTask).id);
  /** Facts that say how a delta is read must stay in their tables for a task to be made at all. */
  const named = paths(digits).filter(([key]) => key !== "codec");

  it("is H(task, canonical JSON of every fact), in whatever order they are written", () => {
    expect(idOf(digits)).toBe(toHex(taggedHash("task", utf8(canonicalJson(digits)))));
    expect(idOf(reversed(digits))).toBe(idOf(digits));
    expect(canonicalJson(reversed(digits))).toBe(canonicalJson(digits));
  });

  it.each(named.map((path) => [path.join("."), path] as const))("changes with %s", (_name, path) => {
    expect(idOf(altered(digits, path))).not.toBe(idOf(digits));
  });

  it("does not depend on the network, which its genesis hash does", () => {
    const [a, b] = (["devnet", "testnet"] as const).map((name) => rulesOf(createGenesis(PROFILES[name], [digits])));
    expect(a?.tasks[0]?.id).toEqual(b?.tasks[0]?.id);
    expect(a?.genesis).not.toEqual(b?.genesis);
  });
});

describe("several tasks", () => {
  const many = (count: number): GenesisTask[] => Array.from({ length: count }, (_, i) => aRegistration(`task-${i}`));

  it("are found by their ids, with every fact of their own", () => {
    const rules = rulesOf(aGenesis({ tasks: [aRegistration("one"), aRegistration("two", { steps: 9, batch: 4 })] }));
    const [one, two] = rules.tasks;
    expect([one?.name, two?.name]).toEqual(["one", "two"]);
    expect(one?.id).not.toEqual(two?.id);
    for (const task of rules.tasks) expect(findTask(rules, task.id)).toBe(task);
    expect(findTask(rules, rules.genesis)).toBeUndefined();
    expect([two?.steps, two?.batch, two?.maxDeltaBytes, two?.effort.batch]).toEqual([9, 4, 40, 8_000_000_000]);
  });

  it("may be the same model under two names, which are two tasks", () => {
    const [one, two] = rulesOf(aGenesis({ tasks: [digits, { ...digits, name: "again" }] })).tasks;
    expect(one?.id).not.toEqual(two?.id);
    expect(one?.initialDigest).toEqual(two?.initialDigest);
  });

  it("are eight at most", () => {
    expect(MAX_TASKS).toBe(8);
    expect(rulesOf(aGenesis({ tasks: many(8) })).tasks).toHaveLength(8);
    expect(refusal(() => aGenesis({ tasks: many(9) }))).toMatch(/^The genesis is wrong at tasks: /);
  });

  it("have a name each", () => {
    const twice = [aRegistration("one"), aRegistration("two"), aRegistration("one", { steps: 9 })];
    expect(refusal(() => aGenesis({ tasks: twice }))).toBe("The genesis is wrong at tasks: a name appears twice.");
  });

  it("are checked one by one, and the fault says which", () => {
    const [one, two] = many(2) as [GenesisTask, GenesisTask];
    expect(refusal(() => aGenesis({ tasks: [one, { ...two, parameterCount: 3 }] }))).toBe(
      "The genesis is wrong at tasks.1: parameterCount is 3, the parameters have 10 values.",
    );
    expect(refusal(() => aGenesis({ tasks: [one, { ...two, effort: { batch: 1, rest: 0 } }] }))).toMatch(
      /at tasks\.1: .*nonce\.$/,
    );
    const both = [
      { ...one, steps: 0 },
      { ...two, batch: 0 },
    ];
    expect(refusal(() => aGenesis({ tasks: both }))).toMatch(/at tasks\.0\.steps: .* \(1 more after this one\)\.$/);
  });

  it("start side by side, each at its own first parameters", () => {
    const genesis = aGenesis({ tasks: many(3) });
    const { tasks } = rulesOf(genesis);
    expect(genesisState(genesis).tasks).toEqual(
      tasks.map(({ id, initialDigest }) => ({
        id,
        season: 0,
        round: 0,
        parametersDigest: initialDigest,
        lastRecord: id,
      })),
    );
  });
});

describe("the state at height 0", () => {
  it("holds the allocations, the task and nothing else", () => {
    const { genesis, rules, state } = aWorld();
    expect(state.height).toBe(0);
    expect(state.time).toBe(genesis.time);
    expect(state.tipId).toEqual(genesisHash(genesis));
    expect(state.account(alice.address).balance).toBe(1_000_000n);
    expect(state.account(bob.address)).toEqual({ address: bob.address, balance: 0n, nonce: 0n, stake: 0n });
    expect([state.hasAccount(alice.address), state.hasAccount(bob.address)]).toEqual([true, false]);
    expect(state.supply).toBe(1_000_000n);
    expect(state.work).toBe(0n);
    expect(state.immature()).toEqual([]);
    expect(state.unbonding()).toEqual([]);
    const task = taskIn(rules);
    expect(state.tasks).toEqual([
      { id: task.id, season: 0, round: 0, parametersDigest: task.initialDigest, lastRecord: task.id },
    ]);
    const { target, tipId: id, beacon } = state;
    expect(state.recentBlock(0)).toMatchObject({ height: 0, id, beacon, target });
    expect(state.expectedDraws).toBe(16n);
    expect(state.recentBlock(1)).toBeUndefined();
  });

  it("holds what an allocation puts at stake, which is money too", () => {
    const [a, b] = [toHex(alice.address), toHex(bob.address)];
    const { state } = aWorld({
      allocations: [
        { address: a, amount: "100", stake: "7" },
        { address: b, amount: "0", stake: "30" },
      ],
    });
    expect(state.account(alice.address)).toMatchObject({ balance: 100n, stake: 7n });
    expect([state.collateralOf(alice.address), state.collateralOf(bob.address)]).toEqual([7n, 30n]);
    expect(state.collateralOf(carol.address)).toBe(0n);
    expect(state.supply).toBe(137n);
  });

  it("has a beacon and a root of its own per network", () => {
    const [a, b] = [aWorld(), aWorld({ network: "other" })];
    expect(a.state.beacon).not.toEqual(b.state.beacon);
    expect(a.state.root).not.toEqual(b.state.root);
  });
});
