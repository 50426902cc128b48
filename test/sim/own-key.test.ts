// One key in two places, and a key whose store or whose memory is gone: nothing is signed twice, and the node says why it rests.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { doubleBlock } from "../../src/chain/index.ts";
import type { NodeStatus } from "../../src/node/index.ts";
import { memoryHistory } from "../../src/node/parts/signed-file.ts";
import type { SigningHistory } from "../../src/ports/index.ts";
import { kindsPending, Lab, type Node, only, UNIT_MS } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

const MINUTE = 60_000;
const MINER = { roles: ["miner"], unitMs: 3000 } as const;

let sim: Sim;
afterEach(() => sim?.close());

const status = (name: string): NodeStatus => sim.node(name).getStatus();
const sentence = (name: string): string | undefined =>
  status(name).health.find(({ check }) => check === "key")?.sentence;
/** What each node claimed, by slot. */
function watched(slots: Map<string, Set<string>>): SigningHistory {
  const history = memoryHistory();
  return {
    get top() {
      return history.top;
    },
    has: (id) => history.has(id),
    claim: async (signed) => {
      const granted = await history.claim(signed);
      if (granted) slots.set(signed.slot, (slots.get(signed.slot) ?? new Set()).add(signed.id));
      return granted;
    },
  };
}

describe("one key on two machines", () => {
  it("is found by both or one of them, who stop mining with a sentence, and signs nothing twice", async () => {
    sim = new Sim({ seed: 8 });
    const slots = new Map<string, Set<string>>();
    await sim.add("m", MINER);
    await sim.add("here", { ...MINER, account: "one", history: watched(slots) }, ["m"]);
    await sim.clock.run(3 * MINUTE);
    expect(status("here").state).toBe("mining");
    // A copy of the machine as it was at first: the chain comes from peers, what the key signed does not.
    await sim.add("there", { ...MINER, account: "one", unitMs: 3500, joins: true, history: watched(slots) }, [
      "m",
      "here",
    ]);
    await sim.clock.run(5 * MINUTE, () => status("here").state === "degraded" || status("there").state === "degraded");
    const stopped = ["here", "there"].filter((name) => status(name).state === "degraded");
    expect(stopped).not.toEqual([]);
    for (const name of stopped)
      expect(sentence(name)).toMatch(/^Another node signs with this node's key .* Stop the other node/);
    const before = stopped.map((name) => status(name).stats.units);
    const { height } = status("m");
    await sim.clock.run(5 * MINUTE);
    for (const [i, name] of stopped.entries())
      expect(status(name).stats.units).toBeLessThanOrEqual((before[i] as number) + 1);
    expect([...slots.values()].every((ids) => ids.size === 1)).toBe(true);
    expect(status("m").threatLevel).toBe("LOW");
    expect(status("m").height).toBeGreaterThan(height + 5);
  });
});

interface InStep {
  /** Names of those that found out about the other. */
  readonly stopped: readonly string[];
  /** Kinds of the offences that a third node saw. */
  readonly offences: readonly number[];
  /** How many blocks it has. */
  readonly height: number;
}

/** Two machines with one key, that start on one chain at once, with units from these indexes on that end within 2 ms. */
async function startInStep(lab: Lab, firstIndexes: Readonly<Record<string, number>>): Promise<InStep> {
  const third = await lab.node("third");
  const twins: Node[] = [];
  const stopped: string[] = [];
  for (const [name, firstIndex] of Object.entries(firstIndexes)) {
    const options = { account: "one", mines: true, unitMs: UNIT_MS + 2 * twins.length, firstIndex };
    const twin = await lab.node(name, options, [third, ...twins]);
    twin.engine.events.on("key", () => stopped.push(name));
    twins.push(twin);
  }
  for (let index = 0; index < 50 && third.engine.ledger.head.height === 0; index++) {
    const units = Promise.all(twins.map((twin) => only(twin).trainer?.run(0, index)));
    await lab.clock.run(2_000);
    await units;
  }
  return { stopped, offences: kindsPending(third), height: third.engine.ledger.head.height };
}

describe("one key on two machines that start in step", () => {
  let lab: Lab;
  beforeEach(() => {
    lab = new Lab();
  });
  afterEach(() => lab.close());

  it("signs the first win twice where both run the same units (the control)", async () => {
    expect(await startInStep(lab, { here: 0, there: 0 })).toMatchObject({
      offences: [doubleBlock.tag],
      height: 1,
    });
  });

  it("signs it once where each runs units of its own, and the other hears of it", async () => {
    const { stopped, ...rest } = await startInStep(lab, { here: 0, there: 1_000 });
    expect(rest).toEqual({ offences: [], height: 1 });
    expect(stopped).not.toEqual([]);
  });
});

describe("a node whose store is gone", () => {
  it("hears the chain before it signs, leads and wins again, and signs nothing a second time", async () => {
    sim = new Sim({ seed: 9 });
    const slots = new Map<string, Set<string>>();
    const history = watched(slots);
    await sim.add("m", MINER);
    await sim.add("old", { ...MINER, account: "one", history }, ["m"]);
    await sim.clock.run(4 * MINUTE);
    await sim.stop("old");
    const signed = slots.size;
    expect(signed).toBeGreaterThan(0);
    const node = await sim.add("new", { ...MINER, account: "one", history });
    expect(status("new").state).toBe("connecting");
    expect(sentence("new")).toMatch(/^This key signed at height \d+ and the chain here ends at 0/);
    await sim.clock.run(2 * MINUTE);
    expect([status("new").stats.units, slots.size]).toEqual([0, signed]);
    await sim.dial("new", "m");
    await sim.clock.run(4 * MINUTE);
    expect(sentence("new")).toBeUndefined();
    expect(status("new").state).toBe("mining");
    expect(status("new").stats.blocksMined).toBeGreaterThan(0);
    expect([...slots.values()].every((ids) => ids.size === 1)).toBe(true);
    expect(status("m").threatLevel).toBe("LOW");
    const block = await sim
      .node("m")
      .view()
      .block(status("new").height - 3);
    expect(block).toBeDefined();
    await node.stop();
  });

  it("and what it signed too: its past is no reason to stop", async () => {
    sim = new Sim({ seed: 10 });
    await sim.add("m", MINER);
    await sim.add("old", { ...MINER, account: "one" }, ["m"]);
    await sim.clock.run(4 * MINUTE);
    await sim.stop("old");
    await sim.add("new", { ...MINER, account: "one", joins: true }, ["m"]);
    await sim.clock.run(5 * MINUTE);
    expect(sentence("new")).toBeUndefined();
    expect(status("new").state).toBe("mining");
    expect(status("new").stats.blocksMined).toBeGreaterThan(0);
    expect(status("m").threatLevel).toBe("LOW");
  });
});
