// The pool over hands that only pretend to train: order, cancellation, and what happens when a worker dies.
import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import type { EvaluateJob, Job, JobResult } from "../../../src/adapters/onnx/messages.ts";
import { type Hand, HandLost, Pool } from "../../../src/adapters/onnx/pool.ts";
import { oneJob, type Work } from "../../../src/adapters/onnx/work.ts";
import type { Log } from "../../../src/ports/index.ts";
import type { Task } from "../../../src/work/index.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const signal = new AbortController().signal;
const job = (name: string): EvaluateJob => ({
  kind: "evaluate",
  task: { name } as Task,
  parameters: new Float32Array(0),
  split: "test",
});
const aJob = (name: string): Work<unknown> => oneJob(job(name));
/** Work of several jobs, which makes the list of what they gave. */
function several(name: string, count: number): Work<JobResult[]> {
  const made: JobResult[] = [];
  return {
    next: () => job(`${name}${made.length}`),
    take: (taken) => (made.push(taken) === count ? made : undefined),
  };
}
const result = (samples: number): JobResult => ({ samples, correct: 0, loss: 0 });

/** A hand whose jobs end when the test says so. */
class FakeHand implements Hand {
  readonly started: string[];
  readonly gone: Promise<string | undefined>;
  closed = false;
  #end: (reason: string | undefined) => void = () => undefined;
  #running: { resolve: (value: JobResult) => void; reject: (reason: Error) => void } | undefined;

