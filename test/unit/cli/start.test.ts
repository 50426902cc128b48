// `start` in this process with a fake node: what it prints, how it stops, and what happens when it cannot.
import { beforeEach, describe, expect, it } from "vitest";
import { PouwError } from "../../../src/base/index.ts";
import type { RunningNode } from "../../../src/cli/deps.ts";
import type { NodeOptions } from "../../../src/node/index.ts";
import { type FakeIo, fakeDeps, fakeIo, fakeNode, run } from "../../support/fake-io.ts";
import { aStatus, type FakeView, fakeView, hexOf } from "../../support/fake-view.ts";

let view: FakeView;
let node: ReturnType<typeof fakeNode>;
let given: NodeOptions | undefined;
beforeEach(() => {
  view = fakeView();
  node = fakeNode(view);
  given = undefined;
});

/** Runs `start` without an API, and resolves `started` once the node has been started. */
function start(line: string, io: FakeIo, changes: Partial<RunningNode> = {}) {
  let began: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    began = resolve;
  });
  const deps = fakeDeps({
    async createNode(options) {
      given = options;
      return {
        ...node,
        async start() {
          await node.start();
          // After the microtasks that follow a start.
          setImmediate(began);
        },
        ...changes,
      };
    },
  });
  return { code: run(`${line} --api-port off`, io, deps), started };
}

describe("start", () => {
  it("is the default command, hands its settings on, stops cleanly and leaves nothing", async () => {
    const io = fakeIo({ env: { POUW_MAX_PEERS: "5" } });
    const { code, started } = start("--role miner --role verifier --data-dir /x", io);
    await started;
    expect(io.err()).toMatch(/INFO {2}node started roles=\["miner","verifier"\] account=devnet1eryv3j/);
    io.interrupt();
    expect(await code).toBe(0);
    expect(node.calls).toEqual(["start", "stop"]);
    expect(given).toMatchObject({ roles: ["miner", "verifier"], dataDir: "/x", maxPeers: 5, apiPort: "off" });
    expect(io.out()).toBe("");
    expect(io.err()).toContain("Stopping the node ...");
    expect(io.err()).toContain("The node has stopped.");
    expect([io.exits, io.listeners.size]).toEqual([[], 0]);
  });

  it("prints one JSON object per event on stdout with --json", async () => {
    const io = fakeIo();
    const { code, started } = start("start --json", io);
    await started;
    view.events.emit("unit", { task: "digits-mlp", round: 3, loss: 0.5, graphMs: 300 });
    view.events.emit("block", { height: 1, hash: hexOf(1), miner: hexOf(2), time: 5, own: false });
    view.events.emit("alert", { kind: "flood", sentence: "too much" });
    view.events.emit("state", { state: "syncing" });
    io.interrupt();
    expect(await code).toBe(0);
    const events = io
      .out()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string });
    expect(events.map(({ event }) => event)).toEqual(["started", "unit", "block", "alert", "state", "stopped"]);
    expect(events[0]).toMatchObject({ status: { height: 9 } });
    expect(events[2]).toEqual({ event: "block", height: 1, hash: hexOf(1), miner: hexOf(2), time: 5, own: false });
  });

  it("ends at once on the second Ctrl-C", async () => {
    const io = fakeIo();
    let release: () => void = () => undefined;
    const stop = (): Promise<void> =>
      new Promise((resolve) => {
        release = resolve;
      });
    const { code, started } = start("start", io, { stop });
    await started;
    io.interrupt();
    expect(io.exits).toEqual([]);
    io.interrupt();
    expect(io.exits).toEqual([130]);
    await new Promise((resolve) => setImmediate(resolve));
    release();
    await code;
  });

  it("does not wait for ever for a node that does not stop", async () => {
    const io = fakeIo({ env: { POUW_LIMITS_STOP_MS: "100" } });
    const { code, started } = start("start", io, { stop: () => new Promise(() => undefined) });
    await started;
    io.interrupt();
    expect(await code).toBe(1);
    expect(io.exits).toEqual([1]);
    expect(io.err()).toContain("did not stop within 100 ms");
  });

  it("ends with 1 when the node's own state becomes error", async () => {
    const io = fakeIo();
    const { code, started } = start("start", io);
    await started;
    view.status = aStatus({ state: "error" });
    view.events.emit("state", { state: "error" });
    expect(await code).toBe(1);
    expect(node.calls).toEqual(["start", "stop"]);
  });

  it("closes what it opened when the start fails, and says why", async () => {
    const io = fakeIo();
    const error = new PouwError("PORT_IN_USE", "The address is taken.", { remedy: "Choose another." });
    const { code } = start("start", io, { start: () => Promise.reject(error) });
    expect(await code).toBe(1);
    expect(node.calls).toEqual(["stop"]);
    expect(io.err()).toContain("✗ The address is taken.\n  Choose another.\n");
    expect(io.listeners.size).toBe(0);
  });

  it("keeps to the log level", async () => {
    const io = fakeIo();
    const { code, started } = start("start --log-level error", io);
    await started;
    expect(io.err()).not.toContain("node started");
    io.interrupt();
    expect(await code).toBe(0);
  });
});
