// Scores common states on the validation split, for people: the exact forward pass gives every node the same figure.
import { Lru, messageOf, toHex } from "../../base/index.ts";
import type { Engine, Standing, TaskEngine } from "../../engine/index.ts";
import type { Evaluation, Log, Runtime } from "../../ports/index.ts";

/** A score waits behind no more than this many re-executions: else it is left out. */
const MAX_BACKLOG = 2;

export interface ValidationDeps {
  readonly runtime: Runtime;
  readonly engine: Engine;
  readonly log: Log;
}

export class Validation {
  readonly #deps: ValidationDeps;
  readonly #signal: AbortSignal;
  /** By digest; parameters of two tasks differ. */
  readonly #scores = new Lru<string, Evaluation>(64);
  #running = false;

  constructor(deps: ValidationDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Whether a score would be left out now: while another is taken, and while the node is catching up. */
  get busy(): boolean {
    return this.#running || this.#deps.engine.backlog > MAX_BACKLOG;
  }

  /** The score of a set where it stands; undefined while busy, and where the set is not to be had. */
  async score({ task }: TaskEngine, standing: Standing): Promise<Evaluation | undefined> {
    const { runtime, engine, log } = this.#deps;
    const digest = toHex(standing.digest);
    const known = this.#scores.get(digest);
    if (known !== undefined || this.busy) return known;
    this.#running = true;
    try {
      const parameters = await engine.followed.get(task.id)?.parametersAt(standing, { signal: this.#signal });
      if (parameters === undefined) return undefined;
      const request = { task, parameters, split: "validation" } as const;
      const score = await runtime.evaluate(request, { signal: this.#signal });
      this.#scores.set(digest, score);
      return score;
    } catch (error) {
      if (!this.#signal.aborted) log.debug({ reason: messageOf(error) }, "validation failed");
      return undefined;
    } finally {
      this.#running = false;
    }
  }
}
