// A long-lived child process that is asked in lines of JSON and answers in lines of JSON, in order.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What a child is started as; `env` is its whole environment. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export class LineChild<Answer> {
  readonly #process: ChildProcess;
  readonly #waiting: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }[] = [];
  #words = "";
  #ended: Error | undefined;

  constructor({ command, args, env }: Command) {
    this.#process = spawn(command, args, { env });
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

  /** The next line. Rejects with the last line of its stderr when it has ended. */
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
