// What a script calls on a node: values are checked at the call, and refused with a code and a next step.
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
