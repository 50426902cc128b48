// The probe of the runtime: ready for the tasks of a network, or absent with the reason and what to do.
import { describe, expect, it } from "vitest";
import { silentLog } from "../../src/adapters/telemetry/index.ts";
import { installedArtifacts, probeRuntime } from "../../src/node/parts/capabilities.ts";
import type { Artifacts } from "../../src/ports/index.ts";
import { builtInTask } from "../support/tasks.ts";

const log = silentLog();
const { signal } = new AbortController();
const installed = installedArtifacts({ dataDir: "not used", ephemeral: true }, { log });
const tasks = [builtInTask("digits-mlp"), builtInTask("digits-cnn")];
const probe = (artifacts: Artifacts) =>
  probeRuntime(tasks, { provider: "cpu", workers: 1 }, { artifacts, log }, { signal });

describe("probeRuntime", () => {
  it("opens nothing where nobody wants it", async () => {
    const found = await probeRuntime(
      tasks,
      { provider: "none", workers: 1 },
      { artifacts: installed, log },
      { signal },
    );
    expect(found.runtime).toBeUndefined();
    expect(found.capabilities).toEqual([
      expect.objectContaining({ name: "runtime", state: "off", remedy: expect.stringContaining("--provider none") }),
    ]);
  });

  it("says so where what was asked for cannot be had, and trains on what there is", async () => {
    const told: string[] = [];
    const loud = { ...log, warn: (_data: object, sentence: string) => void told.push(sentence), child: () => log };
    const { runtime, capabilities } = await probeRuntime(
      tasks,
      { provider: "cuda", workers: 1 },
      { artifacts: installed, log: loud },
      { signal },
    );
    const cuda = capabilities.find(({ name }) => name === "cuda");
    // A machine with CUDA has nothing to say.
    const words =
      cuda?.state === "ready"
        ? []
        : [`cuda was asked for and cannot be used here: training runs on ${runtime?.provider}`];
    expect(told).toEqual(words);
    if (cuda?.state !== "ready") expect(cuda).toMatchObject({ state: "absent", remedy: expect.any(String) });
    await runtime?.close();
  });

  it("opens one runtime for all tasks", async () => {
    const { runtime, capabilities } = await probe(installed);
    expect(capabilities[0]).toMatchObject({ name: "runtime", state: "ready", remedy: undefined });
    for (const task of tasks) {
      const start = (await installed.get("parameters", task.initialDigest, { signal })) as Float32Array;
      const seed = new Uint8Array(32);
      const request = { task: { ...task, steps: 2 }, start, setting: 0, seed, priority: "train" } as const;
      expect((await runtime?.run(request, { signal }))?.end).toHaveLength(task.parameterCount);
    }
    await runtime?.close();
  });

  it.each(["graph", "data", "vectors"] as const)("is absent without a task's %s, and says what to do", async (kind) => {
    const { runtime, capabilities } = await probe({
      get: async (asked, digest, options) => (asked === kind ? undefined : installed.get(asked, digest, options)),
    });
    expect(runtime).toBeUndefined();
    expect(capabilities[0]).toMatchObject({
      name: "runtime",
      state: "absent",
      reason: expect.stringContaining("task digits-mlp needs"),
      remedy: expect.stringContaining("Install the version"),
    });
  });
});
