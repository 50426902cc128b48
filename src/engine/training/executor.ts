// Re-executes winning units, oldest block first: one forged unit is enough to drop a block and all that stands on it (protocol section 5).
import { ACCEPT, messageOf, PouwError, toHex, type Verdict } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import type { Block, Contribution } from "../../codec/index.ts";
import { checkShown, shownUnits } from "../../consensus/index.ts";
import type { Clock, Log, Runtime } from "../../ports/index.ts";
import { checkUnit, winningOf } from "../../work/index.ts";
import type { Ledger } from "../chain/index.ts";
import type { EngineEvents, EventBus } from "../events.ts";
import type { BlockStore } from "../storage/index.ts";
import { reexecute } from "./execute.ts";
import type { FollowedTasks } from "./followed-tasks.ts";
import type { UnitRuns } from "./unit-runs.ts";

/** A check that failed for a reason of this machine is tried again after this, ms. */
const RETRY_MS = 5_000;

type Execution = EngineEvents["executed"];

export interface ExecutorDeps {
  readonly runtime: Runtime;
  readonly blocks: BlockStore;
  readonly tasks: FollowedTasks;
  readonly unitRuns: UnitRuns;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventBus;
}

interface Owed {
  readonly id: Uint8Array;
  readonly height: number;
}

export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<string, Owed>();
  #running = 0;
  #wake: (() => void)[] = [];

  constructor(deps: ExecutorDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Blocks whose check is owed. */
  get backlog(): number {
    return this.#waiting.size + this.#running;
  }

  add(owed: Owed): void {
    this.#waiting.set(toHex(owed.id), owed);
    this.#next();
  }

  /** Resolves once fewer than `limit` checks are owed. */
  async below(limit: number): Promise<void> {
    while (this.backlog >= limit && !this.#signal.aborted) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #next(): void {
    if (this.#signal.aborted || this.#running >= this.#deps.runtime.workers) return;
    let lowest: Owed | undefined;
    for (const owed of this.#waiting.values()) if (lowest === undefined || owed.height < lowest.height) lowest = owed;
    if (lowest === undefined) return;
    this.#waiting.delete(toHex(lowest.id));
    this.#running++;
    void this.#check(lowest).finally(() => {
      this.#running--;
      for (const wake of this.#wake.splice(0)) wake();
      this.#next();
    });
  }

  async #check(owed: Owed): Promise<void> {
    const { ledger, log, clock, events } = this.#deps;
    try {
      const execution = await this.#execute(owed);
      if (execution === undefined) return;
      await ledger.setChecked(owed.id, execution.verdict.kind === "accept" ? "executed" : "invalid");
      events.emit("executed", execution);
    } catch (error) {
      if (this.#signal.aborted) return;
      log.warn({ height: owed.height, reason: messageOf(error) }, "a winning unit could not be checked yet");
      clock.after(RETRY_MS, () => this.add(owed));
    }
  }

  async #execute({ id }: Owed): Promise<Execution | undefined> {
    const { ledger, blocks, tasks, runtime } = this.#deps;
    const entry = await ledger.entry(id);
    if (entry === undefined || entry.checked !== "pending") return undefined;
    const found = await blocks.block(id);
    const followed = tasks.get(entry.task);
    const parent = await ledger.stateOf(entry.parent);
    const season = parent.task(entry.task)?.season ?? 0;
    const standing = { id, digest: entry.startDigest, season };
    const start = await followed?.parametersAt(standing, { signal: this.#signal });
    if (found === undefined || followed === undefined || start === undefined)
      throw new PouwError("NOT_FOUND", "its parameters are not here");
    const contribution = winningOf(found.value) as Contribution;
    const claim = { contribution, task: followed.task, beacon: parent.beacon, start, season };
    const end = await reexecute(claim, runtime, { signal: this.#signal });
    const verdict = checkUnit(contribution, end);
    if (verdict.kind === "accept" && end !== undefined) followed.parameters.learn(entry.startDigest, end);
    const shown = verdict.kind === "accept" ? await this.#checkEvidence(parent, found.value) : verdict;
    return { block: found.value, id, verdict: shown, digest: end?.digest };
  }

  /** Runs the units that the block's evidence is about, those of followed tasks. */
  async #checkEvidence(parent: State, { body }: Block): Promise<Verdict> {
    const { ledger, unitRuns } = this.#deps;
    for (const shown of shownUnits(parent, body.evidence, ledger.rules)) {
      if (!unitRuns.canRun(shown.contribution.task)) continue;
      const verdict = checkShown(shown, await unitRuns.run(shown.contribution, parent, { signal: this.#signal }));
      if (verdict.kind !== "accept") return verdict;
    }
    return ACCEPT;
  }
}
