// Shares work among workers: checks before training, first come first served within each, one job per worker at a time.
import { setMaxListeners } from "node:events";
import { PouwError } from "../../base/index.ts";
import type { Log } from "../../ports/index.ts";
import type { Job, JobResult } from "./messages.ts";
import type { Work } from "./work.ts";

/** One worker, however it is made. */
export interface Hand {
  /** Rejects with the job's own error, or with HandLost when the worker died under it. */
  run(job: Job): Promise<JobResult>;
  /** Resolves when the worker has ended, with the reason when nobody asked it to. */
  readonly gone: Promise<string | undefined>;
  /** Lets a running job finish, then ends the worker. */
  close(): Promise<void>;
}

/** The worker died; the job it held is not to blame yet. */
export class HandLost extends Error {}

export type Priority = "check" | "train";

interface Queued {
  readonly work: Work<unknown>;
  readonly priority: Priority;
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
  /** True once the caller has its answer: of cancelled work no further job is started, and what the running one gives is dropped. */
  settled: boolean;
  /** Workers that died under its present job. */
  lost: number;
}

interface Slot {
  hand: Hand;
  state: "idle" | "busy" | "replacing" | "dead";
  /** Settles when a replacement in progress is there or has failed. */
  replaced: Promise<void>;
  /** Deaths since the last job that ended well. */
  deaths: number;
}

export class Pool {
  readonly #slots: Slot[];
  readonly #spawn: () => Promise<Hand>;
  readonly #log: Log;
  readonly #queues: { readonly [P in Priority]: Queued[] } = { check: [], train: [] };
  #closing: Promise<void> | undefined;

  /** Takes over `hands`, which are ready; `spawn` makes a replacement for one that died. */
  constructor(hands: readonly Hand[], spawn: () => Promise<Hand>, log: Log) {
    this.#spawn = spawn;
    this.#log = log;
    this.#slots = hands.map((hand) => ({ hand, state: "idle", deaths: 0, replaced: Promise.resolve() }));
    for (const slot of this.#slots) this.#watch(slot);
  }

  /** Work that waits for a worker. */
  get waiting(): number {
    return this.#queues.check.length + this.#queues.train.length;
  }

  /**
   * Resolves with what the work makes. Aborting `signal` rejects with its reason at once: waiting work is dropped, a running job
   * ends by itself and what it gives is thrown away. Throws CLOSED after close, INTERNAL when workers keep dying.
   */
  run<R>(work: Work<R>, priority: Priority, { signal }: { readonly signal: AbortSignal }): Promise<R> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    if (signal.aborted) return Promise.reject(signal.reason);
    // One signal of a caller may stand for all that it has run; Node would warn at the eleventh.
    setMaxListeners(0, signal);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => settle(() => reject(signal.reason));
      const settle = (answer: () => void): void => {
        if (queued.settled) return;
        queued.settled = true;
        signal.removeEventListener("abort", onAbort);
        this.#forget(queued);
        answer();
      };
      const queued: Queued = {
        work,
        priority,
        resolve: (result) => settle(() => resolve(result as R)),
        reject: (reason) => settle(() => reject(reason)),
        settled: false,
        lost: 0,
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#queues[priority].push(queued);
      this.#pump();
    });
  }

  /** Refuses what waits, lets running jobs finish in their workers, and ends the workers. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    for (const queued of [...this.#queues.check, ...this.#queues.train]) queued.reject(closedError());
    await Promise.all(
      this.#slots.map(async (slot) => {
        await slot.replaced;
        await slot.hand.close();
      }),
    );
  }

  #forget(queued: Queued): void {
    const queue = this.#queues[queued.priority];
    const at = queue.indexOf(queued);
    if (at >= 0) queue.splice(at, 1);
  }

  #pump(): void {
    for (const slot of this.#slots) {
      if (slot.state !== "idle") continue;
      const queued = this.#queues.check.shift() ?? this.#queues.train.shift();
      if (queued === undefined) return;
      slot.state = "busy";
      void this.#work(slot, queued);
    }
    if (this.#slots.every((slot) => slot.state === "dead"))
      for (const queued of [...this.#queues.check, ...this.#queues.train]) queued.reject(deadError());
  }

  async #work(slot: Slot, queued: Queued): Promise<void> {
    try {
      const made = queued.work.take(await slot.hand.run(queued.work.next()));
      slot.deaths = 0;
      queued.lost = 0;
      if (made !== undefined) queued.resolve(made);
      // Its next job comes first among its like: what was begun is ended before anything new.
      else if (this.#closing !== undefined) queued.reject(closedError());
      else if (!queued.settled) this.#queues[queued.priority].unshift(queued);
    } catch (error) {
      if (error instanceof HandLost) return this.#lost(slot, queued, error);
      queued.reject(error);
    }
    if (slot.state === "busy") slot.state = "idle";
    this.#pump();
  }

  /** A job whose worker died is tried once more, by whichever worker is free first. */
  #lost(slot: Slot, queued: Queued, error: HandLost): void {
    queued.lost++;
    if (this.#closing !== undefined) queued.reject(closedError());
    else if (queued.lost > 1)
      queued.reject(
        new PouwError("INTERNAL", `two training workers died under the same job: ${error.message}`, { cause: error }),
      );
    else if (!queued.settled) this.#queues[queued.priority].unshift(queued);
    slot.replaced = this.#replace(slot, error.message);
    this.#pump();
  }

  #watch(slot: Slot): void {
    void slot.hand.gone.then((reason) => {
      if (slot.state === "idle" && this.#closing === undefined)
        slot.replaced = this.#replace(slot, reason ?? "it ended");
    });
  }

  async #replace(slot: Slot, reason: string): Promise<void> {
    if (this.#closing !== undefined || slot.state === "replacing" || slot.state === "dead") return;
    slot.deaths++;
    slot.state = "replacing";
    this.#log.warn({ reason, deaths: slot.deaths }, "A training worker died");
    if (slot.deaths > 1) slot.state = "dead";
    else
      try {
        slot.hand = await this.#spawn();
        slot.state = "idle";
        this.#watch(slot);
      } catch (error) {
        slot.state = "dead";
        this.#log.error({ error }, "A training worker could not be replaced");
      }
    this.#pump();
  }
}

const closedError = (): PouwError => new PouwError("CLOSED", "the training runtime is closed");
const deadError = (): PouwError =>
  new PouwError("INTERNAL", "all training workers died and their replacements too", {
    remedy: "Look for memory limits in the system's log, then start again.",
  });
