// A unit run again: what every check comes down to (protocol section 5).
import { PouwError } from "../../base/index.ts";
import type { Contribution } from "../../codec/index.ts";
import type { TracedUnit } from "../../consensus/index.ts";
import type { Runtime } from "../../ports/index.ts";
import { settingOf, type Task, unitSeed } from "../../work/index.ts";
import type { UnitEnd } from "./parameters.ts";

/** A unit to run: who claims it, and what it starts from. */
export interface Claim {
  readonly contribution: Pick<Contribution, "block" | "round" | "author" | "mlNode" | "index">;
  readonly task: Task;
  /** The beacon of the block that it was run on. */
  readonly beacon: Uint8Array;
  /** P(t), and the season that it is of. */
  readonly start: Float32Array;
  readonly season: number;
}

/** What the unit ends in; undefined when it does not end in finite numbers. Throws when this machine could not run it. */
export async function reexecute(
  { contribution, task, beacon, start, season }: Claim,
  runtime: Runtime,
  options: { readonly signal: AbortSignal },
): Promise<(UnitEnd & NonNullable<TracedUnit>) | undefined> {
  const { block, round, author, mlNode, index } = contribution;
  const seed = unitSeed({ beacon, block, task: task.id, round, author, mlNode, index });
  const request = { task, start, setting: settingOf(task, season), seed, priority: "check" } as const;
  try {
    const { digest, end, deltaHash, delta, trace } = await runtime.run(request, options);
    return { digest, end, deltaHash, deltaBytes: delta.length, trace };
  } catch (error) {
    if (!(error instanceof PouwError) || error.code !== "NOT_FINITE") throw error;
    return undefined;
  }
}
