// Opens a stopped node's store and replays it (protocol section 5).
import { join } from "node:path";
import { openLevelStore } from "../../adapters/level/index.ts";
import { PouwError, Scope } from "../../base/index.ts";
import type { Artifacts, Log, Runtime } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import type { NodeOptions } from "../config/index.ts";
import { installedArtifacts, loadNetwork, probeRuntime, tasksNamed } from "../parts/index.ts";
import { NO_PLUGINS, type Plugins } from "../plugins/index.ts";
import { type ReplayDeps, replayStore } from "./replay.ts";
import type { VerifyReport } from "./reports.ts";

export interface VerifyRun {
  /** Already loaded; those that the settings name are not looked at. */
  readonly plugins?: Plugins;
  readonly reexecute: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onProgress: (height: number, of: number) => void;
}

type VerifyOptions = Pick<NodeOptions, "network" | "tasks" | "dataDir" | "ephemeral" | "provider">;

/** Throws STORE_LOCKED while a node runs on the store, CAPABILITY_ABSENT when units cannot be run here. */
export async function verifyChain(options: VerifyOptions, run: VerifyRun): Promise<VerifyReport> {
  const scope = new Scope();
  try {
    const { modelsDirs } = run.plugins ?? NO_PLUGINS;
    const network = loadNetwork(options.network, modelsDirs);
    const tasks = tasksNamed(network.rules.tasks, options.tasks, "tasks");
    const store = await openLevelStore(join(options.dataDir, "chain"));
    scope.defer("store", () => store.close());
    const artifacts = installedArtifacts(options, { modelsDirs, log: run.log });
    const runtime = run.reexecute ? await openRuntime(tasks, options, { ...run, artifacts }) : undefined;
    if (runtime !== undefined) scope.defer("runtime", () => runtime.close());
    const deps: ReplayDeps = { store, artifacts, runtime };
    return await replayStore({ network, tasks }, deps, run);
  } finally {
    await scope.close();
  }
}

async function openRuntime(
  tasks: readonly Task[],
  { provider }: VerifyOptions,
  deps: { readonly artifacts: Artifacts; readonly log: Log; readonly signal: AbortSignal },
): Promise<Runtime> {
  const { runtime, capabilities } = await probeRuntime(tasks, { provider, workers: 1 }, deps, deps);
  if (runtime !== undefined) return runtime;
  const why = capabilities.find(({ name }) => name === "runtime");
  const remedy = why?.remedy ?? "replay without running units: --no-reexecute";
  throw new PouwError("CAPABILITY_ABSENT", `Units cannot be run here: ${why?.reason ?? "no runtime"}.`, { remedy });
}
