// The bench's arithmetic: what it calls slower, and what it must not.
import { describe, expect, it } from "vitest";
import { LineChild } from "../../../scripts/bench/line-child.ts";
import { interleave, isSlower, ratio, type Sample, spread } from "../../../scripts/bench/measure.ts";
import { pairings } from "../../../scripts/bench/pairings.ts";
import { freeEnvironment } from "../../../scripts/bench/pytorch.ts";
import {
  atLeast,
  atMost,
  figure,
  meets,
  type Row,
  regressed,
  skipped,
  tableLines,
} from "../../../scripts/bench/rows.ts";
import { runnerOf } from "../../../scripts/bench/runner.ts";
import { stepLibraries, stepTable } from "../../../scripts/bench/table.ts";
import { MODELS } from "../../../src/ml/index.ts";

const sample = (cpuMs: number): Sample => ({ cpuMs, wallMs: 2 * cpuMs });
/** Thirteen rounds of a quantity that jumps by 6 % either way, as a shared machine does. */
const noisy = (level: number): readonly number[] =>
  Array.from({ length: 13 }, (_, i) => level * (1 + 0.06 * (((i * 5) % 13) / 6 - 1)));

describe("spread", () => {
  it("is the median and the quartiles, between values where they fall between", () => {
    expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, low: 1.75, high: 3.25, count: 4 });
    expect(spread([7])).toEqual({ median: 7, low: 7, high: 7, count: 1 });
  });
});

describe("interleave", () => {
  it("runs in turn, every second round backwards, and leaves the first round out", async () => {
    const order: string[] = [];
    const one = (name: string) => async () => {
      order.push(name);
      return sample(order.length);
    };
    const [a = [], b = []] = await interleave([one("a"), one("b")], 2);
    expect(order.join("")).toBe("abbaab");
    expect(a.map(({ cpuMs }) => cpuMs)).toEqual([4, 5]);
    expect(b.map(({ cpuMs }) => cpuMs)).toEqual([3, 6]);
  });
});

describe("ratio", () => {
  it("compares within a round, so a drift of the whole machine does not show", () => {
    const drift = [1, 2, 4, 8];
    const twice = ratio(
      drift.map((level) => sample(2 * level)),
      drift.map(sample),
      "cpuMs",
    );
    expect(twice).toEqual({ median: 2, low: 2, high: 2, count: 4 });
  });
});

describe("isSlower", () => {
  const before = spread(noisy(1));
  it("sees 20 % through the noise", () => expect(isSlower(spread(noisy(1.2)), before)).toBe(true));
  it("does not call the same, or 3 %, or less time slower", () => {
    for (const level of [0.8, 1, 1.03]) expect(isSlower(spread(noisy(level)), before)).toBe(false);
  });
  it("does not go by bad rounds beside good ones", () => {
    const hiccups = [...noisy(1).slice(0, 6), ...noisy(3).slice(6)];
    expect(isSlower(spread(hiccups), spread(noisy(1)))).toBe(false);
  });
});

describe("rows", () => {
  const row = (level: number, comparable = true): Row =>
    figure({ name: "steps/x/32", what: "x", unit: "ratio" }, spread(noisy(level)), { comparable });

  it("a row above its like is a regression, unless it means nothing in another run", () => {
    expect(regressed(row(1.2), [row(1)])).toBe(true);
    expect(regressed(row(1), [row(1.2)])).toBe(false);
    expect(regressed(row(1.2, false), [row(1)])).toBeUndefined();
  });
  it("a row without its like is not judged", () => {
    expect(regressed(row(1.2), [])).toBeUndefined();
    expect(regressed(skipped("steps/x/32", "x", "no torch"), [row(1)])).toBeUndefined();
  });
  it("meets a goal by its median", () => {
    const of = (goal: ReturnType<typeof atMost>) =>
      meets(figure({ name: "a", what: "a", unit: "ratio" }, spread([1, 1.5, 9]), { goal }));
    expect(of(atMost(1.5))).toBe(true);
    expect(of(atMost(1.4))).toBe(false);
    expect(of(atLeast(1.6))).toBe(false);
  });
  it("prints what was missed, skipped or has become slower", () => {
    const missed = figure({ name: "a/b", what: "a", unit: "ratio" }, spread(noisy(2)), { goal: atMost(1.5) });
    const lines = tableLines(
      [missed, skipped("c", "c", "no torch")],
      [figure({ name: "a/b", what: "a", unit: "ratio" }, spread(noisy(1)))],
    );
    expect(lines[1]).toContain("MISSED (<= 1.500) SLOWER");
    expect(lines[2]).toMatch(/c +skipped +no torch/);
  });
});

