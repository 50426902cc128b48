// Ownership of lifetimes: what is opened in a scope is closed by it, in reverse order, once.
import { setMaxListeners } from "node:events";

/** Things to close. `close` never skips one: failures are collected and thrown together. */
export class Scope {
  readonly #abort = new AbortController();
  readonly #stops: { name: string; stop: () => unknown }[] = [];
  #closing: Promise<void> | undefined;

  constructor() {
    // Every request and unit under way listens: a busy node's dozens are no leak.
    setMaxListeners(0, this.#abort.signal);
  }

  /** Aborted as the first act of `close`. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Runs `stop` when the scope closes; at once if it is closed already. */
  defer(name: string, stop: () => unknown): void {
    if (this.#closing !== undefined) void Promise.resolve().then(stop);
    else this.#stops.push({ name, stop });
  }

  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    this.#abort.abort();
    const failures: unknown[] = [];
    for (const { name, stop } of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        failures.push(new Error(`closing ${name} failed`, { cause: error }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, "a scope did not close cleanly");
  }
}
