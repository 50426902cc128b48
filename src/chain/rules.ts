// The chain's parameters in the form that code computes with; made from a genesis by `rulesOf`.
import { bytesEqual, type Hash32 } from "../base/index.ts";
import type { Task, WorkRules } from "../work/index.ts";

/** Blocks back that a contribution's height may be from the tip, the tip included. */
export const CONTRIBUTION_BLOCKS = 4;
/** Tasks of one network at most. */
export const MAX_TASKS = 8;

/** How a block's subsidy is split, in parts per thousand. */
export interface Split {
  readonly winner: number;
  readonly contributions: number;
  readonly leader: number;
}

/** One network's rules. Amounts are in the smallest unit of money. */
export interface Rules extends WorkRules {
  /** Blocks of a season. */
  readonly seasonBlocks: number;
  readonly network: string;
  /** Genesis hash: in every signature, so nothing replays on another network. */
  readonly genesis: Hash32;
  readonly version: number;
  readonly blockTimeMs: number;
  /** W of the retarget: the target moves 1/W of the way that one solve time asks for. */
  readonly retargetWindow: number;
  readonly subsidy: bigint;
  /** Blocks after which a reward can be spent; also how far back an offence is punished. */
  readonly maturity: number;
  readonly split: Split;
  /** Blocks for which an offender may not win, lead or contribute. */
  readonly banBlocks: number;
  readonly maxFutureMs: number;
  readonly tasks: readonly Task[];
}

/** The facts of a task of this network. */
export function findTask(rules: Rules, id: Uint8Array): Task | undefined {
  return rules.tasks.find((task) => bytesEqual(task.id, id));
}
