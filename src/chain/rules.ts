// The chain's parameters in the form that code computes with; made from a genesis by `rulesOf`.
import { bytesEqual, type Hash32 } from "../base/index.ts";
import type { Task, WorkRules } from "../work/index.ts";

/** Blocks that a record's block may come after that of a contribution in it. */
export const CONTRIBUTION_BLOCKS = 2;
/** Tasks of one network at most. */
export const MAX_TASKS = 8;

/** How a block's subsidy is split, in parts per thousand. */
export interface Split {
  /** As stake, at once. */
  readonly winner: number;
  readonly contributions: number;
  readonly leader: number;
  readonly attestations: number;
  /** Kept for the epochs; not minted before there are any. */
  readonly epoch: number;
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
  /** Blocks after which a reward can be spent, at risk until then. */
  readonly maturity: number;
  readonly split: Split;
  /** What one contribution in so many is: an audit's. The rate q of audits is 1 over it. */
  readonly auditOneIn: number;
  /** Blocks in which an audit's attesters may commit, and as many in which they may reveal. */
  readonly auditBlocks: number;
  /** k: attesters of an audit. */
  readonly attesters: number;
  /** Stake below which a key's contributions are not recorded. */
  readonly minCollateral: bigint;
  /** Stake from which a key's blocks are built upon before they are checked. */
  readonly provisional: bigint;
  /** Burnt with a transfer that makes an account; an account that holds less, and nothing else, is removed. */
  readonly accountFee: bigint;
  /** Blocks that withdrawn stake takes until it can be spent, at risk until then; longer than maturity. */
  readonly unbonding: number;
  /** Blocks for which an offence can be shown after it was recorded. */
  readonly evidenceBlocks: number;
  /** Blocks for which an offender may not win, lead or contribute. */
  readonly banBlocks: number;
  readonly maxFutureMs: number;
  readonly tasks: readonly Task[];
}

/** The facts of a task of this network. */
export function findTask(rules: Rules, id: Uint8Array): Task | undefined {
  return rules.tasks.find((task) => bytesEqual(task.id, id));
}
