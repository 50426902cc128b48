// The Runtime port over onnxruntime in worker threads (exact-training "Where it runs").
import { messageOf, PouwError } from "../../base/index.ts";
import type { DataSet } from "../../ml/index.ts";
import type { Evaluation, Log, ProviderReport, Runtime, UnitResult } from "../../ports/index.ts";
import { startHand } from "./hands.ts";
import { type Choice, climb, type Fit, type ProviderWish } from "./ladder.ts";
import type { Provider, WorkerSetup } from "./messages.ts";
import { readModel } from "./model-files.ts";
import { type Hand, Pool } from "./pool.ts";
import { remedyFor } from "./remedies.ts";

export interface RuntimeOptions {
  /** Directory that holds one folder per model. */
  readonly modelsDir: string;
  /** Models to prepare; at least one. */
  readonly models: readonly string[];
  /** Data sets of those models; tensors in shared memory are handed to the workers without a copy. */
  readonly data: readonly DataSet[];
  readonly provider: ProviderWish;
  /** Units that can run at once, at least 1. */
  readonly workers: number;
}

/** Options with the models' files read. */
type Prepared = Pick<WorkerSetup, "models" | "data"> & Pick<RuntimeOptions, "provider">;

/**
 * Picks a provider, starts the workers. Throws CAPABILITY_ABSENT with a remedy when no provider can train here,
 * BAD_MODEL when a model's files are not usable, BAD_DATA when a model's data set is not among `data`.
 */
export async function openRuntime(options: RuntimeOptions, { log }: { readonly log: Log }): Promise<Runtime> {
  const prepared = await prepare(options);
  for (const { manifest } of prepared.models)
    if (!options.data.some((set) => set.name === manifest.data.name))
      throw new PouwError(
        "BAD_DATA",
        `${manifest.name} needs the data set ${manifest.data.name}, which was not opened`,
      );
  const { provider, unitMs, hand, reports } = await choose(prepared);
  for (const report of reports) log.debug(report, "An execution provider was looked at");
  log.info({ provider, unitMs, workers: options.workers }, `Training runs on ${provider}`);
  const spawn = async (): Promise<Hand> => (await startHand(setup(prepared, provider, false))).hand;
  const hands: Hand[] = [hand];
  try {
    while (hands.length < options.workers) hands.push(await spawn());
  } catch (error) {
    await Promise.all(hands.map((started) => started.close()));
    throw error;
  }
  return runtimeOver(new Pool(hands, spawn, log), provider, hands.length, reports);
}

/** What every provider answers, for `doctor` when no runtime is open; a runtime has the same in `providers`. Leaves nothing running. */
export async function probeProviders(
  options: Pick<RuntimeOptions, "modelsDir" | "models" | "provider">,
): Promise<readonly ProviderReport[]> {
  const { hand, reports } = await choose(await prepare({ ...options, data: [] }));
  await hand.close();
  return reports;
}

async function prepare({ modelsDir, models, data, provider }: Omit<RuntimeOptions, "workers">): Promise<Prepared> {
  if (models.length === 0) throw new PouwError("INTERNAL", "a runtime needs at least one model");
  const files = await Promise.all(models.map((name) => readModel(modelsDir, name)));
  return { models: files, data, provider };
}

function choose(prepared: Prepared): Promise<Choice> {
  // Matrix products in TF32 would round operands of more than 11 bits; ours have at most 9, so this only makes sure.
  const environment: { NVIDIA_TF32_OVERRIDE?: string } = process.env;
  environment.NVIDIA_TF32_OVERRIDE ??= "0";
  return climb(prepared.provider, async (provider): Promise<Fit> => {
    try {
      const { hand, unitMs } = await startHand(setup(prepared, provider, true));
      return { hand, unitMs: unitMs ?? Number.POSITIVE_INFINITY };
    } catch (error) {
      const remedy = error instanceof PouwError && error.remedy !== undefined ? error.remedy : remedyFor(provider);
      const code = error instanceof PouwError ? error.code : "CAPABILITY_ABSENT";
      throw new PouwError(code, messageOf(error), { cause: error, ...(remedy === undefined ? {} : { remedy }) });
    }
  });
}

function setup({ models, data }: Prepared, provider: Provider, gate: boolean): WorkerSetup {
  return { provider, models, data, gate };
}

/** A copy in shared memory: what a structured clone of a large array costs on both threads is many times that of this one. */
function share(values: Float32Array): Float32Array {
  const shared = new Float32Array(new SharedArrayBuffer(values.byteLength));
  shared.set(values);
  return shared;
}

function runtimeOver(pool: Pool, provider: Provider, workers: number, providers: readonly ProviderReport[]): Runtime {
  return {
    provider,
    workers,
    providers,
    async run({ model, start, seed, steps, priority, delta }, { signal }) {
      const task = { kind: "unit", model, start: share(start), seed, steps, delta } as const;
      return (await pool.run(task, priority, { signal })) as UnitResult;
    },
    async evaluate(model, parameters, split, { signal }) {
      return (await pool.run({ kind: "evaluate", model, parameters: share(parameters), split }, "check", {
        signal,
      })) as Evaluation;
    },
    close: () => pool.close(),
  };
}
