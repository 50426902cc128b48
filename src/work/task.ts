// What a task asks of a unit, and how many lottery nonces a unit of it earns (protocol section 2).
import { ACCEPT, reject, type TaskId, type Verdict } from "../base/index.ts";

/** The facts of a task that every node must agree on. Ids and digests are 32 bytes. */
export interface Task {
  /** SSZ root of the registration. */
  readonly id: TaskId;
  /** Name of the model directory. */
  readonly model: string;
  /** SHA-256 of the training graph. */
  readonly modelDigest: Uint8Array;
  /** Digest of the data set. */
  readonly dataDigest: Uint8Array;
  /** digest(P(0)). */
  readonly parameters: Uint8Array;
  /** S, steps of one unit. */
  readonly steps: number;
  /** B, rows of one step. */
  readonly batch: number;
  /** The training split: rows [trainFrom, trainTo) of the data set. */
  readonly trainFrom: number;
  readonly trainTo: number;
  readonly parameterCount: number;
  /** Multiply-accumulates of one step, counted statically from the graph. */
  readonly macsPerStep: bigint;
}

/** Chain parameters of the lottery. */
export interface WorkRules {
  /** Nonces per training row, over `omegaDenominator`. */
  readonly omegaB: number;
  /** Nonces per parameter, over `omegaDenominator`. */
  readonly omegaM: number;
  readonly omegaDenominator: number;
  /** Cap on nonces per 10^9 multiply-accumulates of a unit: no task may be a cheap lottery. */
  readonly maxNoncesPerGigamac: number;
}

type Lottery = Pick<Task, "steps" | "batch" | "parameterCount" | "macsPerStep">;

/** a(T) = floor(omegaB B S + omegaM parameters): the draws that one unit earns. */
export function noncesPerUnit(task: Lottery, rules: WorkRules): number {
  const weighted =
    BigInt(rules.omegaB) * BigInt(task.batch * task.steps) + BigInt(rules.omegaM) * BigInt(task.parameterCount);
  return Number(weighted / BigInt(rules.omegaDenominator));
}

/** Refuses a task that earns nothing, or more nonces per multiply-accumulate than the cap allows. */
export function checkTaskCap(task: Lottery, rules: WorkRules): Verdict {
  const nonces = noncesPerUnit(task, rules);
  if (nonces < 1) return reject("task-without-nonces", "a unit of the task earns no nonce");
  const macs = task.macsPerStep * BigInt(task.steps);
  if (BigInt(nonces) * 1_000_000_000n > BigInt(rules.maxNoncesPerGigamac) * macs)
    return reject("task-too-cheap", `${nonces} nonces for ${macs} multiply-accumulates is above the cap`);
  return ACCEPT;
}
