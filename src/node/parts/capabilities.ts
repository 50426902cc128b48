// Every optional part is looked for once, here: afterwards code holds a value or knows why there is none.
import { createRequire } from "node:module";
import { createArtifacts } from "../../adapters/artifacts/index.ts";
import { openRuntime } from "../../adapters/onnx/index.ts";
import { messageOf, PouwError } from "../../base/index.ts";
import type { Artifacts, Log, ProviderReport, Runtime } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import type { NodeOptions } from "../config/index.ts";
import { MODELS_DIR } from "../paths.ts";
import { absent, type CapabilityReport, off, ready } from "../views/index.ts";

/** Packages that npm may leave out, and what brings them back. */
const NATIVE = "onnxruntime-node";
const NATIVE_REMEDY = "Install it: `npm install --ignore-scripts onnxruntime-node`.";

/** The number of workers that settings and roles ask for: one for checks alone, as many as asked for mining. */
export function workersFor(options: Pick<NodeOptions, "workers" | "roles">, cores: number): number {
  if (!options.roles.includes("miner")) return 1;
  return options.workers === "auto" ? Math.max(1, cores - 1) : options.workers;
}

export interface Found {
  readonly runtime: Runtime | undefined;
  readonly capabilities: readonly CapabilityReport[];
}

/** What this installation has, by digest, with the model folders of plugins; data sets are kept in the node's directory. */
export function installedArtifacts(
  { dataDir, ephemeral }: Pick<NodeOptions, "dataDir" | "ephemeral">,
  deps: { readonly log: Log; readonly modelsDirs?: readonly string[] },
): Artifacts {
  const modelsDirs = [MODELS_DIR, ...(deps.modelsDirs ?? [])];
  return createArtifacts({ modelsDirs, dataDir: ephemeral ? undefined : dataDir }, deps);
}

export interface ProbeDeps {
  readonly artifacts: Artifacts;
  readonly log: Log;
  /** Told of the one long piece of a first start, converting data sets, 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

/** Opens the training runtime for `tasks`; an absent one is a reason, not a failure. */
export async function probeRuntime(
  tasks: readonly Task[],
  { provider, workers }: Pick<NodeOptions, "provider"> & { readonly workers: number },
  { artifacts, log, onProgress }: ProbeDeps,
  { signal }: { readonly signal: AbortSignal },
): Promise<Found> {
  if (provider === "none") {
    const remedy = "Leave out --provider none to train here.";
    return { runtime: undefined, capabilities: [off("runtime", "switched off with --provider none", remedy)] };
  }
  try {
    const runtime = await openRuntime(
      { tasks, provider, workers },
      { artifacts, log: log.child("runtime") },
      { signal, ...(onProgress === undefined ? {} : { onProgress }) },
    );
    const reports = runtimeReports(runtime.providers, provider);
    const unmet = reports.find(({ name, state }) => name === provider && state === "absent");
    if (unmet !== undefined) log.warn({ reason: unmet.reason, remedy: unmet.remedy }, unmetWish(provider, runtime));
    return { runtime, capabilities: [...reports, nativeReport()] };
  } catch (error) {
    if (!(error instanceof PouwError) || error.code === "BAD_CONFIG") throw error;
    const report = absent("runtime", messageOf(error), error.remedy);
    return { runtime: undefined, capabilities: [report, nativeReport()] };
  }
}

const unmetWish = (wish: string, runtime: Runtime): string =>
  `${wish} was asked for and cannot be used here: training runs on ${runtime.provider}`;

/** One line for the runtime as a whole, one for each provider of a GPU and for one that was asked for. */
export function runtimeReports(
  providers: readonly ProviderReport[],
  wish: NodeOptions["provider"] = "auto",
): CapabilityReport[] {
  const chosen = providers.find(({ state }) => state === "chosen");
  const whole: CapabilityReport =
    chosen === undefined
      ? absent(
          "runtime",
          "no execution provider can train here",
          providers.find(({ remedy }) => remedy !== undefined)?.remedy,
        )
      : ready("runtime", `training runs on ${chosen.provider}, ${chosen.library}`);
  const shown = providers.filter(({ provider }) => ["cuda", "webgpu", wish].includes(provider));
  return [
    whole,
    ...shown.map(({ provider, state, reason, remedy }) => {
      if (state === "chosen") return ready(provider, reason);
      return provider === wish ? absent(provider, reason, remedy) : off(provider, reason, remedy);
    }),
  ];
}

/** Whether the native package is installed; without it the same bits come from WASM, slower. */
export function nativeReport(): CapabilityReport {
  try {
    const { version } = createRequire(import.meta.url)(`${NATIVE}/package.json`) as { version: string };
    return ready(NATIVE, `version ${version}`);
  } catch {
    return absent(
      NATIVE,
      "the native package is not installed: WASM gives the same bits, two to four times slower",
      NATIVE_REMEDY,
    );
  }
}
