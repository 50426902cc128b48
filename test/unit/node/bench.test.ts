// The benchmark's figures and the self-test's judgement, over a runtime that does as it is told.
import { describe, expect, it } from "vitest";
import { initialParameters } from "../../../src/ml/index.ts";
import { readManifest } from "../../../src/node/index.ts";
import { benchTraining, selfTest } from "../../../src/node/tools/bench.ts";
import { roleProblem } from "../../../src/node/tools/doctor.ts";
import type { Runtime, UnitRequest, UnitResult } from "../../../src/ports/index.ts";
import { aStatus } from "../../support/fake-view.ts";
import { builtInTask } from "../../support/tasks.ts";

const start = initialParameters(readManifest("digits-mlp"), 0);
const work = { task: builtInTask("digits-mlp", { name: "digits", steps: 500 }), start };
const signal = new AbortController().signal;

/** Each unit moves the first parameter and takes 5 ms; `change` bends the result of unit `n`. */
function runtime(
  change: (n: number, request: UnitRequest) => Partial<UnitResult> = () => ({}),
  workers = 2,
): Runtime & { units: number } {
  const it = {
    provider: "fake",
    workers,
    providers: [],
    units: 0,
    async run(request: UnitRequest): Promise<UnitResult> {
      const n = it.units++;
      await new Promise((resolve) => setTimeout(resolve, 5));
      const end = request.start.slice();
      end[0] = 1;
      const digest = new Uint8Array(32).fill(7);
      const delta = { delta: new Uint8Array(1), deltaHash: new Uint8Array(32) };
      return { end, digest, ...delta, trace: digest, loss: 1, graphMs: 4, totalMs: 5, ...change(n, request) };
    },
    evaluate: () => Promise.reject(new Error("not used")),
    close: async () => undefined,
  };
  return it;
}

describe("benchTraining", () => {
  const bench = (it: Runtime, seconds = 0.2) =>
    benchTraining({ runtime: it, ...work, seconds, signal, onProgress: () => undefined });

  it("leaves the warm-up out and counts what every worker did", async () => {
    const it = runtime();
    const report = await bench(it);
    expect(report.units).toBe(it.units - 2);
    expect(report).toMatchObject({ model: "digits-mlp", provider: "fake", workers: 2, graphMs: 4, unitMs: 5 });
    expect(report.graphShare).toBeCloseTo(0.8);
    expect(report.unitsPerSecond).toBeCloseTo(report.units / report.seconds);
    expect(report.stepsPerSecond).toBeCloseTo(500 * report.unitsPerSecond);
    expect(report.seconds).toBeGreaterThanOrEqual(0.2);
  });

  it("gives every unit another seed", async () => {
    const seeds = new Set<string>();
    const it = runtime((_n, { seed, task }) => {
      expect(task).toBe(work.task);
      seeds.add(Buffer.from(seed).toString("hex"));
      return {};
    });
    await bench(it, 0.05);
    expect(seeds.size).toBe(it.units);
  });
});

describe("selfTest", () => {
  it("passes a runtime that repeats itself", async () => {
    const it = runtime();
    expect(await selfTest(it, work, { signal })).toMatchObject({
      ok: true,
      sentence: expect.stringContaining("the same bits"),
    });
    expect(it.units).toBe(2);
  });

  it("runs the task's own graphs, for a few steps", async () => {
    const asked: UnitRequest[] = [];
    const it = runtime((_n, request) => {
      asked.push(request);
      return {};
    });
    await selfTest(it, work, { signal });
    expect(asked.map(({ task }) => task)).toEqual([1, 2].map(() => ({ ...work.task, steps: 20 })));
    expect(new Set(asked.map(({ seed }) => Buffer.from(seed).toString("hex"))).size).toBe(1);
  });

  it.each([
    ["two results", () => runtime((n) => ({ digest: new Uint8Array(32).fill(n) })), /^digits: .*gave two results/],
    ["no training", () => runtime(() => ({ end: start.slice() })), /^digits: .*trained nothing/],
    ["no loss", () => runtime(() => ({ loss: Number.NaN })), /trained nothing/],
    [
      "a crash",
      () =>
        runtime(() => {
          throw new Error("out of memory");
        }),
      /a unit failed: out of memory/,
    ],
  ])("fails one with %s", async (_name, make, sentence) => {
    const result = await selfTest(make(), work, { signal });
    expect(result.ok).toBe(false);
    expect(result.sentence).toMatch(sentence);
  });
});

describe("roleProblem", () => {
  const [ready] = aStatus().capabilities;
  it("names the missing need, or that there is no such role yet", () => {
    expect(roleProblem("miner", ready === undefined ? [] : [ready])).toBeUndefined();
    expect(roleProblem("peer", [])).toBeUndefined();
    expect(roleProblem("miner", [])).toBe("needs runtime: it was not found");
    const broken = { name: "runtime", state: "absent", reason: "no provider", remedy: undefined } as const;
    expect(roleProblem("verifier", [broken])).toBe("needs runtime: no provider");
    expect(roleProblem("client", [])).toBe("is not part of this version");
  });
});
