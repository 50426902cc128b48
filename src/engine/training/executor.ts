// Re-executes winning units, in the order in which they are owed: one forged unit is enough to drop a block and all that stands on it (protocol section 5).
import { ACCEPT, messageOf, PouwError, type Verdict } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import type { Block, Contribution } from "../../codec/index.ts";
import { checkShown, shownUnits } from "../../consensus/index.ts";
import type { Clock, Log, Runtime } from "../../ports/index.ts";
import { checkUnit, winningOf } from "../../work/index.ts";
import type { Ledger } from "../chain/index.ts";
import type { EngineEvents, EventBus } from "../events.ts";
import type { BlockStore } from "../storage/index.ts";
import { Allowance } from "./allowance.ts";
import { reexecute } from "./execute.ts";
import type { FollowedTasks } from "./followed-tasks.ts";
import type { OwedCheck, OwedChecks } from "./owed-checks.ts";
import type { UnitRuns } from "./unit-runs.ts";

/** A check that failed for a reason of this machine is tried again after this, ms. */
const RETRY_MS = 5_000;

type Execution = EngineEvents["executed"];

export interface ExecutorDeps {
  readonly runtime: Runtime;
  readonly owed: OwedChecks;
  readonly blocks: BlockStore;
  readonly tasks: FollowedTasks;
  readonly unitRuns: UnitRuns;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: EventBus;
}

export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #signal: AbortSignal;
  readonly #allowance = new Allowance();
  #running = 0;
  #resting = false;

  constructor(deps: ExecutorDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** A block that is here is to be checked. */
  add(check: OwedCheck): void {
    this.#deps.owed.ready(check);
    this.#next();
  }

  #next(): void {
    const { owed, runtime, clock } = this.#deps;
    if (this.#signal.aborted || this.#running >= runtime.workers) return;
    const wait = this.#allowance.wait(clock.now());
    if (wait > 0) this.#rest(wait);
    const check = owed.take({ onlyBacked: wait > 0 });
    if (check === undefined) return;
    this.#running++;
    void this.#check(check).finally(() => {
      this.#running--;
      this.#next();
    });
  }

  /** Comes back to the checks of authors without collateral when their forgeries have wasted enough. */
  #rest(ms: number): void {
    if (this.#resting) return;
    this.#resting = true;
    this.#deps.clock.after(ms, () => {
      this.#resting = false;
      this.#next();
    });
  }

  async #check(check: OwedCheck): Promise<void> {
    const { ledger, owed, log, clock, events } = this.#deps;
    const began = clock.now();
    try {
      const execution = await this.#execute(check.id);
      if (execution !== undefined) {
        const good = execution.verdict.kind === "accept";
        if (!good) this.#waste(check, clock.now() - began);
        await ledger.setChecked(check.id, good ? "executed" : "invalid");
      }
      owed.release(check.id);
      if (execution !== undefined) events.emit("executed", execution);
    } catch (error) {
      if (this.#signal.aborted) return;
      log.warn({ height: check.height, reason: messageOf(error) }, "a winning unit could not be checked yet");
      owed.putOff(check);
      clock.after(RETRY_MS, () => {
        if (owed.has(check.id)) this.add(check);
      });
    }
  }

  #waste(check: OwedCheck, ms: number): void {
    const { owed, runtime, clock } = this.#deps;
    owed.noteWaste(check, ms);
    if (check.rank !== "backed") this.#allowance.spend(ms / runtime.workers, clock.now());
  }

  async #execute(id: Uint8Array): Promise<Execution | undefined> {
    const { ledger, blocks, tasks, runtime, unitRuns } = this.#deps;
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
    // Evidence of it will ask for the same unit.
    unitRuns.note(contribution, end);
    const verdict = checkUnit(contribution, end);
    if (verdict.kind === "accept" && end !== undefined) followed.parameters.learn(entry.startDigest, end);
    const shown = verdict.kind === "accept" ? await this.#checkEvidence(parent, found.value) : verdict;
    return { block: found.value, id, verdict: shown, digest: end?.digest };
  }

  /** Runs the units that the block's evidence is about: they are of its own task. */
  async #checkEvidence(parent: State, { body }: Block): Promise<Verdict> {
    const { ledger, unitRuns } = this.#deps;
    for (const shown of shownUnits(parent, body.evidence, ledger.rules)) {
      const verdict = checkShown(shown, await unitRuns.run(shown.contribution, parent, { signal: this.#signal }));
      if (verdict.kind !== "accept") return verdict;
    }
    return ACCEPT;
  }
}
