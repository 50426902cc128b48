// Which provider is picked, from answers that are made up here.
import { describe, expect, it } from "vitest";
import { type Crowd, crowdOf } from "../../../src/adapters/onnx/crowd.ts";
import { climb, type Fit } from "../../../src/adapters/onnx/ladder.ts";
import type { Proof, Provider } from "../../../src/adapters/onnx/messages.ts";
import type { Hand } from "../../../src/adapters/onnx/pool.ts";
import { PouwError } from "../../../src/base/index.ts";
import { runtimeReports } from "../../../src/node/parts/capabilities.ts";

/** Milliseconds a unit per provider; a provider without a figure is refused. */
function world(speeds: { readonly [P in Provider]?: number }): {
  attempt: (provider: Provider) => Promise<Fit>;
  tried: Provider[];
  open: Set<Provider>;
} {
  const tried: Provider[] = [];
  const open = new Set<Provider>();
  const attempt = (provider: Provider): Promise<Fit> => {
    tried.push(provider);
    const stepMs = speeds[provider];
    if (stepMs === undefined)
      return Promise.reject(new PouwError("CAPABILITY_ABSENT", `no ${provider} here`, { remedy: `get ${provider}` }));
    open.add(provider);
    const hand: Hand = {
      run: () => Promise.reject(new Error("not asked to")),
      gone: new Promise(() => undefined),
      close: () => Promise.resolve(void open.delete(provider)),
    };
    paces.set(hand, stepMs);
    const lowering = provider === "cpu" ? "int8" : "float";
    const refused = provider === "wasm" ? "it adds otherwise" : undefined;
    return Promise.resolve({ hand, library: `lib of ${provider}`, lowering, refused, stepMs });
  };
  return { attempt, tried, open };
}

/** One worker, as quick as `world` says. */
const gather = async (_provider: Provider, first: Hand): Promise<Crowd> => {
  return { hands: [first], stepsPerSecond: 1000 / (await pace(first)) };
};
const paces = new WeakMap<Hand, number>();
const pace = (hand: Hand): Promise<number> => Promise.resolve(paces.get(hand) as number);

