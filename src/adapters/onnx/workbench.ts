// Tasks on one provider: sessions by graph digest, data by data digest, and the jobs done with them. Runs inside a worker.
import { messageOf, PouwError, toHex } from "../../base/index.ts";
import { sha256 } from "../../crypto/index.ts";
import { DELTA_CODECS, drawUnit, evaluationSamples, parametersDigest, type UnitDraws } from "../../ml/index.ts";
import type { Evaluation } from "../../ports/index.ts";
import { stretchesOf, type Task } from "../../work/index.ts";
import { type Call, dataFeeds, evaluate, train } from "./calls.ts";
import type { EvaluateJob, Job, JobResult, Proof, StretchJob, StretchResult, WorkerSetup } from "./messages.ts";
import type { Feeds, OrtProvider, OrtSession } from "./ort.ts";
import { proveVectors, timeSteps } from "./proof.ts";

export interface Workbench {
  /** The files that were opened: what the gate is about. */
  readonly opened: readonly Uint8Array[];
  /** Throws BAD_MODEL, BAD_DATA for a task whose graphs or data were not opened. */
  perform(job: Job): Promise<JobResult>;
  /** Runs a task's vectors; ms of a step. Throws CAPABILITY_ABSENT when a digest differs. */
  prove(proof: Proof): Promise<number>;
  close(): Promise<void>;
}

/** Opens the graphs of all tasks. `data` may be empty where only `prove` is called. */
export async function openWorkbench(
  provider: OrtProvider,
  { tasks, graphs, data }: Pick<WorkerSetup, "tasks" | "graphs" | "data">,
): Promise<Workbench> {
  const sessions = await openSessions(provider, tasks, graphs);
  const session = (task: Task, digest: Uint8Array): OrtSession => {
    const found = sessions.get(toHex(digest))?.session;
    if (found === undefined) throw new PouwError("BAD_MODEL", `the graphs of task ${task.name} were not opened`);
    return found;
  };
  const tensors = tensorsOf(data);
  const draws = drawsOf();
  return {
    opened: [...sessions.values()].map(({ bytes }) => bytes),
    async perform(job) {
      const { task } = job;
      if (job.kind === "time")
        return { stepMs: await timeSteps(job.proof, session(task, task.trainDigest), job.steps) };
      if (job.kind === "stretch")
        return runStretch({ task, graph: session(task, task.trainDigest), data: tensors(task) }, job, draws(job));
      return runEvaluation({ task, graph: session(task, task.evalDigest), data: tensors(task) }, job);
    },
    async prove(proof) {
      const { task } = proof;
      return proveVectors(proof, { train: session(task, task.trainDigest), eval: session(task, task.evalDigest) });
    },
    async close() {
      for (const { session: opened } of sessions.values()) await opened.close();
    },
  };
}

interface Opened {
  readonly bytes: Uint8Array;
  readonly session: OrtSession;
}

/** One session for each graph, whichever tasks it belongs to; an error names the first of them. */
async function openSessions(
  provider: OrtProvider,
  tasks: readonly Task[],
  graphs: WorkerSetup["graphs"],
): Promise<ReadonlyMap<string, Opened>> {
  const sessions = new Map<string, Opened>();
  for (const task of tasks)
    for (const key of [task.trainDigest, task.evalDigest].map(toHex)) {
      const bytes = graphs.get(key);
      if (bytes === undefined || sessions.has(key)) continue;
      try {
        sessions.set(key, { bytes, session: await provider.open(bytes) });
      } catch (error) {
        // At the first graph it may be the whole provider that is absent: the reason comes first, then what was tried.
        const why = `${messageOf(error)} (while opening the graphs of task ${task.name})`;
        throw new PouwError("CAPABILITY_ABSENT", why, { cause: error });
      }
    }
  return sessions;
}

/** The tensors that a task reads, each copied at its first use, by any task. */
function tensorsOf(data: WorkerSetup["data"]): (task: Task) => Feeds {
  const copied = new Map<string, Feeds>();
  return ({ name, data: { digest, inputs } }) => {
    const key = toHex(digest);
    const set = data.get(key);
    if (set === undefined) throw new PouwError("BAD_DATA", `the data set of task ${name} was not opened`);
    const known = copied.get(key) ?? {};
    const wanted = set.tensors.filter((tensor) => inputs.some((input) => input.name === tensor.name));
    const feeds = { ...known, ...dataFeeds(wanted.filter((tensor) => known[tensor.name] === undefined)) };
    copied.set(key, feeds);
    return Object.fromEntries(wanted.map((tensor) => [tensor.name, feeds[tensor.name] as Feeds[string]]));
  };
}

/** The draws of the unit at hand: its stretches follow each other, most often in one worker. */
function drawsOf(): (job: StretchJob) => UnitDraws {
  let last: { readonly unit: string; readonly draws: UnitDraws } | undefined;
  return ({ task, seed }) => {
    const unit = JSON.stringify([toHex(seed), task.steps, task.batch, task.data.splits.train, task.noise]);
    if (last?.unit !== unit) last = { unit, draws: drawUnit(seed, task) };
    return last.draws;
  };
}

async function runStretch(call: Call, job: StretchJob, draws: UnitDraws): Promise<StretchResult> {
  const { task } = call;
  const begin = performance.now();
  const bounds = stretchesOf(task.steps);
  const [first, end] = [bounds[job.stretch] as number, bounds[job.stretch + 1] as number];
  const rows = (values: Int32Array, count: number): Int32Array => values.slice(first * count, end * count);
  const steps = {
    setting: job.setting,
    batch: rows(draws.batch, task.batch),
    noise: draws.noise.map((values, i) => rows(values, task.noise[i]?.count as number)),
  };
  const trained = await train(call, job.from.slice(), steps);
  const digest = parametersDigest(task, trained.end);
  const change = end === task.steps ? changeOf(task, job.start.slice(), trained.end) : undefined;
  const times = { graphMs: trained.ms, totalMs: performance.now() - begin };
  return { end: trained.end, digest, loss: trained.loss, ...times, change };
}

function changeOf(task: Task, start: Float32Array, end: Float32Array): StretchResult["change"] {
  const delta = DELTA_CODECS[task.codec].encode(task, start, end);
  return { delta, deltaHash: sha256(delta) };
}

/** Whole batches only: samples at the end of the split that do not fill one are left out, the same ones everywhere. */
async function runEvaluation(call: Call, { parameters, split }: EvaluateJob): Promise<Evaluation> {
  const { data, evalBatch, predictionsPerSample } = call.task;
  const samples = evaluationSamples(data, split);
  const batches = Math.floor(samples.length / evalBatch);
  if (batches === 0)
    throw new PouwError("BAD_DATA", `the ${split} split has ${samples.length} samples, a batch has ${evalBatch}`);
  const weights = parameters.slice();
  let correct = 0;
  let loss = 0;
  for (let i = 0; i < batches; i++) {
    const scored = await evaluate(call, weights, samples.slice(i * evalBatch, (i + 1) * evalBatch));
    correct += scored.correct;
    loss += scored.loss;
  }
  return { samples: batches * evalBatch * predictionsPerSample, correct, loss: loss / batches };
}
