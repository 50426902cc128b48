// What is watched while a node runs, and since when something of it is not well: one list for status, /readyz and people.
import { z } from "zod";
import type { Emitter } from "../../base/index.ts";
import type { EngineEvents } from "../../engine/index.ts";
import type { Clock } from "../../ports/index.ts";
import { timeForm } from "./forms.ts";

export const healthCheckSchema = z
  .object({
    check: z.string().describe("What is watched, such as `store`."),
    ok: z.boolean().describe("Whether it is well."),
    since: timeForm.describe("Since when it is as it is."),
    sentence: z.string().optional().describe("What is not well, and the next step; absent where all is."),
  })
  .readonly()
  .meta({ id: "HealthCheck", description: "One thing that is watched while the node runs." });
export type HealthCheck = z.infer<typeof healthCheckSchema>;

/** What is watched. */
const NAMES = ["store", "chain", "clock", "key", "past"] as const;
type CheckName = (typeof NAMES)[number];

export class HealthChecks {
  readonly #checks = new Map<string, HealthCheck>();
  readonly #clock: Pick<Clock, "wallTime">;

  /** All well at first. */
  constructor(clock: Pick<Clock, "wallTime">) {
    this.#clock = clock;
    for (const check of NAMES) this.note(check, undefined);
  }

  /** Notes what the engine tells by itself. */
  follow(events: Emitter<EngineEvents>): void {
    events.on("key", ({ sentence }) => this.note("key", sentence));
    events.on("clock", ({ trouble }) => this.note("clock", trouble));
    events.on("scrub", ({ damaged }) => this.note("chain", damageOf(damaged)));
    events.on("past", (past) => this.note("past", pastOf(past)));
  }

  /** How a thing is from now on; undefined: well. */
  note(check: CheckName, sentence: string | undefined): void {
    const before = this.#checks.get(check);
    const ok = sentence === undefined;
    const since = before?.ok === ok ? before.since : Math.trunc(this.#clock.wallTime());
    this.#checks.set(check, { check, ok, since, sentence });
  }

  isWell(check: CheckName): boolean {
    return this.#checks.get(check)?.ok === true;
  }

  all(): readonly HealthCheck[] {
    return [...this.#checks.values()];
  }
}

/** What no peer keeps any more, as a sentence; undefined where nothing is missed. */
function pastOf({ missing }: EngineEvents["past"]): string | undefined {
  if (missing === undefined) return undefined;
  const which = missing.from === missing.to ? `block ${missing.from}` : `blocks ${missing.from} to ${missing.to}`;
  return `No peer keeps the training of ${which} any more, and without it the chain cannot be checked. Connect to a node that runs with --archive, by --bootstrap.`;
}

/** Damage as a sentence, with the first few of what is damaged; undefined where nothing is. */
function damageOf(damaged: readonly string[]): string | undefined {
  if (damaged.length === 0) return undefined;
  const named = damaged.slice(0, 3).join(", ");
  const more = damaged.length > 3 ? ` and ${damaged.length - 3} more` : "";
  return `Damaged in the store: ${named}${more}. Peers are asked for it; connect to one that has it, with --bootstrap.`;
}
