// Which of two chains stands: the one with more work, and of equal ones the one that was heard first (protocol section 4).

/** A chain by its tip. */
export interface ChainTip {
  /** Accumulated work: expected draws. */
  readonly work: bigint;
  /** When this node heard of the tip, counted in blocks: of two tips one is lower. */
  readonly heard: number;
}

/**
 * Above zero when `a` is to be preferred, below when `b` is, zero only for one and the same tip. A tie goes to the tip heard first: ties
 * to the lower draw pay for withholding a low one.
 */
export function compareChains(a: ChainTip, b: ChainTip): number {
  if (a.work !== b.work) return a.work > b.work ? 1 : -1;
  return b.heard - a.heard;
}
