// A network of two tasks in virtual time: nodes follow what they choose, agree on all that the chain holds, and one task's trouble is not the other's.
import { afterEach, describe, expect, it } from "vitest";
import { formatAddress, toHex } from "../../src/base/index.ts";
import { taskOf } from "../../src/chain/index.ts";
import type { NodeStatus } from "../../src/node/index.ts";
import { replayStore } from "../../src/node/tools/replay.ts";
import type { VerifyReport } from "../../src/node/tools/reports.ts";
import type { Clock } from "../../src/ports/index.ts";
import { Sim, type SimNodeOptions, toyArtifacts, toyRegistration, toyRuntime } from "../support/sim.ts";

const MINUTE = 60_000;
const TASKS = ["toy", "toy-two"];
const [ONE, TWO] = TASKS.map((name) => toHex(taskOf(toyRegistration(name)).id)) as [string, string];
const addressOf = (name: string): string => formatAddress(Sim.key(name).address, "sim");
const VERIFIER = addressOf("v");

let sim: Sim;
afterEach(() => sim.close());

const aSim = (seed: number): Sim => new Sim({ seed, genesis: { tasks: TASKS.map((name) => toyRegistration(name)) } });
const statusOf = (name: string): NodeStatus => sim.node(name).getStatus();
const settledHash = (name: string): string => statusOf(name).settled.hash;
/** The open round of a task at a node: block by block where it follows it not. */
const roundOf = (name: string, task: string): number =>
  statusOf(name).tasks.find(({ id }) => id === task)?.round as number;

/** One miner a task, both following both; a verifier of both; a peer of one that goes by the verifier for the other. */
const NODES: readonly (readonly [string, SimNodeOptions, readonly string[]])[] = [
  ["a", { roles: ["miner"], mines: ["toy"] }, []],
  ["b", { roles: ["miner"], mines: ["toy-two"] }, ["a"]],
  ["v", { roles: ["verifier"] }, ["a", "b"]],
  ["p", { follows: ["toy"], trusts: [VERIFIER] }, ["v"]],
];
const ALL = ["a", "b", "v", "p"];

async function setUp(seed: number, nodes = NODES): Promise<void> {
  sim = aSim(seed);
  for (const [name, options, peers] of nodes) await sim.add(name, options, peers);
}

/** Has time pass until the nodes settled the same block, then says what they agree on. */
async function agree(names: readonly string[]): Promise<NodeStatus["settled"]> {
  await until(MINUTE, () => new Set(names.map(settledHash)).size === 1);
  const [first, ...others] = names.map((name) => statusOf(name).settled) as [
    NodeStatus["settled"],
    ...NodeStatus["settled"][],
  ];
  const common = ({ height, hash, stateRoot, tasks }: NodeStatus["settled"]): object => ({
    height,
    hash,
    stateRoot,
    tasks,
  });
  for (const other of others) expect(common(other)).toEqual(common(first));
  expect(first.tasks.map(({ task }) => task)).toEqual([ONE, TWO]);
  return first;
}

/** Settled blocks of the best chain, as a node shows them. */
const blocksOf = async (name: string, from = 1): Promise<Awaited<ReturnType<ReturnType<typeof view>["blocks"]>>> => {
  const { height } = statusOf(name).settled;
  return view(name).blocks(from, height - from + 1);
};
const view = (name: string) => sim.node(name).view();

/** Has time pass in small steps until `done` holds: a status takes longer than the virtual time it is of. */
async function until(ms: number, done: () => boolean): Promise<void> {
  const end = sim.clock.now() + ms;
  while (!done() && sim.clock.now() < end) await sim.clock.run(100);
}

/** Time that passes at once: replays wait for nobody. */
const hurried: Clock = {
  now: () => 0,
  wallTime: () => 0,
  after: (_ms, run) => {
    const due = setImmediate(run);
    return () => clearImmediate(due);
  },
};

async function replay(name: string, follows: readonly string[] = TASKS): Promise<VerifyReport> {
  const { network } = sim;
  const tasks = network.rules.tasks.filter((task) => follows.includes(task.name));
  return replayStore(
    { network, tasks },
    { store: sim.store(name), artifacts: toyArtifacts, runtime: toyRuntime({ clock: hurried, unitMs: 1 }) },
    { signal: new AbortController().signal, onProgress: () => undefined },
  );
}

