// The built command as a real process: its output line by line, its end, and waits with a limit.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const MAIN: string = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

/** Throws when nobody has built; e2e tests run what users run. */
export function needBuild(): void {
  if (!existsSync(MAIN)) throw new Error("dist/ is missing: run `npm run build` before the e2e tests");
}

export interface CliSurroundings {
  readonly env?: NodeJS.ProcessEnv;
  /** A command that starts it in its turn, such as one that sets limits. */
  readonly under?: readonly string[];
  /** Another module than the command, such as an example. */
  readonly program?: string;
}

export class CliProcess {
  readonly #child: ChildProcess;
  readonly #waiters = new Set<() => void>();
  /** Whether it was sent a signal from here. */
  signalled = false;
  readonly exit: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  out = "";
  err = "";
  ended = false;

  constructor(args: readonly string[], options: CliSurroundings & { readonly cwd: string }) {
    const [program = "", ...before] = [...(options.under ?? []), process.execPath];
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("POUW_")));
    this.#child = spawn(program, [...before, options.program ?? MAIN, ...args], {
      cwd: options.cwd,
      env: { ...env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (data: Buffer) => {
      this.out += data.toString();
      this.#wake();
    });
    this.#child.stderr?.on("data", (data: Buffer) => {
      this.err += data.toString();
      this.#wake();
    });
    this.exit = new Promise((resolve) => {
      this.#child.once("close", (code, signal) => {
        this.ended = true;
        this.#wake();
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Closes the reading ends of its output, as a pager does that is quit. */
  deafen(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.signalled = true;
    this.#child.kill(name);
  }

  /** Resolves with what `look` finds in the output so far; throws, with the output, at the limit or the process's end. */
  async until<T>(look: () => T | undefined, what: string, limitMs = 60_000): Promise<T> {
    const limit = AbortSignal.timeout(limitMs);
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.ended || limit.aborted)
        throw new Error(
          `${what} did not come (${this.ended ? "the process ended" : "too late"})\n${this.out}\n${this.err}`,
        );
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          limit.removeEventListener("abort", wake);
          this.#waiters.delete(wake);
          resolve();
        };
        this.#waiters.add(wake);
        limit.addEventListener("abort", wake);
      });
    }
  }

  /** The JSON objects on stdout, one per whole line. */
  lines<T>(): T[] {
    const whole = this.out.slice(0, this.out.lastIndexOf("\n") + 1);
    return whole
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as T);
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) wake();
  }
}

/** Runs a command to its end. */
export async function cli(
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = new CliProcess(args, options);
  const { code } = await child.exit;
  return { code, out: child.out, err: child.err };
}
