// Real worker threads that die: the pool gets told, replaces them, and says so when that does not help.
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { startHand } from "../../../src/adapters/onnx/hands.ts";
import type { EvaluateJob, WorkerSetup } from "../../../src/adapters/onnx/messages.ts";
import { type Hand, HandLost, Pool } from "../../../src/adapters/onnx/pool.ts";
import { oneJob, type Work } from "../../../src/adapters/onnx/work.ts";
import { signal, silent, TASK } from "./suite.ts";

const job = (name: string): EvaluateJob => ({
  kind: "evaluate",
  task: { ...TASK, name },
  parameters: new Float32Array(0),
  split: "test",
});

const aJob = (name: string): Work<unknown> => oneJob(job(name));

/** A worker that speaks the protocol; what it does with a job stands in the name of its task. */
const SCRIPT = `
const { parentPort } = require("node:worker_threads");
parentPort.on("message", (order) => {
  if (order.kind === "close") return parentPort.close();
  if (order.job.task.name === "exit") process.exit(7);
  if (order.job.task.name === "throw") setTimeout(() => { throw new Error("out of luck"); });
  else parentPort.postMessage({ kind: "done", result: { samples: 1, correct: 1, loss: 0 } });
});
parentPort.postMessage({ kind: "ready", library: "none 1", stepMs: 1 });
`;
const script = (code: string) => () => new Worker(code, { eval: true });
const setup: WorkerSetup = {
  provider: "cpu",
  tasks: [],
  graphs: new Map(),
  int8: new Map(),
  data: new Map(),
  proofs: [],
};
const start = async (code: string = SCRIPT): Promise<Hand> => (await startHand(setup, script(code))).hand;

describe("a worker thread", () => {
  it("does jobs and ends when asked to", async () => {
    const hand = await start();
    expect(await hand.run(job("ok"))).toEqual({ samples: 1, correct: 1, loss: 0 });
    await hand.close();
    expect(await hand.gone).toBeUndefined();
    await hand.close();
    await expect(hand.run(job("ok"))).rejects.toBeInstanceOf(HandLost);
  });

  it.each([
    ["exit", "ended with code 7"],
    ["throw", "out of luck"],
  ])("that dies by %s loses its job", async (how, reason) => {
    const hand = await start();
    const run = hand.run(job(how));
    await expect(run).rejects.toBeInstanceOf(HandLost);
    await expect(run).rejects.toThrow(reason);
    expect(await hand.gone).toContain(reason);
    await hand.close();
  });

  it("that dies before it is ready is reported, not waited for", async () => {
    await expect(start("process.exit(3)")).rejects.toThrow("ended with code 3");
  });

  it("is replaced by the pool once; its job fails on the second death, others go on", async () => {
    const pool = new Pool([await start()], () => start(), silent);
    const poison = pool.run(aJob("exit"), "train", { signal });
    await expect(poison).rejects.toMatchObject({ code: "INTERNAL", message: expect.stringContaining("code 7") });
    await expect(pool.run(aJob("ok"), "train", { signal })).rejects.toMatchObject({ code: "INTERNAL" });
    await pool.close();

    const two = new Pool([await start(), await start()], () => start(), silent);
    await expect(two.run(aJob("exit"), "train", { signal })).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await two.run(aJob("ok"), "train", { signal })).toMatchObject({ samples: 1 });
    await two.close();
  });
});
