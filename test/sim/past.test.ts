// What nodes let go of a long chain: who joins later needs one that keeps it, says so while there is none, and goes on once there is.
import { afterEach, expect, it } from "vitest";
import type { NodeStatus } from "../../src/node/index.ts";
import { Sim } from "../support/sim.ts";

/** Blocks under the tip, the least that settings allow. */
const KEEPS = 256;

let sim: Sim;
afterEach(() => sim.close());

const status = (name: string): NodeStatus => sim.node(name).getStatus();
const pastOf = (name: string): string | undefined =>
  status(name).health.find(({ check }) => check === "past")?.sentence;

async function until(what: string, is: () => boolean): Promise<void> {
  for (let waited = 0; !is(); waited++) {
    if (waited === 2_000) throw new Error(`${what} did not come`);
    await sim.clock.run(10_000, is);
  }
}

it("stops a joiner whose peers all let it go until one that keeps it is there, and settings change what is kept from then on", async () => {
  sim = new Sim();
  await sim.add("miner", { roles: ["miner"], unitMs: 5_000, keeps: KEEPS });
  await sim.add("archive", { unitMs: 4, keeps: "all" }, ["miner"]);
  await until("a long chain", () => status("archive").height >= KEEPS + 60);
  await sim.stop("miner");

  // A node that was stopped says what it keeps before any new block comes.
  await sim.restart("miner", [], { roles: ["peer"] });
  const { height, keptFrom } = status("miner");
  expect([keptFrom, status("archive").keptFrom]).toEqual([height - KEEPS + 1, 1]);

  await sim.add("joiner", { unitMs: 4, joins: true }, ["miner"]);
  const early: string[] = [];
  sim.node("joiner").on("state", ({ state }) => {
    if (status("joiner").height < height) early.push(state);
  });
  await until("what is missing", () => pastOf("joiner") !== undefined);
  expect(pastOf("joiner")).toContain(`No peer keeps the training of blocks 1 to ${keptFrom - 1} any more`);
  await sim.clock.run(120_000);
  expect([status("joiner").height, status("joiner").targetHeight]).toEqual([0, height]);
  expect(status("joiner").state).toBe("degraded");

  await sim.dial("joiner", "archive");
  await until("the joiner at the head", () => status("joiner").height === height);
  await until("its check of the whole chain", () => status("joiner").state === "active");
  expect([pastOf("joiner"), status("joiner").tip.stateRoot]).toEqual([undefined, status("miner").tip.stateRoot]);
  expect(early).toEqual(["degraded", "syncing"]);

  // To keep more brings nothing back; to keep less lets go, some heights with each block.
  for (const name of ["miner", "archive"]) await sim.stop(name);
  await sim.restart("miner", [], { roles: ["miner"], keeps: "all" });
  await sim.restart("archive", ["miner"], { keeps: KEEPS });
  expect([status("miner").keptFrom, status("archive").keptFrom]).toEqual([keptFrom, 1]);
  await until("a block", () => status("archive").height > height);
  expect(status("archive").keptFrom).toBeLessThanOrEqual(9);
  await until("the window", () => status("archive").keptFrom === status("archive").height - KEEPS + 1);
  expect(status("miner").keptFrom).toBe(keptFrom);
});
