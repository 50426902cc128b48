// Ctrl-C on a node whose training cannot be broken off: one press stops it cleanly, another one at once and without noise.
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CliSurroundings, needBuild } from "../support/cli-process.ts";
import { eventually, Lab, SHORT_TASK } from "../support/e2e-lab.ts";
import { AS_FIRST, firstIn, NO_FIRST } from "../support/first-process.ts";

/** Longer than what counts as one press. */
const NEXT_PRESS_MS = 400;

let lab: Lab;
beforeAll(needBuild);
beforeEach(() => {
  lab = new Lab();
});
afterEach(() => lab.close());

/** A miner in the middle of a unit that takes seconds. */
async function busy(surroundings: CliSurroundings = {}) {
  const network = lab.network({}, [{ ...SHORT_TASK, steps: 8_000 }]);
  const node = await lab.nodeIn(surroundings, "miner", network, "--role", "miner");
  await eventually(() => (node.losses().length > 0 ? true : undefined), "a unit", 90_000);
  return { node, network };
}

it.skipIf(process.platform === "win32")("ends at once on a second Ctrl-C, and its store is whole", async () => {
  const { node, network } = await busy();
  node.process.signal("SIGINT");
  await node.process.until(() => (node.process.err.includes("Stopping the node") ? true : undefined), "its word");
  await delay(NEXT_PRESS_MS);
  expect(node.process.ended).toBe(false);
  const began = performance.now();
  node.process.signal("SIGINT");
  // A shell calls this 130.
  expect(await node.process.exit).toEqual({ code: null, signal: "SIGINT" });
  expect(performance.now() - began).toBeLessThan(1_500);
  expect(node.process.err.trim().split("\n").at(-1)).toContain("Stopping the node");
  expect(await lab.verify("miner", network)).toMatchObject({ ok: true });
});

describe.skipIf(NO_FIRST !== undefined)(`process 1 of a container (${NO_FIRST ?? "of a namespace"})`, () => {
  it("ends on a second signal, though no signal of its own ends it", async () => {
    const { node, network } = await busy({ under: AS_FIRST });
    const press = (): void => void process.kill(firstIn(node.process.pid), "SIGINT");
    node.process.signalled = true;
    press();
    await node.process.until(() => (node.process.err.includes("Stopping the node") ? true : undefined), "its word");
    await delay(NEXT_PRESS_MS);
    expect(node.process.ended).toBe(false);
    const began = performance.now();
    press();
    // The namespace ends as its first process does. A stop that waits for the unit's thread would be 0.
    expect(await node.process.exit).toEqual({ code: 130, signal: null });
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(await lab.verify("miner", network)).toMatchObject({ ok: true });
  });

  it.each([
    ["version", 0],
    ["start --nonsense", 2],
  ])("ends as the command does: %s", async (line, code) => {
    const first = lab.spawnIn({ under: AS_FIRST }, ...line.split(" "));
    expect(await first.exit).toEqual({ code, signal: null });
    const { out, err } = await lab.run(...line.split(" "));
    expect([first.out, first.err]).toEqual([out, err]);
  });
});

it("takes a signal that npm passes on once more for the same Ctrl-C", async () => {
  const { node } = await busy();
  node.process.signal("SIGINT");
  node.process.signal("SIGINT");
  expect(await node.process.exit).toEqual({ code: 0, signal: null });
  expect(node.process.lines<{ event: string }>().at(-1)?.event).toBe("stopped");
});

it.skipIf(process.platform === "win32")(
  "goes on when nobody reads what it says any more, and stops cleanly",
  async () => {
    const network = lab.network();
    const node = await lab.node("miner", network, "--role", "miner", "--log-level", "debug");
    node.process.deafen();
    const { height } = await node.api.status();
    await eventually(
      async () => ((await node.api.status()).height > height + 2 ? true : undefined),
      "more blocks",
      120_000,
    );
    expect(await node.stop()).toBe(0);
  },
);
