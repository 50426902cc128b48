// Fetches what tasks name by digest, each thing once, and refuses what is missing or does not fit, before a worker is started.
import { fromHex, PouwError, toHex } from "../../base/index.ts";
import type { DataSet } from "../../ml/index.ts";
import type { Artifacts } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import { checkDataFits } from "./data-fit.ts";
import type { Proof, WorkerSetup } from "./messages.ts";

/** Everything of a worker's setup but its provider. */
export type Prepared = Omit<WorkerSetup, "provider">;

export interface PrepareOptions {
  readonly signal: AbortSignal;
  /** Share of the data that is converted, 0 to 1; not called when none has to be. */
  readonly onProgress?: (share: number) => void;
}

/** Graphs, vectors and what they start from. Throws BAD_MODEL for a graph that is missing or altered, CAPABILITY_ABSENT for missing vectors. */
export async function prepareGraphs(
  tasks: readonly Task[],
  { artifacts }: { readonly artifacts: Artifacts },
  options: PrepareOptions,
): Promise<Prepared> {
  if (tasks.length === 0) throw new PouwError("INTERNAL", "a runtime needs at least one task");
  const { signal } = options;
  const graphs = new Map<string, Uint8Array>();
  const int8 = new Map<string, Uint8Array>();
  for (const task of tasks)
    for (const digest of [task.trainDigest, task.evalDigest]) {
      const key = toHex(digest);
      if (graphs.has(key)) continue;
      const bytes = await artifacts.get("graph", digest, { signal });
      if (bytes === undefined) throw missing("BAD_MODEL", task, `the graph ${key}`);
      graphs.set(key, bytes);
      const lowered = await artifacts.get("int8", digest, { signal });
      if (lowered !== undefined) int8.set(key, lowered);
    }
  const proofs = new Map<string, Proof>();
  const starts = new Map<string, Float32Array>();
  for (const task of tasks) {
    const key = graphFacts(task);
    if (proofs.has(key)) continue;
    const vectors = await artifacts.get("vectors", task.trainDigest, { signal });
    if (vectors === undefined) throw missing("CAPABILITY_ABSENT", task, "conformance vectors of its graphs");
    const { initial } = vectors;
    const start =
      starts.get(initial) ?? (await artifacts.get("parameters", fromHex(initial) as Uint8Array, { signal }));
    if (start === undefined) throw missing("BAD_MODEL", task, `the parameters ${initial}, where its vectors start`);
    starts.set(initial, start);
    proofs.set(key, { task, vectors, start });
  }
  return { tasks, graphs, int8, data: new Map(), proofs: [...proofs.values()] };
}

/** As `prepareGraphs`, with the data; also throws BAD_DATA for data that is missing, damaged, or does not hold what a task reads. */
export async function prepare(
  tasks: readonly Task[],
  deps: { readonly artifacts: Artifacts },
  options: PrepareOptions,
): Promise<Prepared> {
  const prepared = await prepareGraphs(tasks, deps, options);
  const { signal, onProgress = () => undefined } = options;
  const parts = new Set(tasks.map((task) => toHex(task.data.digest))).size;
  const data = new Map<string, DataSet>();
  let told = 0;
  const tell = (share: number): void => {
    told = share;
    onProgress(share);
  };
  for (const task of tasks) {
    const { digest } = task.data;
    const key = toHex(digest);
    const done = data.size;
    const more = { signal, onProgress: (share: number) => tell((done + share) / parts) };
    const set = data.get(key) ?? (await deps.artifacts.get("data", digest, more));
    if (set === undefined) throw missing("BAD_DATA", task, `the data set ${task.data.name}, ${key}`);
    data.set(key, set);
    checkDataFits(task, set);
  }
  if (told > 0 && told < 1) onProgress(1);
  return { ...prepared, data };
}

/** What a task says that its graphs depend on: tasks that agree on all of it share one proof. */
function graphFacts({ trainDigest, evalDigest, batch, evalBatch, parameters, data }: Task): string {
  const { inputs, window } = data;
  return JSON.stringify([toHex(trainDigest), toHex(evalDigest), batch, evalBatch, parameters, inputs, window]);
}

function missing(code: "BAD_MODEL" | "BAD_DATA" | "CAPABILITY_ABSENT", { name, model }: Task, what: string): PouwError {
  return new PouwError(code, `task ${name} needs ${what}: not to be had here`, {
    remedy: `Install the version of pouw-node that has the model ${model} and its data.`,
  });
}
