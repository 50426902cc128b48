// PyTorch in a long-lived child process: the same shapes, optimiser and batch in plain float32, one thread.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../src/base/index.ts";
import type { Architecture } from "../../src/ml/index.ts";
import type { Sample } from "./measure.ts";

const SCRIPT = fileURLToPath(new URL("./pytorch.py", import.meta.url));
/** A python of somebody's own may hide the system's, and torch may be in either. */
const PYTHONS = ["python3", "/usr/bin/python3"];
const ONE_THREAD = { OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };
const START_MS = 60_000;

export interface Torch {
  readonly version: string;
  prepare(model: Architecture, batch: number): Promise<void>;
  /** Trains `steps` steps from the start; time per step. */
  run(steps: number): Promise<Sample>;
  close(): void;
}

/** At start what it is, to a unit its times. */
interface Answer {
  readonly torch?: string;
  readonly blas?: string;
  readonly wallMs?: number;
  readonly cpuMs?: number;
}

/** The child's answers, one line each, in order. */
class Child {
  readonly #process: ChildProcess;
  readonly #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }[] = [];
  #words = "";
  #ended: Error | undefined;

  constructor(python: string) {
    this.#process = spawn(python, [SCRIPT], { env: { ...process.env, ...ONE_THREAD } });
    const { stdout, stderr } = this.#process;
    if (stdout !== null)
      createInterface({ input: stdout }).on("line", (line) => this.#waiting.shift()?.resolve(JSON.parse(line)));
    stderr?.on("data", (data) => {
      this.#words = `${this.#words}${data}`.slice(-2000);
    });
    this.#process.stdin?.on("error", () => undefined);
    this.#process.on("error", (error) => this.#end(error));
    this.#process.on("close", (code) =>
      this.#end(new Error(this.#words.trim().split("\n").at(-1) || `it ended with ${code}`)),
    );
  }

  answer(): Promise<Answer> {
    const ended = this.#ended;
    if (ended !== undefined) return Promise.reject(ended);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  ask(job: object): Promise<Answer> {
    this.#process.stdin?.write(`${JSON.stringify(job)}\n`);
    return this.answer();
  }

  close(): void {
    this.#process.kill();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

async function begin(python: string): Promise<Torch> {
  const child = new Child(python);
  const late = setTimeout(() => child.close(), START_MS);
  const about = await child.answer().finally(() => clearTimeout(late));
  return {
    version: `torch ${about.torch} with ${about.blas}`,
    async prepare({ name, optimizer, parameters }, batch) {
      const { kind, settings } = optimizer;
      await child.ask({ prepare: { model: name, batch, optimizer: { kind, ...settings[0] }, parameters } });
    },
    async run(steps) {
      const { wallMs = Number.NaN, cpuMs = Number.NaN } = await child.ask({ steps });
      return { wallMs: wallMs / steps, cpuMs: cpuMs / steps };
    },
    close: () => child.close(),
  };
}

/** The first python here that has torch, or why there is none. */
export async function openTorch(pythons = PYTHONS): Promise<Torch | { readonly absent: string }> {
  const reasons: string[] = [];
  for (const python of pythons) {
    try {
      return await begin(python);
    } catch (error) {
      reasons.push(`${python}: ${messageOf(error)}`);
    }
  }
  return { absent: reasons.join("; ") };
}
