// The target: retargeted every block towards the block time, in integers only, and what a block below it is worth (protocol section 4).
import { fromBigInt, toBigInt } from "../base/index.ts";
import type { Rules } from "./rules.ts";

/** A solve time counts for at most this many block times, so no clock can throw the target far. */
const MAX_SOLVE_BLOCKS = 6;
/** A block this many block times after its parent is late: the power is gone, and the retarget alone would take hundreds of them. */
const RECOVERY_AFTER = 20n;
/** From then on the target doubles after every so many block times. */
const RECOVERY_EVERY = 10n;
const BITS = 256n;
/** All that a hash can be. */
export const SPACE: bigint = 2n ** BITS;

/**
 * The next block's target: the last one times (W T + solve - T) / (W T), where T is the block time and W the window. A weighted
 * moving average: each block pulls by 1/W, so the rate settles without a memory of its own. 32 bytes, big-endian.
 */
export function nextTarget(
  target: Uint8Array,
  solveMs: number,
  rules: Pick<Rules, "blockTimeMs" | "retargetWindow">,
): Uint8Array {
  const blockTime = BigInt(rules.blockTimeMs);
  const span = BigInt(rules.retargetWindow) * blockTime;
  const solve = BigInt(Math.min(Math.max(solveMs, 1), MAX_SOLVE_BLOCKS * rules.blockTimeMs));
  const next = (toBigInt(target) * (span - blockTime + solve)) / span;
  return fromBigInt(next < 1n ? 1n : next >= SPACE ? SPACE - 1n : next, 32);
}

/**
 * What a block must name that comes `elapsedMs` after a parent that prescribes `target`: 2^k times it, k = floor((elapsed - 20 T) / (10 T)),
 * at least 0; at most the largest. Nobody can use it sooner: a block's time cannot be ahead of the clocks of others.
 */
export function targetFor(
  target: Uint8Array,
  elapsedMs: number,
  { blockTimeMs }: Pick<Rules, "blockTimeMs">,
): Uint8Array {
  const blockTime = BigInt(blockTimeMs);
  const late = BigInt(elapsedMs) - RECOVERY_AFTER * blockTime;
  const doublings = late < 0n ? 0n : late / (RECOVERY_EVERY * blockTime);
  if (doublings === 0n) return target;
  // A target is at least 1, so 256 doublings reach the largest from anywhere.
  const eased = doublings >= BITS ? SPACE : toBigInt(target) << doublings;
  return fromBigInt(eased >= SPACE ? SPACE - 1n : eased, 32);
}

/** The target that a block of `time` on `state` must name. The genesis time says nothing of how long block 1 took, so that one is never late. */
export function targetAt(
  state: { readonly height: number; readonly time: number; readonly target: Uint8Array },
  time: number,
  rules: Pick<Rules, "blockTimeMs">,
): Uint8Array {
  return state.height === 0 ? state.target : targetFor(state.target, time - state.time, rules);
}

/** Expected number of draws to get below `target`: 2^256 / (target + 1), at least 1. */
export function workOf(target: Uint8Array): bigint {
  return SPACE / (toBigInt(target) + 1n);
}