  constructor(started: string[]) {
    this.started = started;
    this.gone = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  run({ task: { name } }: Job): Promise<JobResult> {
    expect(this.#running).toBeUndefined();
    this.started.push(name);
    return new Promise((resolve, reject) => {
      this.#running = { resolve, reject };
    });
  }

  finish(value: JobResult | Error): void {
    const running = this.#running;
    this.#running = undefined;
    if (value instanceof Error) running?.reject(value);
    else running?.resolve(value);
  }

  die(): void {
    this.#end("killed");
    this.finish(new HandLost("killed"));
  }

  close(): Promise<void> {
    this.closed = true;
    this.#end(undefined);
    return Promise.resolve();
  }
}

/** A pool of `count` fake hands; replacements are appended to `hands`. */
function fakePool(count: number): { pool: Pool; hands: FakeHand[]; started: string[] } {
  const started: string[] = [];
  const hands = Array.from({ length: count }, () => new FakeHand(started));
  const spawn = (): Promise<Hand> => {
    const hand = new FakeHand(started);
    hands.push(hand);
    return Promise.resolve(hand);
  };
  return { pool: new Pool([...hands], spawn, silent), hands, started };
}

/** Lets every promise that can go on do so. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("the pool", () => {
  it("runs checks before training, and each in order of arrival", async () => {
    const { pool, hands, started } = fakePool(1);
    const runs = ["a", "b", "c"].map((name) => pool.run(aJob(name), "train", { signal }));
    const checks = ["x", "y"].map((name) => pool.run(aJob(name), "check", { signal }));
    expect(pool.waiting).toBe(4);
    for (let i = 0; i < 5; i++) {
      hands[0]?.finish(result(i));
      await settle();
    }
    expect(started).toEqual(["a", "x", "y", "b", "c"]);
    expect(await Promise.all([...runs, ...checks])).toEqual([0, 3, 4, 1, 2].map(result));
  });

  it("listens to a caller's one signal for each job at hand, without a warning of Node's, and for none afterwards", async () => {
    const { pool, hands } = fakePool(1);
    const warned: Error[] = [];
    const note = (warning: Error): void => void warned.push(warning);
    process.on("warning", note);
    const { signal: one } = new AbortController();
    const runs = Array.from({ length: 20 }, (_, i) => pool.run(aJob(`${i}`), "train", { signal: one }));
    expect(getEventListeners(one, "abort")).toHaveLength(20);
    for (let i = 0; i < 20; i++) {
      hands[0]?.finish(result(i));
      await settle();
    }
    await Promise.all(runs);
    process.off("warning", note);
    expect([getEventListeners(one, "abort"), warned]).toEqual([[], []]);
  });

  it("lets a check in between the jobs of a unit, and goes on with the unit before anything new", async () => {
    const { pool, hands, started } = fakePool(1);
    const unit = pool.run(several("unit", 3), "train", { signal });
    const next = pool.run(aJob("next"), "train", { signal });
    hands[0]?.finish(result(0));
    await settle();
    const check = pool.run(aJob("check"), "check", { signal });
    for (let i = 1; i < 5; i++) {
      hands[0]?.finish(result(i));
      await settle();
    }
    expect(started).toEqual(["unit0", "unit1", "check", "unit2", "next"]);
    expect(await unit).toEqual([0, 1, 3].map(result));
    expect(await Promise.all([check, next])).toEqual([2, 4].map(result));
  });

  it("ends cancelled work at its next job", async () => {
    const { pool, hands, started } = fakePool(1);
    const stop = new AbortController();
    const unit = pool.run(several("unit", 3), "train", { signal: stop.signal });
    const next = pool.run(aJob("next"), "train", { signal });
    hands[0]?.finish(result(0));
    await settle();
    stop.abort(new Error("late"));
    await expect(unit).rejects.toThrow("late");
    hands[0]?.finish(result(1));
    await settle();
    expect(started).toEqual(["unit0", "unit1", "next"]);
    hands[0]?.finish(result(2));
    expect(await next).toEqual(result(2));
  });

  it("tries the job again under which a worker died, not the whole work", async () => {
    const { pool, hands, started } = fakePool(1);
    const unit = pool.run(several("unit", 3), "train", { signal });
    for (const [hand, fate] of [
      [0, "die"],
      [1, "live"],
      [1, "die"],
      [2, "live"],
      [2, "live"],
    ] as const) {
      if (fate === "die") hands[hand]?.die();
      else hands[hand]?.finish(result(hand));
      await settle();
    }
    expect(started).toEqual(["unit0", "unit0", "unit1", "unit1", "unit2"]);
    expect(await unit).toEqual([1, 2, 2].map(result));
  });

  it("uses every worker, one job at a time", async () => {
    const { pool, hands, started } = fakePool(2);
    const runs = ["a", "b", "c"].map((name) => pool.run(aJob(name), "train", { signal }));
    expect(started).toEqual(["a", "b"]);
    hands[1]?.finish(result(1));
    await settle();
    expect(started).toEqual(["a", "b", "c"]);
    hands[0]?.finish(result(0));
    hands[1]?.finish(result(2));
    expect(await Promise.all(runs)).toEqual([0, 1, 2].map(result));
  });

  it("passes a job's own error on and goes on", async () => {
    const { pool, hands } = fakePool(1);
    const first = pool.run(aJob("a"), "train", { signal });
    const second = pool.run(aJob("b"), "train", { signal });
    hands[0]?.finish(new Error("diverged"));
    await expect(first).rejects.toThrow("diverged");
    await settle();
    hands[0]?.finish(result(1));
    expect(await second).toEqual(result(1));
  });

  it("drops a cancelled job that waits, and the result of one that runs", async () => {
    const { pool, hands, started } = fakePool(1);
    const stop = new AbortController();
    const running = pool.run(aJob("a"), "train", { signal: stop.signal });
    const waiting = pool.run(aJob("b"), "check", { signal: stop.signal });
    const other = pool.run(aJob("c"), "train", { signal });
    stop.abort(new Error("new head"));
    await expect(running).rejects.toThrow("new head");
    await expect(waiting).rejects.toThrow("new head");
    // The worker is still at it: nothing else starts there.
    expect(started).toEqual(["a"]);
    hands[0]?.finish(result(0));
    await settle();
    expect(started).toEqual(["a", "c"]);
    hands[0]?.finish(result(2));
    expect(await other).toEqual(result(2));
    await expect(pool.run(aJob("d"), "train", { signal: stop.signal })).rejects.toThrow("new head");
  });

  it("replaces a worker that dies and tries its job once more", async () => {
    const { pool, hands, started } = fakePool(1);
    const run = pool.run(aJob("a"), "train", { signal });
    const next = pool.run(aJob("b"), "train", { signal });
    hands[0]?.die();
    await settle();
    expect(started).toEqual(["a", "a"]);
    hands[1]?.finish(result(7));
    expect(await run).toEqual(result(7));
    // The success wipes the slate: another death, later, is replaced again.
    hands[1]?.die();
    await settle();
    hands[2]?.finish(result(8));
    expect(await next).toEqual(result(8));
  });

  it("gives a job up when two workers died under it", async () => {
    const { pool, hands, started } = fakePool(2);
    const run = pool.run(aJob("a"), "train", { signal });
    hands[0]?.die();
    await settle();
    // The other worker was free, so it had the second try.
    expect(started).toEqual(["a", "a"]);
    hands[1]?.die();
    await expect(run).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("two training workers"),
    });
    await settle();
    expect(started).toEqual(["a", "a"]);
  });

  it("does not try a cancelled job again", async () => {
    const { pool, hands, started } = fakePool(1);
    const stop = new AbortController();
    const run = pool.run(aJob("a"), "train", { signal: stop.signal });
    stop.abort();
    await expect(run).rejects.toThrow();
    hands[0]?.die();
    await settle();
    expect(started).toEqual(["a"]);
  });

  it("refuses everything once all workers are beyond replacing", async () => {
    const { pool, hands } = fakePool(1);
    const first = pool.run(aJob("a"), "train", { signal });
    const second = pool.run(aJob("b"), "train", { signal });
    hands[0]?.die();
    await settle();
    hands[1]?.die();
    await expect(first).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(second).rejects.toMatchObject({ code: "INTERNAL", remedy: expect.any(String) });
    await expect(pool.run(aJob("c"), "train", { signal })).rejects.toMatchObject({ code: "INTERNAL" });
  });

  it("replaces a worker that dies while idle", async () => {
    const { pool, hands, started } = fakePool(1);
    hands[0]?.die();
    await settle();
    const run = pool.run(aJob("a"), "train", { signal });
    await settle();
    expect(hands).toHaveLength(2);
    expect(started).toEqual(["a"]);
    hands[1]?.finish(result(3));
    expect(await run).toEqual(result(3));
  });

  it("closes once: waiting jobs are refused, workers end", async () => {
    const { pool, hands } = fakePool(2);
    const runs = ["a", "b", "c"].map((name) => pool.run(aJob(name), "train", { signal }));
    const closing = [pool.close(), pool.close()];
    await expect(runs[2]).rejects.toMatchObject({ code: "CLOSED" });
    hands[0]?.finish(result(0));
    hands[1]?.finish(result(1));
    await Promise.all(closing);
    expect(await Promise.all(runs.slice(0, 2))).toEqual([result(0), result(1)]);
    expect(hands.every((hand) => hand.closed)).toBe(true);
    await expect(pool.run(aJob("d"), "train", { signal })).rejects.toMatchObject({ code: "CLOSED" });
  });
});