describe("two tasks, one miner each", () => {
  it("are both trained and both won, and every node agrees on both parameters, whatever it follows", async () => {
    await setUp(2);
    await sim.clock.run(8 * MINUTE);
    const settled = await agree(ALL);
    expect(settled.height).toBeGreaterThan(20);
    for (const { round } of settled.tasks) expect(round).toBeGreaterThan(50);
    const blocks = await blocksOf("v");
    const won = (task: string): number => blocks.filter((block) => block.task === task).length;
    expect(won(ONE)).toBeGreaterThan(5);
    expect(won(TWO)).toBeGreaterThan(5);
    expect(blocks.every(({ task, miner }) => miner === addressOf(task === ONE ? "a" : "b"))).toBe(true);
    // The peer ran the units of its own task again and took the verifier's word for the other's.
    const seen = await blocksOf("p");
    expect(seen.map(({ hash }) => hash)).toEqual(blocks.slice(0, seen.length).map(({ hash }) => hash));
    expect(seen.filter(({ task }) => task === ONE).every(({ checked }) => checked === "executed")).toBe(true);
    expect(seen.filter(({ task }) => task === TWO).every(({ checked }) => checked === "attestations")).toBe(true);
    expect(statusOf("p").tasks.map(({ name, followed }) => [name, followed])).toEqual(
      expect.arrayContaining([
        ["toy", true],
        ["toy-two", false],
      ]),
    );
    for (const name of ALL) expect(statusOf(name).stats.securityAlerts).toBe(0);
    // No money is made or lost, among all else.
    expect(await replay("v")).toMatchObject({ ok: true });
  });

  it("stand as they stood after each node was killed and started again, and each store replays", async () => {
    await setUp(3);
    await sim.clock.run(3 * MINUTE);
    for (const [name, , peers] of NODES) {
      const { height, settled: before } = statusOf(name);
      await sim.stop(name);
      const again = await sim.restart(name);
      expect(again.getStatus().height).toBe(height);
      // Nobody dials by itself here.
      for (const peer of peers) await sim.dial(name, peer);
      for (const [other, , its] of NODES) if (its.includes(name)) await sim.dial(other, name);
      await sim.clock.run(MINUTE);
      const settled = await agree(ALL);
      expect(settled.height).toBeGreaterThan(before.height);
    }
    const { height, stateRoot } = await agree(ALL);
    const roots = new Map<number, string>();
    for (const name of ALL) {
      await sim.stop(name);
      const follows = name === "p" ? ["toy"] : TASKS;
      const report = await replay(name, follows);
      expect(report).toMatchObject({ ok: true, problem: undefined });
      expect(report.height).toBeGreaterThanOrEqual(height);
      expect(report.records).toBeGreaterThan(20);
      const units = name === "p" ? { above: 0, below: report.blocks - 1 } : { above: report.blocks - 1, below: 1e9 };
      expect(report.unitsExecuted).toBeGreaterThan(units.above);
      expect(report.unitsExecuted).toBeLessThanOrEqual(units.below);
      roots.set(report.height, roots.get(report.height) ?? report.stateRoot);
      expect(report.stateRoot).toBe(roots.get(report.height));
    }
    expect(stateRoot).toMatch(/^[0-9a-f]{64}$/);
  });

  it("come together after a split, each side having won its own task only", async () => {
    await setUp(4);
    await sim.clock.run(2 * MINUTE);
    await agree(ALL);
    const groups = [
      ["a", "p"],
      ["b", "v"],
    ].map((names) => names.map((name) => sim.peerId(name)));
    const before = statusOf("a").height;
    sim.air.split(groups);
    await sim.clock.run(2 * MINUTE);
    expect(settledHash("a")).not.toBe(settledHash("b"));
    const apart = { a: await blocksOf("a", before + 2), b: await blocksOf("b", before + 2) };
    expect(apart.a.length).toBeGreaterThan(0);
    expect(apart.b.length).toBeGreaterThan(0);
    expect(apart.a.every(({ task }) => task === ONE)).toBe(true);
    expect(apart.b.every(({ task }) => task === TWO)).toBe(true);
    sim.air.join();
    for (const [name, , peers] of NODES) for (const peer of peers) await sim.dial(name, peer);
    await sim.clock.run(2 * MINUTE);
    await agree(ALL);
    const reorganised = ALL.map((name) => statusOf(name).stats.reorganisations);
    expect(Math.max(...reorganised)).toBeGreaterThan(0);
    expect(await replay("v")).toMatchObject({ ok: true });
    // And both go on from there.
    const rounds = [ONE, TWO].map((task) => roundOf("v", task)) as [number, number];
    await sim.clock.run(2 * MINUTE);
    expect(roundOf("v", ONE)).toBeGreaterThan(rounds[0] + 5);
    expect(roundOf("v", TWO)).toBeGreaterThan(rounds[1] + 5);
  });
});

