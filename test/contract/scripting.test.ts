// What a script calls on a node: values are checked at the call, and refused with a code and a next step.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/level/index.ts";
import { createMemoryNetwork } from "../../src/adapters/memory-wire/index.ts";
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { PoUWNode } from "../../src/node/index.ts";
import { refusal } from "../support/refusal.ts";
import { Sim, toyArtifacts, toyNetwork, toyRuntime } from "../support/sim.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

let node: PoUWNode;
let clock: VirtualClock;
const key = Sim.key("scripted");

beforeEach(async () => {
  clock = new VirtualClock();
  const air = createMemoryNetwork({ clock, random: () => 0.5, latencyMs: 20, loss: 0 });
  const parts = {
    ...{ log: silentLog(), clock, store: memoryStore(), wire: air.wire("one"), artifacts: toyArtifacts },
    ...{ runtime: toyRuntime({ clock, unitMs: 1000 }), network: toyNetwork(), key },
  };
  node = await PoUWNode.create({ role: "miner", dataDir: "/nowhere", ephemeral: true }, parts);
  await node.start();
});
afterEach(() => node.stop());

describe("a security handler", () => {
  it("for a kind that no alert has is refused, naming those that there are", () => {
    const { code, message, remedy } = refusal(() => node.registerSecurityHandler("equivocatoin", () => undefined));
    expect(code).toBe("BAD_CONFIG");
    expect(message).toBe('No alert is of the kind "equivocatoin" (did you mean "equivocation"?).');
    expect(remedy).toContain("forged-unit");
  });

  it("for a kind that there is can be taken back", () => {
    const end = node.registerSecurityHandler("forged-unit", () => undefined);
    expect(end).toBeTypeOf("function");
    end();
  });
});

describe("a transfer", () => {
  it.each([
    ["hex for its receiver", { to: "a".repeat(64), amount: 1n, fee: 1n }, "BAD_ID"],
    ["less than nothing", { to: key.address, amount: -1n, fee: 1n }, "REFUSED"],
    ["text for its amount", { to: key.address, amount: "1", fee: 1n }, "REFUSED"],
    ["more than there is", { to: key.address, amount: 1n, fee: 1n }, "REFUSED"],
  ])("with %s is refused, and the node mines on", async (_what, order, code) => {
    expect(refusal(() => node.transfer(order as never))).toMatchObject({ code });
    const { height } = node.getStatus();
    await clock.run(60_000, () => node.getStatus().height > height);
    expect(node.getStatus().height).toBeGreaterThan(height);
  });
});

describe("a node's life", () => {
  it("is one: it starts once, and ends for good", async () => {
    await expect(node.start()).rejects.toMatchObject({
      code: "ALREADY_STARTED",
      remedy: expect.stringContaining("create"),
    });
    await node.stop();
    expect(node.getStatus().state).toBe("stopped");
    await expect(node.start()).rejects.toMatchObject({ code: "CLOSED", message: "This node was stopped." });
    await node.stop();
    expect(node.getStatus().state).toBe("stopped");
  });

  it("leaves its directory to the next, whether it was started or not", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "pouw-life-"));
    const options = { dataDir, listen: ["/ip4/127.0.0.1/tcp/0"], logLevel: "silent" as const };
    const parts = { network: toyNetwork(), artifacts: toyArtifacts, runtime: null };
    try {
      for (const starts of [false, true, false]) {
        const one = await PoUWNode.create(options, parts);
        await expect(PoUWNode.create(options, parts)).rejects.toMatchObject({ code: "STORE_LOCKED" });
        if (starts) await one.start();
        await one.stop();
      }
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
