// What a script calls on a node: values are checked at the call, and refused with a code and a next step.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryStore } from "../../src/adapters/level/index.ts";
import { createMemoryNetwork } from "../../src/adapters/memory-wire/index.ts";
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { createApp } from "../../src/app/index.ts";
import { ACCEPT, coins, formatAddress } from "../../src/base/index.ts";
import { transferOf } from "../../src/chain/index.ts";
import { Transaction } from "../../src/codec/index.ts";
import { PoUWNode } from "../../src/node/index.ts";
import type { Runtime } from "../../src/ports/index.ts";
import { refusal } from "../support/refusal.ts";
import { Sim, toyArtifacts, toyNetwork, toyRuntime } from "../support/sim.ts";
import { settle, VirtualClock } from "../support/virtual-clock.ts";

let node: PoUWNode;
let clock: VirtualClock;
const key = Sim.key("scripted");
const mistyped = (address: string): string => `${address.slice(0, -1)}${address.endsWith("q") ? "p" : "q"}`;

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
    expect(message).toBe('There is no kind of alert "equivocatoin" (did you mean "equivocation"?).');
    expect(remedy).toContain("forged-unit");
  });

  it("for a kind that there is can be taken back", () => {
    const end = node.registerSecurityHandler("forged-unit", () => undefined);
    expect(end).toBeTypeOf("function");
    end();
  });
});

describe("what is no argument", () => {
  it.each([
    ["an event that there is not", () => node.on("blok" as never, () => undefined), 'did you mean "block"'],
    ["a listener that is no function", () => node.on("block", "log" as never), "must be a function, not string"],
    ["a handler that is no function", () => node.registerSecurityHandler("forged-unit", 1 as never), "a function"],
    ["a kind that is no word", () => node.registerSecurityHandler(5 as never, () => undefined), "no kind of alert"],
  ])("%s is refused at the call", (_what, call, words) => {
    expect(refusal(call)).toMatchObject({ code: "BAD_CONFIG", remedy: expect.any(String) });
    expect(refusal(call).message).toContain(words);
  });

  it.each([
    ["a number for a peer", () => node.connectToPeer(5 as never)],

    ["a number for a task", () => node.bestParameters(5 as never)],
    ["a task that there is not", () => node.bestParameters("none")],
    ["text for all options", () => PoUWNode.create("miner" as never)],
    ["null for all options", () => PoUWNode.create(null as never)],
    ["a number for the data directory", () => PoUWNode.create({ dataDir: 5 as never })],
    ["text for the parts", () => PoUWNode.create({ ephemeral: true }, "none" as never)],
    ["null for an app", () => createApp(null as never)],
  ])("%s is refused at the call", async (_what, call) => {
    await expect(call()).rejects.toMatchObject({ code: "BAD_CONFIG", message: expect.stringMatching(/\.$/) });
  });
});

describe("a transfer", () => {
  it("to an address as people write it, and of coins, is that of its bytes", async () => {
    await clock.run(600_000, () => coins(node.getStatus().balance) > coins("0.01"));
    const to = formatAddress(Sim.key("somebody").address, "sim");
    const id = node.transfer({ to, amount: coins("0.01"), fee: coins("0.001") });
    expect(await node.view().transaction(id)).toMatchObject({ payload: { to, amount: "0.01" }, fee: "0.001" });
    expect(node.view().account(to)).toMatchObject({ balance: "0", pendingIn: "0.01" });
    expect(node.view().account(node.getStatus().nodeId)).toMatchObject({ pendingOut: "0.011" });
  });

  it("that was dropped is shown with the reason", async () => {
    await clock.run(600_000, () => coins(node.getStatus().balance) > coins("0.02"));
    const { address: to } = Sim.key("somebody");
    const [view, { genesis }] = [node.view(), toyNetwork().rules];
    const cheap = node.transfer({ to, amount: coins("0.01"), fee: coins("0.001") });
    const base = { genesis, from: key.address, nonce: BigInt((await view.transaction(cheap))?.nonce ?? 0) };
    const dear = transferOf({ ...base, to, amount: coins("0.01"), fee: coins("0.002") });
    const { id, verdict } = await view.submitTransaction(
      Transaction.codec.encode(Transaction.sign(dear, key, genesis)),
    );
    expect(verdict).toEqual(ACCEPT);
    expect(await view.transaction(cheap)).toMatchObject({
      payload: { amount: "0.01" },
      height: undefined,
      dropped: "another transaction with its account nonce pays a tenth more",
    });
    expect((await view.transaction(id))?.dropped).toBeUndefined();
  });

  it.each([
    ["a receiver that is no address", { to: "zz", amount: 1n, fee: 1n }, "BAD_ID"],
    ["less than nothing", { to: key.address, amount: -1n, fee: 1n }, "BAD_AMOUNT"],
    ["text for its amount", { to: key.address, amount: "1", fee: 1n }, "BAD_AMOUNT"],
    ["a fraction for its amount", { to: key.address, amount: 1.5, fee: 1n }, "BAD_AMOUNT"],
    ["more than 64 bits", { to: key.address, amount: 2n ** 64n, fee: 1n }, "BAD_AMOUNT"],
    ["no fee", { to: key.address, amount: 1n }, "BAD_AMOUNT"],
    ["five bytes for its receiver", { to: new Uint8Array(5), amount: 1n, fee: 1n }, "BAD_ID"],
    ["a number for its receiver", { to: 5, amount: 1n, fee: 1n }, "BAD_ID"],
    ["no receiver", { amount: 1n, fee: 1n }, "BAD_ID"],
    ["a mistyped receiver", { to: mistyped(formatAddress(key.address, "sim")), amount: 1n, fee: 1n }, "BAD_ID"],
    ["a receiver of another network", { to: formatAddress(key.address, "devnet"), amount: 1n, fee: 1n }, "BAD_ID"],
    ["nothing at all", undefined, "BAD_CONFIG"],
    ["text", "all of it", "BAD_CONFIG"],
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

  it("ends for its listeners too: of a unit that comes in after it stopped they hear nothing", async () => {
    const toy = toyRuntime({ clock, unitMs: 1000 });
    let arrive = (): void => undefined;
    const deaf: Runtime = {
      ...toy,
      // It ends its unit whatever happens, and hands it over when the test says so.
      run: async (request) => {
        const done = await toy.run(request, { signal: new AbortController().signal });
        await new Promise<void>((resolve) => (arrive = resolve));
        return done;
      },
    };
    const parts = {
      log: silentLog(),
      clock,
      wire: createMemoryNetwork({ clock, random: () => 0.5, latencyMs: 20, loss: 0 }).wire("two"),
    };
    const life = { store: memoryStore(), artifacts: toyArtifacts, runtime: deaf, network: toyNetwork(), key };
    const one = await PoUWNode.create({ role: "miner", dataDir: "/nowhere", ephemeral: true }, { ...parts, ...life });
    const heard: string[] = [];
    one.on("unit", () => heard.push("unit"));
    one.on("state", ({ state }) => heard.push(state));
    await one.start();
    await clock.run(1500);
    arrive();
    await clock.run(2500, () => heard.includes("unit"));
    await clock.run(2500);
    await one.stop();
    arrive();
    await settle();
    expect(heard).toContain("unit");
    expect(heard.at(-1)).toBe("stopped");
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
