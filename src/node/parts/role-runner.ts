// Feeds events to the roles and runs their effects; holds no rule of its own.
import { messageOf, toHex } from "../../base/index.ts";
import type { Engine, EngineEvents, FinishedUnit } from "../../engine/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { Effect, RoleEvent, StartedRoles } from "../../roles/index.ts";

export interface RunnerDeps {
  readonly engine: Engine;
  readonly roles: StartedRoles;
  readonly clock: Clock;
  readonly log: Log;
  readonly onUnit: (unit: FinishedUnit) => void;
}

export class RoleRunner {
  readonly #deps: RunnerDeps;
  readonly #signal: AbortSignal;
  /** Executed blocks that a verifier may still have to speak of. */
  readonly #executed = new Map<string, EngineEvents["checked"]>();
  /** ML node -> cancel of its wait. */
  readonly #waits = new Map<number, () => void>();
  #running = 0;
  #drained: (() => void)[] = [];

  constructor(deps: RunnerDeps, options: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = options.signal;
  }

  /** Subscribes to the engine and runs the roles' first effects. */
  start(): void {
    const { engine, roles } = this.#deps;
    const stops = [
      engine.events.on("round", ({ start, head }) => this.feed({ type: "round", start, head })),
      engine.events.on("checked", (checked) => {
        if (checked.by !== "executed") return;
        this.#executed.set(checked.id, checked);
        this.feed({ type: "executed", block: checked.id, outcome: checked.outcome });
        this.#executed.delete(checked.id);
      }),
    ];
    const end = (): void => {
      for (const stop of [...stops, ...this.#waits.values()]) stop();
    };
    this.#signal.addEventListener("abort", end, { once: true });
    for (const effect of roles.first) this.#run(effect);
    const { view } = engine.rounds;
    this.feed({ type: "round", start: toHex(view.startDigest), head: toHex(view.head) });
  }

  feed(event: RoleEvent): void {
    if (this.#signal.aborted) return;
    for (const role of this.#deps.roles.running) for (const effect of role.step(event)) this.#run(effect);
  }

  /** Resolves when no unit runs. */
  async drained(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  #run(effect: Effect): void {
    const { engine, clock } = this.#deps;
    switch (effect.type) {
      case "train":
        void this.#train(effect.mlNode, effect.index);
        return;
      case "wait": {
        const { mlNode } = effect;
        this.#waits.get(mlNode)?.();
        this.#waits.set(
          mlNode,
          clock.after(effect.units * engine.medianUnitMs, () => this.feed({ type: "waited", mlNode })),
        );
        return;
      }
      case "attest": {
        const checked = this.#executed.get(effect.block);
        if (checked !== undefined) engine.checks.attest(checked.block, effect.outcome, checked.digest);
      }
    }
  }

  async #train(mlNode: number, index: number): Promise<void> {
    const { engine, log, onUnit } = this.#deps;
    this.#running++;
    let unit: FinishedUnit | undefined;
    try {
      unit = await engine.trainer?.run(mlNode, index);
      if (unit !== undefined) onUnit(unit);
    } catch (error) {
      if (!this.#signal.aborted) log.warn({ mlNode, index, reason: messageOf(error) }, "a unit failed");
    } finally {
      this.#running--;
      for (const wake of this.#drained.splice(0)) wake();
    }
    this.feed({ type: "unit-done", mlNode, ran: unit !== undefined });
  }
}
