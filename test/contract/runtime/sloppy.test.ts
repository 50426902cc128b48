// A provider that is off by one unit in the last place, in one kind of operator, from the start or only after a while: no worker with it
// is admitted, neither the first nor the next, nor one that replaces another. Beside each an honest control.
import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { passGate } from "../../../src/adapters/onnx/gate.ts";
import type { Passed, WorkerSetup } from "../../../src/adapters/onnx/messages.ts";
import { operatorsOf } from "../../../src/adapters/onnx/operators.ts";
import { openProvider } from "../../../src/adapters/onnx/ort.ts";
import { type Prepared, prepareGraphs } from "../../../src/adapters/onnx/prepare.ts";
import { openRuntime } from "../../../src/adapters/onnx/runtime.ts";
import { openWorkbench } from "../../../src/adapters/onnx/workbench.ts";
import { toHex } from "../../../src/base/index.ts";
import type { Log, Runtime } from "../../../src/ports/index.ts";
import { LARGE_MODELS } from "../../support/large-models.ts";
import { beSloppy, type Sloppiness } from "../../support/sloppy.ts";
import { builtInTask } from "../../support/tasks.ts";
import { artifacts, MODELS_DIR, signal, silent, TASK, unit } from "./suite.ts";

const KINDS: { readonly [kind: string]: readonly string[] } = {
  Div: ["Div"],
  Sqrt: ["Sqrt"],
  products: ["Gemm", "MatMul", "Conv", "ConvTranspose", "MatMulIntegerToFloat"],
  conversions: ["Cast"],
};
let honest = (): void => undefined;
afterEach(() => honest());

/** What a worker with this library says of itself. */
async function admitted(setup: Omit<WorkerSetup, "provider">, sloppiness?: Sloppiness): Promise<Passed> {
  if (sloppiness !== undefined) honest = beSloppy(sloppiness);
  const provider = await openProvider("cpu");
  const bench = await openWorkbench(provider, setup);
  try {
    return await passGate(provider, setup, bench);
  } finally {
    await bench.close();
    honest();
  }
}

/** The large ones have the operators of the small ones, and each of these fifteen gates would take seconds. */
const MODELS = readdirSync(MODELS_DIR)
  .filter((name) => !LARGE_MODELS.has(name))
  .sort();

describe.each(MODELS.flatMap((name) => [[name, "float"] as const, [name, "int8"] as const]))(
  "the gate of %s in %s",
  (name, lowering) => {
    /** As a worker opens them: those of int8 in place of the others. */
    const lowered = ({ graphs, int8, ...rest }: Prepared): Prepared => ({
      ...rest,
      int8,
      graphs: lowering === "int8" ? new Map([...graphs, ...int8]) : graphs,
    });
    const setup = prepareGraphs([builtInTask(name, { steps: 10 })], { artifacts }, { signal }).then(lowered);
    const used = async (): Promise<ReadonlySet<string>> =>
      new Set([...(await setup).graphs.values()].flatMap((graph) => [...operatorsOf(graph)]));

    it("is about products of bytes in int8 only", async () => {
      expect((await used()).has("MatMulIntegerToFloat")).toBe(lowering === "int8");
    });

    it("admits a library that computes right, also with a node behind each operator that changes nothing", async () => {
      expect(await admitted(await setup)).toMatchObject({ library: expect.stringMatching(/^onnxruntime-node \d/) });
      const never = { operators: Object.values(KINDS).flat(), after: Number.POSITIVE_INFINITY };
      expect((await admitted(await setup, never)).stepMs).toBeGreaterThan(0);
    });

    for (const [kind, operators] of Object.entries(KINDS))
      it.each([0, 1, 3])(`refuses ${kind} off by one after %i stretches, where a graph has them`, async (after) => {
        const known = await used();
        const admission = admitted(await setup, { operators, after });
        if (!operators.some((operator) => known.has(operator))) await expect(admission).resolves.toBeDefined();
        else
          await expect(admission).rejects.toMatchObject({
            code: "CAPABILITY_ABSENT",
            message: expect.stringMatching(
              /^onnxruntime-node \d.* computes .* otherwise: .* instead of|other bits after/,
            ),
          });
      });
  },
);

describe("the gate stands before every worker", () => {
  const spoken: string[] = [];
  const note = (fields: unknown, text?: string): void => {
    const { error } = fields as { readonly error?: unknown };
    spoken.push(`${text}: ${error}`);
  };
  const log: Log = { ...silent, error: note, child: () => log };

  /** A runtime whose worker number n is sloppy as `plan[n]` says, and its threads. */
  async function opened(workers: number, plan: readonly (Sloppiness | undefined)[]): Promise<[Runtime, Worker[]]> {
    const threads: Worker[] = [];
    const launch = (setup: WorkerSetup): Worker => {
      const thread = sloppyThread(setup, plan[threads.length]);
      threads.push(thread);
      return thread;
    };
    const options = { tasks: [TASK], provider: "cpu", workers } as const;
    return [await openRuntime(options, { artifacts, log, launch }, { signal }), threads];
  }
  const div = { operators: ["Div"], after: 0 };

  it("the first: another provider is taken, since it differs", async () => {
    const [runtime] = await opened(1, [div]);
    expect(runtime.provider).toBe("wasm");
    const refused = runtime.providers.find(({ provider }) => provider === "cpu");
    expect(refused).toMatchObject({ state: "refused", reason: expect.stringContaining("computes Div otherwise") });
    await runtime.close();
  });

  it("the second: nothing is opened, since this machine does not agree with itself", async () => {
    await expect(opened(2, [undefined, div])).rejects.toMatchObject({
      code: "CAPABILITY_ABSENT",
      message: expect.stringContaining("computes Div otherwise"),
    });
  });

  it.each([
    ["honest", undefined],
    ["sloppy", div],
    ["sloppy after a while", { operators: ["Div"], after: 2 }],
  ] as const)("one that replaces another, %s", async (_how, sloppiness) => {
    spoken.length = 0;
    const [runtime, threads] = await opened(1, [undefined, sloppiness]);
    const before = await runtime.run(unit(1), { signal });
    await threads[0]?.terminate();
    const after = runtime.run(unit(1), { signal });
    if (sloppiness === undefined) expect(toHex((await after).digest)).toBe(toHex(before.digest));
    else {
      await expect(after).rejects.toMatchObject({ code: "INTERNAL", message: expect.stringContaining("workers died") });
      expect(spoken.join()).toMatch(/could not be replaced: .*(computes Div otherwise|other bits after)/);
    }
    expect(threads).toHaveLength(2);
    await runtime.close();
  });
});

/** A worker's thread as the product starts it, with a library that is sloppy before the product's code loads. */
function sloppyThread(setup: WorkerSetup, sloppiness: Sloppiness | undefined): Worker {
  const native = sloppiness !== undefined && setup.provider === "cpu" ? sloppiness : undefined;
  const tsx = dirname(createRequire(import.meta.url).resolve("tsx/package.json"));
  const url = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href);
  const lines = [
    `import { register } from ${JSON.stringify(pathToFileURL(join(tsx, "dist", "esm", "api", "index.mjs")).href)};`,
    "register();",
    ...(native === undefined
      ? []
      : [`(await import(${url("../../support/sloppy.ts")})).beSloppy(${JSON.stringify(native)});`]),
    `await import(${url("../../../src/adapters/onnx/worker.ts")});`,
  ];
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(lines.join("\n"))}`), { workerData: setup });
}
