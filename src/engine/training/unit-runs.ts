// Runs units that others claim, each once, whoever asks: evidence in a block or from a peer, an audit (protocol section 5).
import { bytesEqual, Lru, PouwError, toHex } from "../../base/index.ts";
import type { Rules, State } from "../../chain/index.ts";
import { Contribution } from "../../codec/index.ts";
import type { TracedUnit } from "../../consensus/index.ts";
import type { Runtime } from "../../ports/index.ts";
import { reexecute } from "./execute.ts";
import type { FollowedTasks } from "./followed-tasks.ts";

/** Units whose ends are remembered. */
const MEMORY = 512;

export interface UnitRunsDeps {
  readonly rules: Pick<Rules, "seasonBlocks">;
  readonly tasks: FollowedTasks;
  /** Undefined on a node that cannot train. */
  readonly runtime: Runtime | undefined;
}

export class UnitRuns {
  readonly #deps: UnitRunsDeps;
  readonly #known = new Lru<string, { readonly found: TracedUnit }>(MEMORY);
  readonly #running = new Map<string, Promise<TracedUnit>>();

  constructor(deps: UnitRunsDeps) {
    this.#deps = deps;
  }

  /** Whether units of the task can be run here. */
  canRun(task: Uint8Array): boolean {
    return this.#deps.runtime !== undefined && this.#deps.tasks.get(task) !== undefined;
  }

  /**
   * What the unit ends in. `on` is a state with the unit's block among its recent ones and its start among the branch's. Throws
   * NOT_FOUND where the start cannot be had, and what the runtime throws.
   */
  async run(contribution: Contribution, on: State, options: { readonly signal: AbortSignal }): Promise<TracedUnit> {
    const name = toHex(Contribution.id(contribution));
    const known = this.#known.get(name);
    if (known !== undefined) return known.found;
    const running = this.#running.get(name) ?? this.#run(contribution, on, options);
    this.#running.set(name, running);
    try {
      const found = await running;
      this.note(contribution, found);
      return found;
    } finally {
      this.#running.delete(name);
    }
  }

  /** What a unit was found to end in, wherever it ran. */
  note(contribution: Contribution, found: TracedUnit): void {
    // Its parameters are not kept for that.
    const kept = found && { digest: found.digest, deltaHash: found.deltaHash, trace: found.trace };
    this.#known.set(toHex(Contribution.id(contribution)), { found: kept });
  }

  async #run(contribution: Contribution, on: State, options: { readonly signal: AbortSignal }): Promise<TracedUnit> {
    const { rules, tasks, runtime } = this.#deps;
    const { task, height, startDigest } = contribution;
    const followed = tasks.get(task);
    // On another branch the height has another block, whose beacon would make an honest unit a forgery.
    const block = on.recentBlock(height);
    const beacon = block !== undefined && bytesEqual(block.id, contribution.block) ? block.beacon : undefined;
    const season = Math.floor(height / rules.seasonBlocks);
    const start = await followed?.parametersAt({ id: on.tipId, digest: startDigest, season }, options);
    if (runtime === undefined || followed === undefined || beacon === undefined || start === undefined)
      throw new PouwError("NOT_FOUND", "what the unit starts from is not here");
    return reexecute({ contribution, task: followed.task, beacon, start, season }, runtime, options);
  }
}
