// Feeds engine events to the roles and has their effects carried out; holds no rule of its own.
import { messageOf, PouwError } from "../../base/index.ts";
import type { Engine, EngineEvents } from "../../engine/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { ControlEvent, RoleTools, RunningRole } from "../../roles/index.ts";

export interface RunnerDeps {
  readonly engine: Engine;
  readonly roles: readonly RunningRole[];
  readonly clock: Clock;
  readonly log: Log;
}

export class RoleRunner {
  readonly #deps: RunnerDeps;
  readonly #signal: AbortSignal;
  /** Effects that take time. */
  readonly #running = new Set<Promise<unknown>>();

  constructor(deps: RunnerDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Subscribes the roles to what concerns them and runs their first effects. */
  start(): void {
    for (const running of this.#deps.roles) {
      for (const name of Object.keys(running.role.listens) as (keyof EngineEvents)[]) this.#listen(running, name);
      for (const effect of running.first) this.#run(running, effect);
    }
    for (const { rounds } of this.#deps.engine.tasks) rounds.announce();
  }

  /** Tells every role. */
  control(event: ControlEvent): void {
    for (const running of this.#deps.roles) this.#feed(running, event);
  }

  /** Resolves when no effect is under way. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  #listen<K extends keyof EngineEvents>(running: RunningRole, name: K): void {
    const translate = running.role.listens[name] as (payload: EngineEvents[K]) => { type: string } | undefined;
    const stop = this.#deps.engine.events.on(name, (payload) => {
      const event = translate(payload);
      if (event !== undefined) this.#feed(running, event);
    });
    this.#signal.addEventListener("abort", stop, { once: true });
  }

  #feed(running: RunningRole, event: Parameters<RunningRole["step"]>[0]): void {
    if (this.#signal.aborted) return;
    for (const effect of running.step(event)) this.#run(running, effect);
  }

  /** A role's fault is its own: it is logged, and everything else goes on. */
  #run(running: RunningRole, effect: RunningRole["first"][number]): void {
    const { engine, clock, log } = this.#deps;
    const send: RoleTools<{ readonly type: string }>["send"] = (event) => this.#feed(running, event);
    const failed = (error: unknown): void => {
      const what = { role: running.role.name, effect: effect.type, reason: messageOf(error) };
      if (!this.#signal.aborted) log.error(what, "an effect of a role failed");
    };
    try {
      const carryOut = running.role.effects[effect.type];
      if (carryOut === undefined) throw new PouwError("INTERNAL", "the role has no such effect");
      const done = carryOut.call(running.role.effects, effect, { engine, clock, log, signal: this.#signal, send });
      if (!(done instanceof Promise)) return;
      const tracked: Promise<unknown> = done.catch(failed).finally(() => this.#running.delete(tracked));
      this.#running.add(tracked);
    } catch (error) {
      failed(error);
    }
  }
}
