// Scores the common state on the validation split, for people: the exact forward pass gives every node the same figure.
import { Lru, messageOf, toHex } from "../../base/index.ts";
import type { BlockNode, Engine } from "../../engine/index.ts";
import type { Evaluation, Log, Runtime } from "../../ports/index.ts";

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

  /** The score of the state that a block started from; undefined while another is taken or the node is busy catching up. */
  async score(node: BlockNode): Promise<Evaluation | undefined> {
    const digest = toHex(node.startDigest);
    const known = this.#scores.get(digest);
    const busy = this.#running !== undefined || (this.#engine.executor?.backlog ?? 0) > MAX_BACKLOG;
    if (known !== undefined || busy) return known;
    this.#running = digest;
    try {
      const parameters = await this.#engine.ledger.parametersOf(node, { signal: this.#signal });
      if (parameters === undefined) return undefined;
      const score = await this.#runtime.evaluate(this.#model, parameters, "validation", { signal: this.#signal });
      this.#scores.set(digest, score);
      return score;
    } catch (error) {
      if (!this.#signal.aborted) this.#log.debug({ reason: messageOf(error) }, "validation failed");
      return undefined;
    } finally {
      this.#running = undefined;
    }
  }
}
