// A flood of forged wins by keys and connections that were made up: it must leave an honest miner most of its units, and its head.
import { afterEach, describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import { aBlock, type Cheat, placeOf } from "../support/forge.ts";
import { blockMessage, type Evil, Lab, type Node, only } from "../support/lab.ts";
import { Sim } from "../support/sim.ts";

let lab: Lab;
afterEach(() => lab.close());

const FORGED: Cheat = { end: (honest) => honest.map((x, i) => (i === 0 ? x + 2 ** -22 : x)) };
/** A check takes a unit's time: three a second would take a worker and a half. */
const UNIT_MS = 500;
const FLOOD_MS = 90_000;

/** Trains one unit after the other until it is told to stop. */
function training(node: Node): { readonly units: () => number; readonly stop: () => void } {
  let [on, units] = [true, 0];
  const next = async (): Promise<void> => {
    for (let index = 0; on; index++) if ((await only(node).trainer?.run(0, index)) !== undefined) units++;
  };
  void next();
  return {
    units: () => units,
    stop: () => {
      on = false;
    },
  };
}

interface Outcome {
  readonly units: number;
  /** Miners of the chain's blocks. */
  readonly winners: ReadonlySet<string>;
  readonly alerts: number;
}

/** What a miner comes to while every third of a second a stranger's forged win is sent to it; a connection that it closed comes back under a new name. */
async function mineUnder(connections: number): Promise<Outcome> {
  lab = new Lab();
  const miner = await lab.node("m", { mines: true, oneWorker: true, unitMs: UNIT_MS });
  const evils: Evil[] = [];
  for (let i = 0; i < connections; i++) evils.push(await lab.evil([miner]));
  const trains = training(miner);
  const end = lab.clock.now() + FLOOD_MS;
  for (let sent = 0; lab.clock.now() < end; sent++) {
    const at = sent % Math.max(1, connections);
    if (connections > 0) {
      if (evils[at]?.linked(miner) !== true) evils[at] = await lab.evil([miner]);
      const forged = aBlock(lab, Sim.key(`made up ${sent}`), await placeOf(miner), FORGED);
      await evils[at]?.wire.publish("block", blockMessage(forged));
    }
    await lab.clock.run(333);
  }
  trains.stop();
  await lab.clock.run(10_000);
  const { ledger, blocks } = miner.engine;
  const winners = new Set<string>();
  for (const id of await blocks.canonicalRange(1, ledger.head.height + 1))
    winners.add(toHex((await ledger.entry(id))?.miner as Uint8Array));
  return { units: trains.units(), winners, alerts: miner.alerts.length };
}

describe("forged wins, three a second", () => {
  it.each([1, 8])(
    "from %i connections that come back under new names leave a miner four fifths of its units",
    async (n) => {
      const alone = await mineUnder(0);
      await lab.close();
      const flooded = await mineUnder(n);
      expect(alone.units).toBeGreaterThan(35);
      expect(flooded.units).toBeGreaterThanOrEqual(0.8 * alone.units);
      expect([...flooded.winners]).toEqual([toHex(Sim.key("m").address)]);
      // They were looked at all the while.
      expect(flooded.alerts).toBeGreaterThan(20);
    },
  );
});
