// Which of two chains stands: a total order, so every node comes to the same head whatever it heard first (protocol section 4).
import { compareBytes } from "../base/index.ts";

/** A chain by its tip. A State is one. */
export interface ChainTip {
  /** Accumulated work. */
  readonly work: bigint;
  /** The tip's winning draw, 32 bytes. */
  readonly draw: Uint8Array;
  /** The tip's id: settles two blocks of one win, which have one draw. */
  readonly tipId: Uint8Array;
}

/** Above zero when `a` is to be preferred, below when `b` is, zero only for one and the same tip. Most work; then the lower draw; then the lower id. */
export function compareChains(a: ChainTip, b: ChainTip): number {
  if (a.work !== b.work) return a.work > b.work ? 1 : -1;
  return compareBytes(b.draw, a.draw) || compareBytes(b.tipId, a.tipId);
}