describe("a leader that is started again in the middle of its rounds", () => {
  it("takes over the rounds of each task, though the first peer it meets follows but one", async () => {
    await setUp(8);
    let tried = 0;
    for (let tries = 0; tries < 60 && tried < 3; tries++) {
      // `a` leads the second task too, which it does not train: without the others' records it could close no round of it.
      await until(2 * MINUTE, () => statusOf("b").tip.miner === addressOf("a"));
      const { hash, tasks } = statusOf("b").tip;
      const stands = tasks.find(({ task }) => task === TWO)?.round as number;
      const here = (): boolean => statusOf("b").tip.hash === hash;
      await until(5000, () => !here() || roundOf("b", TWO) > stands + 1);
      if (!here() || roundOf("b", TWO) <= stands + 1) continue;
      await sim.stop("a");
      await sim.restart("a");
      await sim.dial("a", "p");
      await sim.clock.run(300);
      await sim.dial("a", "b");
      await sim.dial("a", "v");
      const before = roundOf("b", TWO);
      await until(4000, () => !here());
      if (!here()) continue;
      tried++;
      await until(1000, () => roundOf("a", TWO) === roundOf("b", TWO));
      expect(roundOf("a", TWO)).toBe(roundOf("b", TWO));
      expect(roundOf("b", TWO)).toBeGreaterThan(before);
    }
    expect(tried).toBe(3);
    await agree(ALL);
  });
});

describe("a liar in one task", () => {
  const beside = (honest: Float32Array): Float32Array => honest.map((x, i) => (i === 0 ? x + 2 ** -22 : x));

  it("wins nothing and stops neither the other task nor its own", async () => {
    await setUp(5, [
      ...NODES,
      [
        "m",
        { roles: ["miner"], mines: ["toy-two"], unitMs: 800, forge: (_, honest) => beside(honest) },
        ["a", "b", "v"],
      ],
    ]);
    const before = { one: roundOf("v", ONE), two: roundOf("v", TWO) };
    await sim.clock.run(6 * MINUTE);
    await agree(ALL);
    const blocks = await blocksOf("v");
    expect(blocks.filter(({ miner }) => miner === addressOf("m"))).toEqual([]);
    expect(blocks.filter(({ task }) => task === ONE).length).toBeGreaterThan(3);
    expect(blocks.filter(({ task }) => task === TWO).length).toBeGreaterThan(3);
    expect(roundOf("v", ONE)).toBeGreaterThan(before.one + 40);
    expect(roundOf("v", TWO)).toBeGreaterThan(before.two + 40);
    // What it forged was found, and with it the liar's part in the work ended.
    expect(statusOf("m").stats.units).toBeGreaterThan(0);
    expect(sim.node("v").view().account(addressOf("m"))?.bannedUntil).toBeDefined();
    for (const name of ["a", "b", "v"]) expect(statusOf(name).stats.securityAlerts).toBeGreaterThan(0);
  });
});

