// Keeps the picture of the chain that people see: tip, settled block, and the scores of its tasks.
import { messageOf, toHex } from "../../base/index.ts";
import { type BlockEntry, type Engine, standingIn } from "../../engine/index.ts";
import type { Evaluation, Log } from "../../ports/index.ts";
import type { BlockSummary } from "./blocks.ts";
import type { Seasons } from "./seasons.ts";
import { blockSummary } from "./summaries.ts";
import type { Validation } from "./validation.ts";

/** Blocks under the tip that healthy nodes of a network agree on at any moment. */
export const SETTLED_DEPTH = 2;

/** A score of the parameters that stand after the block at `height`. */
export interface Scored {
  readonly evaluation: Evaluation;
  readonly height: number;
}

export interface LookoutDeps {
  readonly engine: Engine;
  /** Undefined on a node that cannot train. */
  readonly validation: Validation | undefined;
  readonly seasons: Seasons;
  readonly log: Log;
}

export class Lookout {
  readonly #deps: LookoutDeps;
  readonly #signal: AbortSignal;
  /** Task -> last score taken. */
  readonly #scores = new Map<string, Scored>();
  #tip: BlockSummary;
  #settled: BlockSummary;

  constructor(deps: LookoutDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
    const { ledger, events } = deps.engine;
    this.#tip = blockSummary(ledger.head, ledger.state, ledger.rules.network);
    this.#settled = this.#tip;
    events.on("head", () => {
      this.#tip = blockSummary(ledger.head, ledger.state, ledger.rules.network);
      void this.look();
    });
    events.on("checked", () => void this.look());
  }

  get tip(): BlockSummary {
    return this.#tip;
  }

  get settled(): BlockSummary {
    return this.#settled;
  }

  /** The last score of a task, its id in hex. */
  score(task: string): Scored | undefined {
    return this.#scores.get(task);
  }

  /** Brings tip and settled block up to date, and has the settled parameters and those of an ended season scored. */
  async look(): Promise<void> {
    const { engine, log } = this.#deps;
    const { ledger } = engine;
    const { head } = ledger;
    try {
      const entry = await this.#settledUnder(head);
      if (entry === undefined || ledger.head.height > head.height) return;
      const state = await ledger.stateOf(entry.id);
      this.#tip = blockSummary(ledger.head, ledger.state, ledger.rules.network);
      this.#settled = blockSummary(entry, state, ledger.rules.network);
      for (const task of engine.tasks) {
        const standing = { id: entry.id, ...standingIn(state, task) };
        const evaluation = await this.#deps.validation?.score(task, standing);
        if (evaluation !== undefined) this.#scores.set(toHex(task.task.id), { evaluation, height: entry.height });
      }
      await this.#deps.seasons.look(entry);
    } catch (error) {
      if (!this.#signal.aborted) log.warn({ reason: messageOf(error) }, "the status could not be renewed");
    }
  }

  async #settledUnder(head: BlockEntry): Promise<BlockEntry | undefined> {
    const { blocks, ledger } = this.#deps.engine;
    const height = Math.max(0, head.height - SETTLED_DEPTH);
    const id = height === 0 ? ledger.rules.genesis : await blocks.canonical(height);
    return id === undefined ? undefined : ledger.entry(id);
  }
}
