// Audits among whole nodes: attesters find the unit that was made up and the word that was, and nobody else is punished.
import { afterEach, describe, expect, it } from "vitest";
import { toHex } from "../../src/base/index.ts";
import type { Genesis } from "../../src/chain/index.ts";
import type { AccountView } from "../../src/node/index.ts";
import { Sim, type SimNodeOptions } from "../support/sim.ts";

const MINUTE = 60_000;
/** Every other contribution is audited. */
const GENESIS = { auditOneIn: 2, auditBlocks: 2, evidenceBlocks: 8, maturity: 10, unbonding: 20 } as const;
const MINERS = ["a", "b", "c", "d"] as const;
let sim: Sim;
afterEach(() => sim.close());

async function network(seed: number, cheat: SimNodeOptions = {}, change: Partial<Genesis> = {}): Promise<void> {
  sim = new Sim({ seed, genesis: { ...GENESIS, ...change } });
  const [first, ...rest] = MINERS;
  await sim.add(first, { roles: ["miner"] });
  for (const name of rest) await sim.add(name, { roles: ["miner"], ...(name === "d" ? cheat : {}) }, [first]);
}

const account = (name: string, at = "a"): AccountView =>
  sim
    .node(at)
    .view()
    .account(toHex(Sim.key(name).address)) as AccountView;
const height = (): number => sim.node("a").getStatus().height;

async function until(done: () => boolean, ms = 30 * MINUTE): Promise<void> {
  const end = sim.clock.now() + ms;
  while (!done() && sim.clock.now() < end) await sim.clock.run(500);
  expect(done()).toBe(true);
}

/** How many words were revealed in the blocks so far. */
async function revealed(): Promise<number> {
  let count = 0;
  for (let at = 1; at <= height(); at++) count += (await sim.node("a").view().block(at))?.attestations ?? 0;
  return count;
}

describe("audits among nodes", () => {
  it("are attested, and punish nobody where all are honest", async () => {
    await network(1);
    // Words are missed where blocks come faster than units are run: that costs who gave none, nobody else.
    for (let more = 25; more <= 100 && (await revealed()) <= 5; more += 25) await until(() => height() >= more);
    expect(await revealed()).toBeGreaterThan(5);
    for (const name of MINERS) expect(account(name).bannedUntil, name).toBeUndefined();
    expect(sim.node("a").getStatus().threatLevel).toBe("LOW");
  });

  it("find out who makes up units, and take what it has at stake", async () => {
    let units = 0;
    // One in six: enough of its units are true for it to go on for a while.
    const forge: SimNodeOptions["forge"] = ({ start }, honest) =>
      ++units % 6 === 0 ? start.map((x) => x + 2 ** -10) : honest;
    await network(2, { forge });
    await until(() => account("d").bannedUntil !== undefined);
    expect(account("d")).toMatchObject({ stake: "0", immature: "0" });
    await until(() => account("d", "b").bannedUntil !== undefined);
    for (const name of ["a", "b", "c"]) expect(account(name).bannedUntil, name).toBeUndefined();
  });

  it("find out a lazy attester where a second one ran the unit", async () => {
    // Now and then only: it takes its own words for true ones, and with many that differ peers would shut it out before its words are opened.
    let runs = 0;
    const trace: SimNodeOptions["trace"] = (honest) => (++runs % 5 === 0 ? honest.map((byte) => byte ^ 1) : honest);
    await network(3, { trace }, { auditOneIn: 1, attesters: 3 });
    await until(() => account("d").bannedUntil !== undefined);
    expect(account("d").stake).toBe("0");
    for (const name of ["a", "b", "c"]) expect(account(name).bannedUntil, name).toBeUndefined();
  });
});
