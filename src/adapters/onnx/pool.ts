// Shares tasks among workers: checks before training, first come first served within each, one task per worker at a time.
import { PouwError } from "../../base/index.ts";
import type { Log } from "../../ports/index.ts";
import type { Task, TaskResult } from "./messages.ts";

/** One worker, however it is made. */
export interface Hand {
  /** Rejects with the task's own error, or with HandLost when the worker died under it. */
  run(task: Task): Promise<TaskResult>;
  /** Resolves when the worker has ended, with the reason when nobody asked it to. */
  readonly gone: Promise<string | undefined>;
  /** Lets a running task finish, then ends the worker. */
  close(): Promise<void>;
}

/** The worker died; the task it held is not to blame yet. */
export class HandLost extends Error {}

export type Priority = "check" | "train";

interface Job {
  readonly task: Task;
  readonly priority: Priority;
  readonly resolve: (result: TaskResult) => void;
  readonly reject: (reason: unknown) => void;
  /** True once the caller has its answer: a cancelled job is not started, and its result is dropped. */
  settled: boolean;
  lost: number;
}

interface Slot {
  hand: Hand;
  state: "idle" | "busy" | "replacing" | "dead";
  /** Settles when a replacement in progress is there or has failed. */
  replaced: Promise<void>;
  /** Deaths since the last task that ended well. */
  deaths: number;
}

export class Pool {
  readonly #slots: Slot[];
  readonly #spawn: () => Promise<Hand>;
  readonly #log: Log;
  readonly #queues: { readonly [P in Priority]: Job[] } = { check: [], train: [] };
  #closing: Promise<void> | undefined;

  /** Takes over `hands`, which are ready; `spawn` makes a replacement for one that died. */
  constructor(hands: readonly Hand[], spawn: () => Promise<Hand>, log: Log) {
    this.#spawn = spawn;
    this.#log = log;
    this.#slots = hands.map((hand) => ({ hand, state: "idle", deaths: 0, replaced: Promise.resolve() }));
    for (const slot of this.#slots) this.#watch(slot);
  }

  /** Tasks that wait for a worker. */
  get waiting(): number {
    return this.#queues.check.length + this.#queues.train.length;
  }

  /**
   * Resolves with the task's result. Aborting `signal` rejects with its reason at once: a waiting task is dropped, a running one
   * ends by itself and its result is thrown away. Throws CLOSED after close, INTERNAL when workers keep dying.
   */
  run(task: Task, priority: Priority, { signal }: { readonly signal: AbortSignal }): Promise<TaskResult> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = (): void => settle(() => reject(signal.reason));
      const settle = (answer: () => void): void => {
        if (job.settled) return;
        job.settled = true;
        signal.removeEventListener("abort", onAbort);
        this.#forget(job);
        answer();
      };
      const job: Job = {
        task,
        priority,
        resolve: (result) => settle(() => resolve(result)),
        reject: (reason) => settle(() => reject(reason)),
        settled: false,
        lost: 0,
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#queues[priority].push(job);
      this.#pump();
    });
  }

  /** Refuses what waits, lets running tasks finish in their workers, and ends the workers. */
  close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    for (const job of [...this.#queues.check, ...this.#queues.train]) job.reject(closedError());
    await Promise.all(
      this.#slots.map(async (slot) => {
        await slot.replaced;
        await slot.hand.close();
      }),
    );
  }

  #forget(job: Job): void {
    const queue = this.#queues[job.priority];
    const at = queue.indexOf(job);
    if (at >= 0) queue.splice(at, 1);
  }

  #pump(): void {
    for (const slot of this.#slots) {
      if (slot.state !== "idle") continue;
      const job = this.#queues.check.shift() ?? this.#queues.train.shift();
      if (job === undefined) return;
      slot.state = "busy";
      void this.#work(slot, job);
    }
    if (this.#slots.every((slot) => slot.state === "dead"))
      for (const job of [...this.#queues.check, ...this.#queues.train]) job.reject(deadError());
  }

  async #work(slot: Slot, job: Job): Promise<void> {
    try {
      const result = await slot.hand.run(job.task);
      slot.deaths = 0;
      job.resolve(result);
    } catch (error) {
      if (error instanceof HandLost) return this.#lost(slot, job, error);
      job.reject(error);
    }
    if (slot.state === "busy") slot.state = "idle";
    this.#pump();
  }

  /** A task whose worker died is tried once more, by whichever worker is free first. */
  #lost(slot: Slot, job: Job, error: HandLost): void {
    job.lost++;
    if (this.#closing !== undefined) job.reject(closedError());
    else if (job.lost > 1)
      job.reject(
        new PouwError("INTERNAL", `two training workers died under the same task: ${error.message}`, { cause: error }),
      );
    else if (!job.settled) this.#queues[job.priority].unshift(job);
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
