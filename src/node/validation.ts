// Scores the common state on the validation split, for people: the exact forward pass gives every node the same figure.
import { Lru, messageOf, toHex } from "../base/index.ts";
import type { BlockNode, Engine } from "../engine/index.ts";
import type { Evaluation, Log, Runtime } from "../ports/index.ts";

/** A check that waits behind this many re-executions is left out. */
const MAX_BACKLOG = 2;

export class Validation {
  readonly #model: string;
  readonly #runtime: Runtime;
  readonly #engine: Engine;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  readonly #scores = new Lru<string, Evaluation>(64);
  #running: string | undefined;

  constructor(
    model: string,
    deps: { readonly runtime: Runtime; readonly engine: Engine; readonly log: Log },
    options: { readonly signal: AbortSignal },
  ) {
    this.#model = model;
    this.#runtime = deps.runtime;
    this.#engine = deps.engine;
    this.#log = deps.log;
    this.#signal = options.signal;
  }

  /** The score of a parameter set, if it was taken. */
  score(digest: Uint8Array): Evaluation | undefined {
    return this.#scores.get(toHex(digest));
  }

  /** Scores the state that a block started from, unless that is done, under way, or the node is busy catching up. */
  async consider(node: BlockNode): Promise<void> {
    const digest = toHex(node.start);
    const busy = this.#running !== undefined || (this.#engine.executor?.backlog ?? 0) > MAX_BACKLOG;
    if (busy || this.#scores.has(digest)) return;
    this.#running = digest;
    try {
      const parameters = await this.#engine.ledger.parametersOf(node, { signal: this.#signal });
      if (parameters === undefined) return;
      const score = await this.#runtime.evaluate(this.#model, parameters, "validation", { signal: this.#signal });
      this.#scores.set(digest, score);
    } catch (error) {
      if (!this.#signal.aborted) this.#log.debug({ reason: messageOf(error) }, "validation failed");
    } finally {
      this.#running = undefined;
    }
  }
}