describe("the provider ladder", () => {
  it("falls back to cpu, saying why and what to do", async () => {
    const { attempt, tried, open } = world({ cpu: 10, wasm: 30 });
    const { provider, hands, reports } = await climb("auto", attempt, gather);
    expect([provider, hands.length]).toEqual(["cpu", 1]);
    expect(tried).toEqual(["cuda", "cpu"]);
    expect([...open]).toEqual(["cpu"]);
    expect(reports.map((report) => [report.provider, report.state])).toEqual([
      ["cuda", "refused"],
      ["cpu", "chosen"],
      ["webgpu", "not tried"],
      ["wasm", "not tried"],
    ]);
    expect(reports[0]).toMatchObject({ reason: "no cuda here", remedy: "get cuda", stepMs: undefined });
    expect(reports[1]?.stepMs).toBe(10);
    // Which library computes stands in doctor and status.
    expect(reports[1]).toMatchObject({
      library: "lib of cpu",
      reason: "lib of cpu reproduces the vectors in int8; 10 ms a step",
    });
    expect(runtimeReports(reports)[0]?.reason).toBe("training runs on cpu, lib of cpu");
  });

  it("takes a GPU that is quicker, and closes the other worker", async () => {
    const { attempt, open } = world({ cuda: 2, cpu: 10 });
    const { provider, reports } = await climb("auto", attempt, gather);
    expect(provider).toBe("cuda");
    expect([...open]).toEqual(["cuda"]);
    expect(reports[0]).toMatchObject({ provider: "cpu", state: "refused", remedy: undefined, stepMs: 10 });
    expect(reports[1]).toMatchObject({ provider: "cuda", state: "chosen", stepMs: 2 });
  });

  it("does not take a GPU that is slower than the processor", async () => {
    const { attempt, open } = world({ cuda: 50, cpu: 10 });
    const { provider, reports } = await climb("auto", attempt, gather);
    expect(provider).toBe("cpu");
    expect([...open]).toEqual(["cpu"]);
    expect(reports[0]).toMatchObject({
      provider: "cuda",
      state: "refused",
      reason: expect.stringContaining("slower"),
    });
  });

  it("takes what was asked for, be it slower, and says why where it cannot", async () => {
    const slow = world({ webgpu: 50, cpu: 10 });
    expect((await climb("webgpu", slow.attempt, gather)).provider).toBe("webgpu");
    expect(slow.tried).toEqual(["webgpu"]);
    const { provider, reports } = await climb("cuda", world({ cpu: 10 }).attempt, gather);
    expect([provider, reports[0]]).toEqual(["cpu", expect.objectContaining({ provider: "cuda", state: "refused" })]);
    const told = runtimeReports(reports, "cuda").map(({ name, state }) => [name, state]);
    expect(told).toEqual([
      ["runtime", "ready"],
      ["cuda", "absent"],
      ["webgpu", "off"],
    ]);
    // Nobody asked for it: it is off, with the reason beside it.
    expect(runtimeReports(reports)[1]).toMatchObject({ name: "cuda", state: "off", reason: "no cuda here" });
  });

  it("looks at webgpu only when asked to, and at nothing faster when asked for cpu or wasm", async () => {
    const everything = { cuda: 1, webgpu: 1, cpu: 10, wasm: 30 };
    for (const [wish, tried, chosen] of [
      ["auto", ["cuda", "cpu"], "cuda"],
      ["webgpu", ["webgpu"], "webgpu"],
      ["cpu", ["cpu"], "cpu"],
      ["wasm", ["wasm"], "wasm"],
    ] as const) {
      const { attempt, tried: seen } = world(everything);
      expect((await climb(wish, attempt, gather)).provider).toBe(chosen);
      expect(seen).toEqual(tried);
    }
  });

  it("ends at wasm, and with every reason when even that fails", async () => {
    const { provider, reports } = await climb("auto", world({ wasm: 30 }).attempt, gather);
    expect(provider).toBe("wasm");
    expect(reports.find(({ state }) => state === "chosen")?.reason).toBe(
      "lib of wasm reproduces the vectors in float, not int8, since it adds otherwise; 30 ms a step",
    );
    expect(reports.filter((report) => report.state === "refused").map((report) => report.provider)).toEqual([
      "cuda",
      "cpu",
    ]);
    await expect(climb("auto", world({}).attempt, gather)).rejects.toMatchObject({
      code: "CAPABILITY_ABSENT",
      message: expect.stringMatching(/cuda: .*cpu: .*wasm: /),
      remedy: "get cuda",
    });
  });
});

describe("a crowd on a GPU", () => {
  /** A card that runs `room` units as quickly as one, and shares its time among more; the third start may fail. */
  function card(room: number, starts = Number.POSITIVE_INFINITY) {
    const open = new Set<Hand>();
    let running = 0;
    const start = (): Promise<Hand> => {
      if (open.size >= starts) return Promise.reject(new Error("out of memory"));
      const hand: Hand = {
        run: async () => {
          running++;
          await Promise.resolve();
          const stepMs = Math.max(1, running / room);
          await Promise.resolve();
          running--;
          return { stepMs };
        },
        gone: new Promise(() => undefined),
        close: () => Promise.resolve(void open.delete(hand)),
      };
      open.add(hand);
      return Promise.resolve(hand);
    };
    return { start, open };
  }
  const proofs = [{ task: {} } as Proof];

  it.each([
    [1, Number.POSITIVE_INFINITY, 1],
    [4, Number.POSITIVE_INFINITY, 4],
    [100, Number.POSITIVE_INFINITY, 8],
    [100, 3, 2],
  ])("on a card with room for %i, of which %i start, has %i workers", async (room, starts, count) => {
    const { start, open } = card(room, starts);
    const crowd = await crowdOf(await start(), start, proofs);
    expect(crowd.hands).toHaveLength(count);
    expect([...open].sort()).toEqual([...crowd.hands].sort());
    expect(crowd.stepsPerSecond).toBeCloseTo(1000 * count);
  });
});
