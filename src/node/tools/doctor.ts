// `doctor` and `bench`: what this machine can do for the network, why not more, what to do about it, and how fast.
import { availableParallelism, totalmem } from "node:os";
import { silentLog } from "../../adapters/telemetry/index.ts";
import { PouwError } from "../../base/index.ts";
import type { ProviderReport } from "../../ports/index.ts";
import { ROLES } from "../../roles/index.ts";
import type { NodeOptions } from "../config/table.ts";
import { absent, probeRuntime, ready, workersFor } from "../parts/capabilities.ts";
import { loadNetwork, type Network } from "../parts/network.ts";
import { VERSION } from "../paths.ts";
import type { CapabilityReport, RoleName } from "../views/status.ts";
import { benchTraining, selfTest } from "./bench.ts";
import { probeAccount, probeApi, probeListen, probeStore } from "./doctor-probes.ts";
import type { BenchReport, DoctorReport } from "./reports.ts";

interface Training {
  readonly capabilities: readonly CapabilityReport[];
  readonly providers: readonly ProviderReport[];
  readonly selfTest: DoctorReport["selfTest"];
}

/** Opens the training path once: provider ladder, conformance gate and self-test in one go. */
async function probeTraining(network: Network, options: NodeOptions, signal: AbortSignal): Promise<Training> {
  const deps = { log: silentLog(), workers: 1 };
  const { runtime, capabilities } = await probeRuntime(network.manifest, options, deps, { signal });
  if (runtime === undefined)
    return { capabilities, providers: [], selfTest: { ok: false, sentence: "there is nothing to train with" } };
  try {
    const result = await selfTest(runtime, network.manifest, { signal });
    const broken = capabilities.map((it) =>
      it.name === "runtime" ? absent("runtime", result.sentence, undefined) : it,
    );
    return { capabilities: result.ok ? capabilities : broken, providers: runtime.providers, selfTest: result };
  } finally {
    await runtime.close();
  }
}

/** Why an asked-for role cannot run with these capabilities; undefined when it can. */
export function roleProblem(role: RoleName, capabilities: readonly CapabilityReport[]): string | undefined {
  const module = Object.values(ROLES).find((it) => it.name === role);
  if (module === undefined) return "is not part of this version";
  for (const need of module.needs) {
    const found = capabilities.find((it) => it.name === need);
    if (found?.state !== "ready") return `needs ${need}: ${found?.reason ?? "it was not found"}`;
  }
  return undefined;
}

/** Looks at everything once. Throws BAD_GENESIS or BAD_MODEL when the network itself cannot be made. */
export async function diagnose(
  options: NodeOptions,
  { signal }: { readonly signal: AbortSignal },
): Promise<DoctorReport> {
  const network = loadNetwork(options.network);
  const [store, listen, api] = await Promise.all([probeStore(options), probeListen(options), probeApi(options)]);
  const training = await probeTraining(network, options, signal);
  const mdns = options.mdns
    ? ready("mdns", "as asked for")
    : absent("mdns", "not asked for", "Add --mdns to find peers on the local network.");
  const capabilities = [store, probeAccount(options), ...training.capabilities, listen, api, mdns];
  const impossible = options.roles.flatMap((role) => {
    const reason = roleProblem(role, capabilities);
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

/** Opens the runtime as a miner would and trains for `seconds`. Throws CAPABILITY_ABSENT when nothing can train here. */
export async function bench(
  options: NodeOptions,
  run: { readonly seconds: number; readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
): Promise<BenchReport> {
  const { manifest, task } = loadNetwork(options.network);
  const workers = workersFor({ ...options, roles: ["miner"] }, availableParallelism());
  const deps = { log: silentLog(), workers };
  const { runtime, capabilities } = await probeRuntime(manifest, options, deps, run);
  if (runtime === undefined) throw nothingToTrainWith(capabilities);
  try {
    return await benchTraining({ runtime, manifest, steps: task.steps, ...run });
  } finally {
    await runtime.close();
  }
}

function nothingToTrainWith(capabilities: readonly CapabilityReport[]): PouwError {
  const found = capabilities.find((it) => it.name === "runtime");
  return new PouwError("CAPABILITY_ABSENT", `Nothing can train here: ${found?.reason ?? "no runtime was found"}`, {
    ...(found?.remedy === undefined ? {} : { remedy: found.remedy }),
  });
}
