// A winning unit that was not trained as the protocol says: another end, another start, another batch, another delta.
// All of them are formally right blocks with a real win; only running the unit again tells.
import { afterEach, describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import type { Block } from "../../src/codec/index.ts";
import { aBlock, type Cheat, placeOf } from "../support/forge.ts";
import { blockMessage, Lab, type Node, VICTIMS } from "../support/lab.ts";
import { Sim, toyUnit } from "../support/sim.ts";

let lab: Lab;
let sim: Sim | undefined;
afterEach(async () => {
  await lab?.close();
  await sim?.close();
  sim = undefined;
});

/** One grid step beside the truth. */
const beside = (honest: Float32Array): Float32Array =>
  Float32Array.from(honest, (value, i) => (i === 0 ? value + 2 ** -22 : value));

const CHEATS: readonly (readonly [string, Cheat])[] = [
  ["a forged digest", { end: (honest) => beside(honest) }],
  [
    "an honest unit from another start",
    {
      end: (_, { parameters }, seed) =>
        toyUnit(
          Float32Array.from(parameters, (value) => -value),
          seed,
        ),
    },
  ],
  [
    "an honest unit on another batch",
    {
      end: (_, { parameters }, seed) =>
        toyUnit(
          parameters,
          Uint8Array.from(seed, (byte) => byte ^ 1),
        ),
    },
  ],
];

/** A delta that does not lead to the unit's end: no run is needed to see it. */
const OTHER_DELTA: Cheat = { delta: (honest) => Uint8Array.from(honest, (byte, i) => (i === 9 ? byte ^ 1 : byte)) };

describe.each(VICTIMS)("a %s", (_name, options) => {
  /** A chain of two blocks by m, a victim that has it, and a cheat that is connected to the victim. */
  async function setUp(): Promise<{ miner: Node; victim: Node }> {
    lab = new Lab();
    const miner = await lab.node("m", { mines: true });
    // Slow enough that a block can be built on before its unit was run.
    const victim = await lab.node("v", { ...options, unitMs: 400 }, [miner]);
    await lab.mine(miner, 2);
    expect(victim.engine.ledger.head.height).toBe(2);
    return { miner, victim };
  }

  it.each(CHEATS)("drops %s and bans its author", async (_, cheat) => {
    const { victim } = await setUp();
    const evil = await lab.evil([victim]);
    const forged = aBlock(lab, evil.key, await placeOf(victim), cheat);
    // Nobody answers for it: everybody runs its unit before building on it or passing it on.
    expect(await lab.tellBlock(evil, victim, forged)).toMatchObject({ kind: "ignore", code: "not-checked" });
    await lab.clock.run(2000);
    expect(await lab.fate(victim, forged)).toBe("invalid, dropped");
    expect(victim.engine.ledger.head.height).toBe(2);
    expect(victim.alerts).toEqual(["forged-unit"]);
    expect(evil.linked(victim)).toBe(false);
  });

  it("refuses a delta that is not the unit's before it runs anything", async () => {
    const { victim } = await setUp();
    const evil = await lab.evil([victim]);
    const forged = aBlock(lab, evil.key, await placeOf(victim), OTHER_DELTA);
    expect(await lab.tellBlock(evil, victim, forged)).toMatchObject({ kind: "reject", code: "wrong-delta" });
    expect(await lab.fate(victim, forged)).toBe("unknown");
  });

  it("drops what was built on a forged block, and goes on", async () => {
    const { miner, victim } = await setUp();
    lab.air.split([["m"], ["v", "evil"]]);
    const evil = await lab.evil([victim], lab.nothing(), "evil");
    const place = await placeOf(victim);
    // With collateral enough to be built upon unchecked.
    const first = aBlock(lab, Sim.key("cheat"), place, CHEATS[0]?.[1]);
    // A verifier answers for a block only once it has run the unit; the second block must not wait for that.
    await evil.wire.publish("block", blockMessage(first));
    await lab.clock.run(50, () => victim.engine.ledger.head.height === 3);
    const second = aBlock(lab, Sim.key("another cheat"), await placeOf(victim));
    await evil.wire.publish("block", blockMessage(second));
    await lab.clock.run(50, () => victim.engine.ledger.head.height === 4);
    expect(victim.engine.ledger.head.height).toBe(4);
    await lab.clock.run(2000);
    expect(await lab.fate(victim, first)).toBe("invalid, dropped");
    expect(await lab.fate(victim, second)).toBe("invalid, dropped");
    expect(victim.engine.ledger.head.height).toBe(2);
    lab.air.join();
    await lab.mine(miner, 2);
    expect(victim.engine.ledger.head.height).toBe(4);
    expect(victim.engine.ledger.state.root).toEqual(miner.engine.ledger.state.root);
  });

  it("keeps an honest block of the same stranger", async () => {
    const { victim } = await setUp();
    const good = await lab.evil([victim]);
    const block: Block = aBlock(lab, good.key, await placeOf(victim));
    expect(await lab.tellBlock(good, victim, block)).toEqual({ kind: "accept" });
    await lab.clock.run(2000);
    expect(await lab.fate(victim, block)).toBe("executed, stands");
    expect(victim.engine.ledger.head.height).toBe(3);
    expect(victim.alerts).toEqual([]);
    expect(good.linked(victim)).toBe(true);
  });
});

describe("a verifier", () => {
  it("passes on no forged block, and every honest one", async () => {
    lab = new Lab();
    const verifier = await lab.node("v", { verifies: true });
    const behind = await lab.node("w", {}, [verifier]);
    const evil = await lab.evil([verifier]);
    const forged = aBlock(lab, evil.key, await placeOf(verifier), CHEATS[0]?.[1]);
    await lab.tellBlock(evil, verifier, forged);
    await lab.clock.run(2000);
    expect(await lab.fate(behind, forged)).toBe("unknown");
    const good = await lab.evil([verifier]);
    const honest = aBlock(lab, good.key, await placeOf(verifier));
    await lab.tellBlock(good, verifier, honest);
    await lab.clock.run(2000);
    expect(await lab.fate(behind, honest)).toBe("executed, stands");
  });
});

describe("whole nodes", () => {
  it("go on without a miner that forges every unit it trains", async () => {
    sim = new Sim({ seed: 5 });
    await sim.add("a", { roles: ["miner"] });
    await sim.add("v", { roles: ["verifier"] }, ["a"]);
    await sim.add("p", {}, ["v", "a"]);
    await sim.add("m", { roles: ["miner"], unitMs: 700, forge: (_, honest) => beside(honest) }, ["a", "v", "p"]);
    await sim.clock.run(180_000);
    const evil = toHex(Sim.key("m").address);
    for (const name of ["a", "v", "p"]) {
      const { height, stats } = sim.node(name).getStatus();
      expect(height).toBeGreaterThan(8);
      expect(stats.securityAlerts).toBeGreaterThan(0);
      const blocks = await sim
        .node(name)
        .view()
        .blocks(1, height - 2);
      expect(blocks.filter(({ miner }) => miner === evil)).toEqual([]);
      expect(blocks.every(({ checked }) => checked === "executed")).toBe(true);
    }
    // What it forged was found, and with it the forger's part in the work ended.
    expect(sim.node("m").getStatus().stats.units).toBeGreaterThan(0);
    expect(sim.node("a").view().account(evil)?.bannedUntil).toBeDefined();
  });
});
