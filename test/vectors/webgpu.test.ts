// WebGPU on a software device, where Debian's packages chromium-common and libvulkan1 are installed (docs/gpu.md): the vectors of
// operators, what they refuse it for, and a training step whose bits are the processor's.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { createArtifacts } from "../../src/adapters/artifacts/index.ts";
import { dataFeeds, train } from "../../src/adapters/onnx/calls.ts";
import { passGate } from "../../src/adapters/onnx/gate.ts";
import type { Proof } from "../../src/adapters/onnx/messages.ts";
import { type OrtProvider, openProvider } from "../../src/adapters/onnx/ort.ts";
import { prepareGraphs } from "../../src/adapters/onnx/prepare.ts";
import { messageOf, toHex } from "../../src/base/index.ts";
import { parametersDigest, probeOf, toOnnx, type VectorUnit, vectorInputs } from "../../src/ml/index.ts";
import type { Log } from "../../src/ports/index.ts";
import { builtInTask } from "../support/tasks.ts";

const DEVICE = "/usr/lib/chromium/vk_swiftshader_icd.json";
// Vulkan's loader reads it when the first device is asked for.
if (existsSync(DEVICE)) process.env["VK_ICD_FILENAMES"] ??= DEVICE;

/** Why it cannot be run here; undefined when it can. */
async function obstacle(): Promise<string | undefined> {
  if (process.env["VK_ICD_FILENAMES"] === undefined)
    return "no software Vulkan device: apt-get install chromium-common libvulkan1";
  try {
    await (await (await openProvider("webgpu")).open(toOnnx(probeOf(["Identity"]).graph))).close();
    return undefined;
  } catch (error) {
    return messageOf(error).slice(-80);
  }
}
const missing = await obstacle();

describe.skipIf(missing !== undefined)(`webgpu${missing === undefined ? "" : ` (${missing})`}`, () => {
  let provider: OrtProvider;
  beforeAll(async () => {
    provider = await openProvider("webgpu");
  });
  const run = (operator: string) =>
    passGate(provider, { proofs: [] }, { opened: [toOnnx(probeOf([operator]).graph)], prove: async () => 1 });

  it.each(["MatMul", "Cast", "Equal", "Greater", "Where", "Mod", "ReduceSum", "ReduceMax", "ArgMax", "Gather", "Split"])(
    "gives the recorded bits of %s",
    async (operator) => {
      expect((await run(operator)).library).toMatch(/^onnxruntime-node/);
    },
  );

  it.each(["Add", "Sub", "Mul"])("is refused for %s: it takes denormals as zero", async (operator) => {
    await expect(run(operator)).rejects.toThrow(/0 instead of .*, it takes denormals as zero/);
  });

  it("trains a step of digits-mlp to the processor's bits", async () => {
    const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    const models = fileURLToPath(new URL("../../models", import.meta.url));
    const artifacts = createArtifacts({ modelsDirs: [models], dataDir: undefined }, { log });
    const { signal } = new AbortController();
    const { graphs, proofs } = await prepareGraphs([builtInTask("digits-mlp")], { artifacts }, { signal });
    const { task, vectors, start } = proofs[0] as Proof;
    const { data, units } = vectorInputs(task, { ...vectors, steps: 1, units: 1 });
    const bits = async (one: OrtProvider): Promise<string> => {
      const graph = await one.open(graphs.get(toHex(task.trainDigest)) as Uint8Array);
      const { end } = await train({ task, graph, data: dataFeeds(data) }, start, units[0] as VectorUnit);
      await graph.close();
      return toHex(parametersDigest(task, end));
    };
    expect(await bits(provider)).toBe(await bits(await openProvider("cpu")));
  });
});
