// `doctor` and `bench`: what this machine can do for the network, why not more, what to do about it, and how fast.
import { availableParallelism, totalmem } from "node:os";
import { silentLog } from "../../adapters/telemetry/index.ts";
import { PouwError } from "../../base/index.ts";
import type { Artifacts, ProviderReport, Runtime } from "../../ports/index.ts";
import { type AnyRole, ROLES } from "../../roles/index.ts";
import type { Task } from "../../work/index.ts";
import type { NodeOptions } from "../config/index.ts";
import { installedArtifacts, loadNetwork, probeRuntime, workersFor } from "../parts/index.ts";
import { VERSION } from "../paths.ts";
import { NO_PLUGINS, type Plugins } from "../plugins/index.ts";
import { absent, type CapabilityReport, off, ready } from "../views/index.ts";
import { benchTraining, firstParameters, selfTest } from "./bench.ts";
import { probeAccount, probeApi, probeListen, probeStore } from "./doctor-probes.ts";
import type { BenchReport, DoctorReport } from "./reports.ts";

/** What training needs of a node's settings. */
type TrainingOptions = Pick<NodeOptions, "network" | "provider" | "dataDir" | "ephemeral">;
type DoctorOptions = TrainingOptions &
  Pick<NodeOptions, "roles" | "listen" | "apiHost" | "apiPort" | "mdns" | "accountSecret">;

/** How a tool runs. */
export interface ToolRun {
  readonly signal: AbortSignal;
  /** Already loaded; those that the settings name are not looked at. */
  readonly plugins?: Plugins;
}

interface Training {
  readonly capabilities: readonly CapabilityReport[];
  readonly providers: readonly ProviderReport[];
  readonly selfTest: DoctorReport["selfTest"];
}

/** Opens the training path once: provider ladder, conformance gate and self-test in one go. */
async function probeTraining(
  tasks: readonly Task[],
  options: TrainingOptions,
  { signal, plugins = NO_PLUGINS }: ToolRun,
): Promise<Training> {
  const log = silentLog();
  const artifacts = installedArtifacts(options, { ...plugins, log });
  const how = { provider: options.provider, workers: 1 };
  const { runtime, capabilities } = await probeRuntime(tasks, how, { artifacts, log }, { signal });
  if (runtime === undefined)
    return { capabilities, providers: [], selfTest: { ok: false, sentence: "there is nothing to train with" } };
  try {
    const result = await selfTests(runtime, tasks, artifacts, signal);
    const broken = capabilities.map((it) =>
      it.name === "runtime" ? absent("runtime", result.sentence, undefined) : it,
    );
    return { capabilities: result.ok ? capabilities : broken, providers: runtime.providers, selfTest: result };
  } finally {
    await runtime.close();
  }
}

/** Every task's; the first that fails is the answer. */
async function selfTests(
  runtime: Runtime,
  tasks: readonly Task[],
  artifacts: Artifacts,
  signal: AbortSignal,
): Promise<DoctorReport["selfTest"]> {
  const sentences: string[] = [];
  for (const task of tasks) {
    const start = await firstParameters(artifacts, task, { signal });
    const result = await selfTest(runtime, { task, start }, { signal });
    if (!result.ok) return result;
    sentences.push(result.sentence);
  }
  return { ok: true, sentence: sentences.join("; ") };
}

/** Why an asked-for role cannot run with these capabilities; undefined when it can. */
export function roleProblem(
  role: string,
  capabilities: readonly CapabilityReport[],
  more: readonly AnyRole[] = [],
): string | undefined {
  const module = [...Object.values(ROLES), ...more].find((it) => it.name === role);
  if (module === undefined) return "is not part of this version";
  for (const need of module.needs) {
    const found = capabilities.find((it) => it.name === need);
    if (found?.state !== "ready") return `needs ${need}: ${found?.reason ?? "it was not found"}`;
  }
  return undefined;
}

/** Looks at everything once. Throws BAD_GENESIS or BAD_MODEL when the network itself cannot be made. */
export async function diagnose(options: DoctorOptions, run: ToolRun): Promise<DoctorReport> {
  const { roles, modelsDirs } = run.plugins ?? NO_PLUGINS;
  const { tasks } = loadNetwork(options.network, modelsDirs).rules;
  const [store, listen, api] = await Promise.all([probeStore(options), probeListen(options), probeApi(options)]);
  const training = await probeTraining(tasks, options, run);
  const mdns = options.mdns
    ? ready("mdns", "as asked for")
    : off("mdns", "nobody asked for it", "To find peers on the local network, start with --mdns.");
  const privacy = ready(
    "privacy",
    "nothing leaves this machine but the node's protocol; onnxruntime's telemetry is off",
  );
  const capabilities = [store, probeAccount(options), ...training.capabilities, listen, api, mdns, privacy];
  const impossible = options.roles.flatMap((role) => {
    const reason = roleProblem(role, capabilities, roles);
    return reason === undefined ? [] : [{ role, reason }];
  });
  return {
    version: VERSION,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    capabilities,
    providers: training.providers,
    selfTest: training.selfTest,
    impossible,
  };
}

export interface BenchWish extends ToolRun {
  /** Name of a task of the network; the first one when absent. */
  readonly task?: string;
  readonly seconds: number;
  /** Share done, 0 to 1. */
  readonly onProgress: (done: number) => void;
}

/**
 * Opens the runtime as a miner would and trains one task for `seconds`. Throws CAPABILITY_ABSENT when nothing can train here,
 * NOT_FOUND when the network has no such task.
 */
export async function bench(
  options: TrainingOptions & Pick<NodeOptions, "workers">,
  { task: name, plugins = NO_PLUGINS, ...run }: BenchWish,
): Promise<BenchReport> {
  const { tasks } = loadNetwork(options.network, plugins.modelsDirs).rules;
  const task = name === undefined ? tasks[0] : tasks.find((one) => one.name === name);
  if (task === undefined) throw noSuchTask(name, tasks);
  const log = silentLog();
  const artifacts = installedArtifacts(options, { ...plugins, log });
  const workers = workersFor({ workers: options.workers, roles: ["miner"] }, availableParallelism());
  const how = { provider: options.provider, workers };
  const { runtime, capabilities } = await probeRuntime([task], how, { artifacts, log }, run);
  if (runtime === undefined) throw nothingToTrainWith(capabilities);
  try {
    return await benchTraining({ runtime, task, start: await firstParameters(artifacts, task, run), ...run });
  } finally {
    await runtime.close();
  }
}

function noSuchTask(name: string | undefined, tasks: readonly Task[]): PouwError {
  const names = tasks.map((one) => one.name).join(", ");
  return new PouwError("NOT_FOUND", `The network has no task ${name ?? ""}.`, {
    remedy: `Name one of its tasks: ${names}.`,
  });
}

function nothingToTrainWith(capabilities: readonly CapabilityReport[]): PouwError {
  const found = capabilities.find((it) => it.name === "runtime");
  return new PouwError("CAPABILITY_ABSENT", `Nothing can train here: ${found?.reason ?? "no runtime was found"}`, {
    ...(found?.remedy === undefined ? {} : { remedy: found.remedy }),
  });
}
