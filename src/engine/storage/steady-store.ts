// A store that waits out its failures: a write that the disk does not take is tried until it does, in its order, so that nobody who
// writes knows of a full disk but by its time. What is fresh (rounds, a won block) goes on from where it stood when room returns.
import { type ErrorCode, PouwError, type Scope, SerialQueue } from "../../base/index.ts";
import type { Clock, Log, Store, StoreRange, StoreWrite } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";

/** Pause before the first try to go on, ms; doubled with each up to the longest. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface SteadyStoreDeps {
  readonly store: Store;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
}

const stopped = (): PouwError => new PouwError("CLOSED", "The node stopped before its store took the write.");

export class SteadyStore implements Store {
  readonly #deps: SteadyStoreDeps;
  readonly #signal: AbortSignal;
  readonly #queue = new SerialQueue();
  /** What it says of itself, while it does not take writes. */
  #fault: ErrorCode | undefined;

  constructor(deps: SteadyStoreDeps, scope: Scope) {
    this.#deps = deps;
    this.#signal = scope.signal;
    // What was accepted is written before the store closes.
    scope.defer("writes", () => this.#queue.idle());
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#deps.store.get(key);
  }

  entries(range: StoreRange): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#deps.store.entries(range);
  }

  keys(range: StoreRange): AsyncIterable<string> {
    return this.#deps.store.keys(range);
  }

  /** Resolves once it is on disk, however long that takes. Throws STORE_CORRUPT when what was acknowledged before is gone, CLOSED at the end. */
  batch(writes: readonly StoreWrite[]): Promise<void> {
    return this.#queue.run(() => this.#write(writes));
  }

  async #write(writes: readonly StoreWrite[]): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        if (this.#fault !== undefined) await this.#recover();
        await this.#deps.store.batch(writes);
        this.#works();
        return;
      } catch (error) {
        if (this.#signal.aborted || !(error instanceof PouwError)) throw error;
        if (error.code === "STORE_FAILED" || error.code === "STORE_CORRUPT") this.#fails(error);
        if (error.code !== "STORE_FAILED") throw error;
      }
      await this.#wait(pause);
    }
  }

  async #recover(): Promise<void> {
    if (this.#signal.aborted) throw stopped();
    await this.#deps.store.recover();
  }

  #fails(error: PouwError): void {
    if (this.#fault === error.code) return;
    const { events, log } = this.#deps;
    this.#fault = error.code;
    log.error(
      { code: error.code, remedy: error.remedy },
      `${error.message} Nothing is stored until it takes writes again`,
    );
    events.emit("store", {
      fault: { code: error.code, sentence: error.message, remedy: error.remedy },
    });
  }

  #works(): void {
    if (this.#fault === undefined) return;
    this.#fault = undefined;
    this.#deps.log.info({}, "the store takes writes again, and has all that it had acknowledged");
    this.#deps.events.emit("store", { fault: undefined });
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        cancel();
        reject(stopped());
      };
      const cancel = this.#deps.clock.after(ms, () => {
        this.#signal.removeEventListener("abort", stop);
        resolve();
      });
      this.#signal.addEventListener("abort", stop, { once: true });
    });
  }

  recover(): Promise<void> {
    return this.#deps.store.recover();
  }

  close(): Promise<void> {
    return this.#deps.store.close();
  }
}
