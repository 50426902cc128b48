// Which provider is picked, from answers that are made up here.
import { describe, expect, it } from "vitest";
import { climb, type Fit } from "../../../src/adapters/onnx/ladder.ts";
import type { Provider } from "../../../src/adapters/onnx/messages.ts";
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
    return Promise.resolve({ hand, library: `lib of ${provider}`, stepMs });
  };
  return { attempt, tried, open };
}

describe("the provider ladder", () => {
  it("falls back to cpu, saying why and what to do", async () => {
    const { attempt, tried, open } = world({ cpu: 10, wasm: 30 });
    const { provider, stepMs, reports } = await climb("auto", attempt);
    expect([provider, stepMs]).toEqual(["cpu", 10]);
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
    expect(reports[1]?.library).toBe("lib of cpu");
    expect(runtimeReports(reports)[0]?.reason).toBe("training runs on cpu, lib of cpu");
  });

  it("takes a GPU that is quicker, and closes the other worker", async () => {
    const { attempt, open } = world({ cuda: 2, cpu: 10 });
    const { provider, reports } = await climb("auto", attempt);
    expect(provider).toBe("cuda");
    expect([...open]).toEqual(["cuda"]);
    expect(reports[0]).toMatchObject({ provider: "cpu", state: "refused", remedy: undefined, stepMs: 10 });
    expect(reports[1]).toMatchObject({ provider: "cuda", state: "chosen", stepMs: 2 });
  });

  it("does not take a GPU that is slower than the processor", async () => {
    const { attempt, open } = world({ cuda: 50, cpu: 10 });
    const { provider, reports } = await climb("auto", attempt);
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
    expect((await climb("webgpu", slow.attempt)).provider).toBe("webgpu");
    expect(slow.tried).toEqual(["webgpu"]);
    const { provider, reports } = await climb("cuda", world({ cpu: 10 }).attempt);
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
      expect((await climb(wish, attempt)).provider).toBe(chosen);
      expect(seen).toEqual(tried);
    }
  });

  it("ends at wasm, and with every reason when even that fails", async () => {
    const { provider, reports } = await climb("auto", world({ wasm: 30 }).attempt);
    expect(provider).toBe("wasm");
    expect(reports.filter((report) => report.state === "refused").map((report) => report.provider)).toEqual([
      "cuda",
      "cpu",
    ]);
    await expect(climb("auto", world({}).attempt)).rejects.toMatchObject({
      code: "CAPABILITY_ABSENT",
      message: expect.stringMatching(/cuda: .*cpu: .*wasm: /),
      remedy: "get cuda",
    });
  });
});