describe("three tasks on a lossy network", () => {
  it("are all trained, by miners of one, two and all of them, and come to one chain", async () => {
    const names = [...TASKS, "toy-three"];
    sim = new Sim({ seed: 9, loss: 0.02, genesis: { tasks: names.map((name) => toyRegistration(name)) } });
    await sim.add("a", { roles: ["miner"] });
    await sim.add("b", { roles: ["miner"], mines: ["toy-two", "toy-three"] }, ["a"]);
    await sim.add("v", { roles: ["verifier"] }, ["a", "b"]);
    await sim.add("c", { roles: ["miner"], follows: ["toy-three"], trusts: [VERIFIER] }, ["a", "b", "v"]);
    await sim.clock.run(8 * MINUTE);
    const nodes = ["a", "b", "v", "c"];
    const least = Math.min(...nodes.map((name) => statusOf(name).settled.height)) - 1;
    expect(least).toBeGreaterThan(15);
    const blocks = await Promise.all(nodes.map(async (name) => view(name).block(least)));
    expect(new Set(blocks.map((block) => block?.hash)).size).toBe(1);
    expect(new Set(blocks.map((block) => block?.stateRoot)).size).toBe(1);
    for (const { round } of statusOf("v").settled.tasks) expect(round).toBeGreaterThan(15);
    const seen = await blocksOf("v");
    expect(new Set(seen.map(({ task }) => task)).size).toBe(3);
    for (const name of nodes) {
      await sim.stop(name);
      expect(await replay(name, name === "c" ? ["toy-three"] : names)).toMatchObject({ ok: true });
    }
  });
});

describe("a leader that does not follow a task", () => {
  /** `c` follows and mines the first task only. */
  async function withStranger(seed: number): Promise<void> {
    await setUp(seed, [...NODES, ["c", { roles: ["miner"], follows: ["toy"], trusts: [VERIFIER] }, ["a", "b", "v"]]]);
    await sim.clock.run(MINUTE);
  }
  const tipIs = (miner: string): boolean =>
    ["v", "a", "b", "c"].every((name) => statusOf(name).tip.miner === addressOf(miner));

  it("stalls that task alone, until somebody else wins", async () => {
    await withStranger(6);
    let stalls = 0;
    for (let tries = 0; tries < 40 && stalls < 3; tries++) {
      await until(2 * MINUTE, () => tipIs("c"));
      if (!tipIs("c")) continue;
      const head = statusOf("v").tip.hash;
      const here = (): boolean => statusOf("v").tip.hash === head && tipIs("c");
      // Let what was under way on the old head arrive.
      await sim.clock.run(500);
      if (!here()) continue;
      const [one, two] = [roundOf("v", ONE), roundOf("v", TWO)];
      await until(6000, () => !here());
      if (!here()) continue;
      stalls++;
      expect(roundOf("v", TWO)).toBe(two);
      expect(roundOf("v", ONE)).toBeGreaterThan(one);
      await until(3 * MINUTE, () => tipIs("a") || tipIs("b"));
      const resumed = statusOf("v").tip.hash;
      await until(8000, () => roundOf("v", TWO) > two || statusOf("v").tip.hash !== resumed);
      if (statusOf("v").tip.hash === resumed) expect(roundOf("v", TWO)).toBeGreaterThan(two);
    }
    expect(stalls).toBe(3);
    await agree([...ALL, "c"]);
  });

  it("carries no records of it: they are void, its rounds are run again, and no money is lost", async () => {
    await withStranger(7);
    let voided = 0;
    for (let tries = 0; tries < 60 && voided < 3; tries++) {
      await until(2 * MINUTE, () => tipIs("a") || tipIs("b"));
      // Rounds of both tasks were closed on the head that `c` is going to build on.
      const { height } = statusOf("v");
      let closed = 0;
      const seen = (): boolean => {
        if (statusOf("v").height === height) closed = roundOf("v", TWO);
        return statusOf("v").height > height;
      };
      await until(2 * MINUTE, seen);
      const { tip } = statusOf("v");
      if (tip.height !== height + 1 || tip.miner !== addressOf("c")) continue;
      const stands = tip.tasks.find(({ task }) => task === TWO)?.round as number;
      const parent = (await view("v").block(height))?.hash;
      const block = await view("v").block(tip.height);
      if (block?.parent !== parent || closed <= stands) continue;
      voided++;
      // The task stands where the parent block left it; what was recorded since is of a head that is gone.
      const records = block?.recordList ?? [];
      expect(records.every(({ contributions }) => contributions.every(({ author }) => author !== addressOf("b")))).toBe(
        true,
      );
      await sim.clock.run(50);
      expect(roundOf("v", TWO)).toBe(stands);
    }
    expect(voided).toBe(3);
    await sim.clock.run(2 * MINUTE);
    await agree([...ALL, "c"]);
    expect(roundOf("v", TWO)).toBeGreaterThan(10);
    await sim.stop("c");
    expect(await replay("c", ["toy"])).toMatchObject({ ok: true });
  });
});
