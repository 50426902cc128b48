// The Runtime port over onnxruntime in worker threads (exact-training "Where it runs").
import { messageOf, PouwError, toHex } from "../../base/index.ts";
import type { Artifacts, Log, ProviderReport, Runtime } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import { type Crowd, crowdOf, paceOf } from "./crowd.ts";
import { checkDataFits } from "./data-fit.ts";
import { type Launch, startHand } from "./hands.ts";
import { type Choice, climb, type Fit, type ProviderWish } from "./ladder.ts";
import type { Provider } from "./messages.ts";
import { type Hand, Pool } from "./pool.ts";
import { type Prepared, type PrepareOptions, prepare, prepareGraphs } from "./prepare.ts";
import { reasonFor, remedyFor } from "./remedies.ts";
import { oneJob, share, UnitWork } from "./work.ts";

export interface RuntimeOptions {
  /** Tasks to prepare; at least one. */
  readonly tasks: readonly Task[];
  readonly provider: ProviderWish;
  /** Units that can run at once, at least 1. */
  readonly workers: number;
}

interface RuntimeDeps {
  readonly artifacts: Artifacts;
  readonly log: Log;
  /** Makes a worker's thread; tests hand in one of their own. */
  readonly launch?: Launch;
}

/**
 * Fetches what the tasks name, picks a provider, starts the workers. Throws CAPABILITY_ABSENT with a remedy when no provider can
 * train here or a task comes without vectors, BAD_MODEL and BAD_DATA when something of a task is missing, damaged or does not fit.
 */
export async function openRuntime(
  { tasks, provider: wish, workers }: RuntimeOptions,
  { artifacts, log, launch }: RuntimeDeps,
  options: PrepareOptions,
): Promise<Runtime> {
  const prepared = await prepare(tasks, { artifacts }, options);
  const start = (on: Provider): Promise<Fit> => startHand({ ...prepared, provider: on }, launch);
  const { provider, hands: first, reports } = await choose(prepared, { wish, workers }, start);
  const { library, stepMs } = reports.find(({ state }) => state === "chosen") ?? {};
  for (const report of reports) log.debug(report, "An execution provider was looked at");
  log.info(
    { provider, library, stepMs, workers, tasks: tasks.map(({ name }) => name) },
    `Training runs on ${provider}`,
  );
  // Each worker passes the gate by itself, one that replaces another too: what one proved says nothing of the next.
  const spawn = async (): Promise<Hand> => (await start(provider)).hand;
  const hands: Hand[] = [...first];
  try {
    options.signal.throwIfAborted();
    // A GPU has as many as it runs at once, a processor as many as were asked for.
    while (!isGpu(provider) && hands.length < workers) {
      hands.push(await spawn());
      options.signal.throwIfAborted();
    }
  } catch (error) {
    await Promise.all(hands.map((started) => started.close()));
    throw error;
  }
  return runtimeOver(new Pool(hands, spawn, log), prepared, { provider, workers: hands.length, providers: reports });
}

/** What every provider answers, for `doctor` when no runtime is open; a runtime has the same in `providers`. Leaves nothing running. */
export async function probeProviders(
  { tasks, provider }: Pick<RuntimeOptions, "tasks" | "provider">,
  deps: { readonly artifacts: Artifacts },
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly ProviderReport[]> {
  const prepared = await prepareGraphs(tasks, deps, { signal });
  const start = (on: Provider): Promise<Fit> => startHand({ ...prepared, provider: on });
  const { hands, reports } = await choose(prepared, { wish: provider, workers: 1 }, start);
  await Promise.all(hands.map((hand) => hand.close()));
  return reports;
}

const isGpu = (provider: Provider): boolean => provider === "cuda" || provider === "webgpu";

function choose(
  { proofs }: Pick<Prepared, "proofs">,
  { wish, workers }: { readonly wish: ProviderWish; readonly workers: number },
  start: (provider: Provider) => Promise<Fit>,
): Promise<Choice> {
  // Matrix products in TF32 would round operands of more than 11 bits, which some have.
  const environment: { NVIDIA_TF32_OVERRIDE?: string } = process.env;
  environment.NVIDIA_TF32_OVERRIDE ??= "0";
  const gather = async (provider: Provider, hand: Hand): Promise<Crowd> => {
    if (isGpu(provider)) return crowdOf(hand, async () => (await start(provider)).hand, proofs);
    return { hands: [hand], stepsPerSecond: workers * (await paceOf([hand], proofs)) };
  };
  const attempt = async (provider: Provider): Promise<Fit> => {
    try {
      return await start(provider);
    } catch (error) {
      const remedy = error instanceof PouwError && error.remedy !== undefined ? error.remedy : remedyFor(provider);
      const code = error instanceof PouwError ? error.code : "CAPABILITY_ABSENT";
      const reason = reasonFor(provider, messageOf(error));
      throw new PouwError(code, reason, { cause: error, ...(remedy === undefined ? {} : { remedy }) });
    }
  };
  return climb(wish, attempt, gather);
}

function runtimeOver(
  pool: Pool,
  { graphs, data }: Prepared,
  about: Pick<Runtime, "provider" | "workers" | "providers">,
): Runtime {
  /** A task need not be one of those that the runtime was opened with, as long as it asks for nothing else. */
  const admit = (task: Task): void => {
    if (![task.trainDigest, task.evalDigest].every((digest) => graphs.has(toHex(digest))))
      throw new PouwError("BAD_MODEL", `the graphs of task ${task.name} were not opened`);
    const set = data.get(toHex(task.data.digest));
    if (set === undefined) throw new PouwError("BAD_DATA", `the data set of task ${task.name} was not opened`);
    checkDataFits(task, set);
  };
  return {
    ...about,
    async run({ priority, ...request }, { signal, onProgress }) {
      admit(request.task);
      return pool.run(new UnitWork(request, onProgress), priority, { signal });
    },
    async evaluate({ task, parameters, split }, { signal }) {
      admit(task);
      const job = { kind: "evaluate", task, parameters: share(parameters), split } as const;
      return pool.run(oneJob(job), "check", { signal });
    },
    close: () => pool.close(),
  };
}
