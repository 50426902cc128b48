// The target: retargeted every block towards the block time, in integers only, and what a block below it is worth (protocol section 4).
import { fromBigInt, toBigInt } from "../base/index.ts";
import type { Rules } from "./rules.ts";

/** A solve time counts for at most this many block times, so no clock can throw the target far. */
const MAX_SOLVE_BLOCKS = 6;
const SPACE = 2n ** 256n;

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

/** Expected number of draws to get below `target`: 2^256 / (target + 1), at least 1. */
export function workOf(target: Uint8Array): bigint {
  return SPACE / (toBigInt(target) + 1n);
}
