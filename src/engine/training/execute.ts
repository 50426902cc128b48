// One winning unit, run again: the comparison that every check comes down to (protocol section 5).
import { PouwError, reject, type Verdict } from "../../base/index.ts";
import type { Block } from "../../codec/index.ts";
import type { Runtime } from "../../ports/index.ts";
import { checkUnit, settingOf, type Task, unitSeed } from "../../work/index.ts";
import type { UnitEnd } from "./parameters.ts";

/** A unit to check: who claims it, and what it starts from. */
export interface Claim {
  readonly block: Block;
  readonly task: Task;
  /** The beacon of the block's parent. */
  readonly beacon: Uint8Array;
  /** P(t), and the season that it is of. */
  readonly start: Float32Array;
  readonly season: number;
}

export interface Executed {
  readonly verdict: Verdict;
  /** Where the unit really ends; undefined when it does not (NaN). */
  readonly end: UnitEnd | undefined;
}

/** Runs the winning unit of `block` again. Throws when this machine could not. */
export async function reexecute(
  { block, task, beacon, start, season }: Claim,
  runtime: Runtime,
  options: { readonly signal: AbortSignal },
): Promise<Executed> {
  const { round, miner, mlNode, index } = block.header;
  const seed = unitSeed({ beacon, task: task.id, round, author: miner, mlNode, index });
  try {
    const result = await runtime.run(
      { task, start, setting: settingOf(task, season), seed, priority: "check" },
      options,
    );
    const { digest, end, deltaHash, delta } = result;
    const verdict = checkUnit(block, { digest, deltaHash });
    return { verdict, end: { digest, end, deltaHash, deltaBytes: delta.length } };
  } catch (error) {
    if (!(error instanceof PouwError) || error.code !== "NOT_FINITE") throw error;
    return { verdict: reject("forged-unit", "it does not end in finite numbers"), end: undefined };
  }
}
