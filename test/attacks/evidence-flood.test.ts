// True evidence that costs nothing: forgeries of keys that were made up, to have units run everywhere, and to keep a real forger's evidence out of blocks.
import { afterEach, describe, expect, it } from "vitest";
import { finish, toHex } from "../../src/base/index.ts";
import { evidenceOf, forgedUnit } from "../../src/chain/index.ts";
import { type Evidence, EvidenceMessage } from "../../src/codec/index.ts";
import { onTask } from "../support/chain.ts";
import { aBlock, aUnit, type Cheat, type Place, placeOf } from "../support/forge.ts";
import { BLOCK_MS, type Evil, kindsPending, Lab, type Node } from "../support/lab.ts";
import { Sim, STAKED } from "../support/sim.ts";

let lab: Lab;
let victim: Node;
let evil: Evil;
let place: Place;
afterEach(() => lab.close());

const FORGED: Cheat = { end: (honest) => honest.map((x, i) => (i === 0 ? x + 2 ** -22 : x)) };
const POOR = Array.from({ length: 80 }, (_, i) => `poor ${i}`);

/** A victim on the first block; `poor` keys have a stake of that much. */
async function setUp(poor: bigint): Promise<void> {
  const stakes = [...STAKED.map((name) => [name, 1_000_000n] as const), ...POOR.map((name) => [name, poor] as const)];
  const allocations = stakes.map(([name, stake]) => ({
    address: toHex(Sim.key(name).address),
    amount: "0",
    stake: `${stake}`,
  }));
  lab = new Lab({ evidenceBlocks: 8, maturity: 10, minCollateral: "1000", provisional: "2000", allocations });
  victim = await lab.node("v");
  await lab.tellBlock(await lab.evil([victim]), victim, aBlock(lab, Sim.key("author"), await placeOf(victim)));
  await lab.clock.run(BLOCK_MS);
  evil = await lab.evil([victim]);
  place = await placeOf(victim);
}

const pieceOf = (name: string, index = 0): Evidence =>
  evidenceOf(forgedUnit, { contribution: aUnit(lab, Sim.key(name), place, { index }, FORGED).contribution });
const show = (name: string, index = 0) =>
  lab.tell(evil, victim, "evidence", EvidenceMessage.codec.encode(pieceOf(name, index)));

describe("evidence of a forged unit", () => {
  it("of keys with nothing, or with less than admits to the work, is not run nor passed on, and bans nobody's key", async () => {
    for (const poor of [0n, 999n]) {
      await setUp(poor);
      const behind = await lab.node("w", {}, [victim]);
      const began = lab.clock.now();
      for (let i = 0; i < 10; i++)
        expect(await show(`poor ${i}`)).toMatchObject({ kind: "ignore", code: "nothing-to-lose" });
      // Ten messages of five ms, and no unit.
      expect(lab.clock.now() - began).toBeLessThan(100);
      await lab.clock.run(1000);
      expect([victim.alerts, behind.alerts, victim.punished, kindsPending(victim)]).toEqual([[], [], [], []]);
      await lab.close();
    }
  });

  it("is run once for a key, which costs it all; other forgeries of it say nothing more (the control is the first)", async () => {
    await setUp(0n);
    expect(await show("cheat")).toEqual({ kind: "accept" });
    for (let index = 1; index < 10; index++)
      expect(await show("cheat", index)).toMatchObject({ kind: "ignore", code: "known" });
    expect([victim.alerts, kindsPending(victim)]).toEqual([["forged-unit"], [forgedUnit.tag]]);
  });

  it("of a forger with much to lose stands in the next block, however many of keys with little came before", async () => {
    await setUp(1000n);
    const { evidence, ledger } = victim.engine;
    for (const name of POOR) evidence.hold(pieceOf(name));
    const { kind } = evidence.hold(pieceOf("cheat"));
    expect(kind).toBe("accept");
    const block = aBlock(
      lab,
      Sim.key("author"),
      place,
      {},
      { evidence: finish(evidence.pending(onTask(place.state, lab.network.rules))) },
    );
    expect(block.body.evidence.length).toBe(2);
    await lab.tellBlock(evil, victim, block);
    await lab.clock.run(BLOCK_MS);
    expect(await lab.fate(victim, block)).toBe("executed, stands");
    expect(ledger.state.isBanned(Sim.key("cheat").address)).toBe(true);
  });
});
