// What is watched while a node runs, and since when something of it is not well: one list for status, /readyz and people.
import { z } from "zod";
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

export class HealthChecks {
  readonly #checks = new Map<string, HealthCheck>();
  readonly #clock: Pick<Clock, "wallTime">;

  /** `names`: what is watched, all well at first. */
  constructor(names: readonly string[], clock: Pick<Clock, "wallTime">) {
    this.#clock = clock;
    for (const check of names) this.note(check, undefined);
  }

  /** How a thing is from now on; undefined: well. */
  note(check: string, sentence: string | undefined): void {
    const before = this.#checks.get(check);
    const ok = sentence === undefined;
    const since = before?.ok === ok ? before.since : Math.trunc(this.#clock.wallTime());
    this.#checks.set(check, { check, ok, since, sentence });
  }

  all(): readonly HealthCheck[] {
    return [...this.#checks.values()];
  }
}

/** Damage as a sentence, with the first few of what is damaged; undefined where nothing is. */
export function damageOf(damaged: readonly string[]): string | undefined {
  if (damaged.length === 0) return undefined;
  const named = damaged.slice(0, 3).join(", ");
  const more = damaged.length > 3 ? ` and ${damaged.length - 3} more` : "";
  return `Damaged in the store: ${named}${more}. Peers are asked for it; connect to one that has it, with --bootstrap.`;
}
