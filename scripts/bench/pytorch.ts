// PyTorch in a long-lived child process: the same shapes, optimiser and batch in plain float32, one thread, as its users run it.
import { fileURLToPath } from "node:url";
import { messageOf } from "../../src/base/index.ts";
import type { Architecture } from "../../src/ml/index.ts";
import { LineChild } from "./line-child.ts";
import { type Runner, runnerOf, type StepsAnswer } from "./runner.ts";

const SCRIPT = fileURLToPath(new URL("./pytorch.py", import.meta.url));
/** A python of somebody's own may hide the system's, and torch may be in either. */
const PYTHONS = ["python3", "/usr/bin/python3"];
const START_MS = 60_000;

/** Variables by which a shell may hold PyTorch or its matrix library back, or send it to another processor's kernels. */
const HELD_BACK = /^(OPENBLAS|GOTO|MKL|BLIS|NVPL|ATEN|DNNL|ONEDNN|MKLDNN|OMP|KMP|GOMP|TORCH|PYTORCH)_/;
const ONE_THREAD = { OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

/** The environment without what holds PyTorch back, and one thread. */
export const freeEnvironment = (given: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(given).filter(([name]) => !HELD_BACK.test(name))),
  ...ONE_THREAD,
});

/** At start what it is, then what it is asked for. */
interface Answer extends StepsAnswer {
  readonly about: string;
  /** Why its times would be unfair to it; null when they are not. */
  readonly unfair: string | null;
  readonly idleMb: number;
}

export interface TorchJob {
  readonly model: Architecture;
  readonly batch: number;
  /** Of attention, where the model has some. */
  readonly heads: number;
}

async function begin(python: string, { model, batch, heads }: TorchJob): Promise<Runner> {
  const child = new LineChild<Answer>({ command: python, args: [SCRIPT], env: freeEnvironment(process.env) });
  try {
    const late = setTimeout(() => child.close(), START_MS);
    const { about, unfair, idleMb } = await child.answer().finally(() => clearTimeout(late));
    if (unfair !== null) throw new Error(unfair);
    const { optimizer, parameters } = model;
    const first = { kind: optimizer.kind, ...optimizer.settings[0] };
    await child.ask({ prepare: { batch, heads, optimizer: first, parameters } });
    return runnerOf(about, idleMb, child);
  } catch (error) {
    child.close();
    throw error;
  }
}

/** The first python here that has torch, with the model prepared, or why there is none. */
export async function openTorch(job: TorchJob, pythons = PYTHONS): Promise<Runner | { readonly absent: string }> {
  const reasons: string[] = [];
  for (const python of pythons) {
    try {
      return await begin(python, job);
    } catch (error) {
      reasons.push(`${python}: ${messageOf(error)}`);
    }
  }
  return { absent: reasons.join("; ") };
}