describe("PyTorch's environment", () => {
  it("is the shell's without what holds its matrix library back, and one thread", () => {
    const shell = {
      ...{ PATH: "/bin", LD_LIBRARY_PATH: "/opt/lib", HOME: "/home/somebody" },
      ...{
        OPENBLAS_CORETYPE: "Nehalem",
        OPENBLAS_L2_SIZE: "1",
        MKL_DEBUG_CPU_TYPE: "1",
        ATEN_CPU_CAPABILITY: "default",
      },
      ...{ OMP_NUM_THREADS: "8", DNNL_MAX_CPU_ISA: "SSE41" },
    };
    const { OPENBLAS_NUM_THREADS, OMP_NUM_THREADS, MKL_NUM_THREADS, ...rest } = freeEnvironment(shell);
    expect([OPENBLAS_NUM_THREADS, OMP_NUM_THREADS, MKL_NUM_THREADS]).toEqual(["1", "1", "1"]);
    expect(rest).toEqual({ PATH: "/bin", LD_LIBRARY_PATH: "/opt/lib", HOME: "/home/somebody" });
  });
});

describe("a contestant", () => {
  const echo = `
    const { createInterface } = require("node:readline");
    createInterface({ input: process.stdin }).on("line", (line) => {
      const { steps } = JSON.parse(line);
      if (steps === 0) throw new Error("out of luck");
      console.log(JSON.stringify({ wallMs: 10, cpuMs: 4 * steps, peakMb: 100 + steps }));
    });`;

  it("is timed by the step, and its memory is what it holds beyond its library", async () => {
    const child = new LineChild<{ wallMs: number; cpuMs: number; peakMb: number }>({
      command: process.execPath,
      args: ["-e", echo],
      env: process.env,
    });
    const runner = runnerOf("library 1", 90, child);
    expect(runner.memoryMb()).toBe(0);
    expect(await runner.run(5)).toEqual({ wallMs: 2, cpuMs: 4 });
    expect(runner.memoryMb()).toBe(15);
    await expect(runner.run(0)).rejects.toThrow(/Node\.js|out of luck/);
    await expect(runner.run(5)).rejects.toThrow();
    runner.close();
  });
});

describe("the table of steps", () => {
  const row = (group: string, with_: string): Row =>
    figure({ name: `${group}/digits-mlp/32`, what: "x", unit: "ratio" }, spread([0.5]), {
      detail: { "ms a step": "0.10 / 0.20", MB: "80 / 90", parameters: 101_770, with: with_ },
    });

  it("has a line for what was measured, and names each library once", () => {
    const rows = [row("steps", "onnxruntime 1"), row("torch", "torch 1"), row("wasm", "onnxruntime 1")];
    const lines = (stepTable(rows) as string).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[2]).toMatch(/`digits-mlp` \| 101,770 +\| 32 +\| 0.10 \| 80 \| 0.50 +\| 0.50 +\| 0.50/);
    expect(stepLibraries(rows)).toEqual(["onnxruntime 1", "torch 1"]);
    expect(stepTable([skipped("torch/digits-mlp/32", "x", "no torch")])).toBeUndefined();
  });

  it("is of every model that there is", () => {
    expect(new Set(pairings().map(({ model }) => model))).toEqual(new Set(MODELS));
  });
});
