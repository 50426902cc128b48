// How long what is stored: a policy that the store asks, so that other rules (an archive, finality) are another object.

export interface Retention {
  /** Whether the whole state after a block of this height is stored; between such blocks it is replayed. */
  keepsState(height: number): boolean;
  /** The highest height up to this one whose parameter sets stay; those of other heights go once they are no longer recent. */
  lastKept(height: number): number;
  /** Blocks under the tip whose parameter sets are all here. */
  readonly recent: number;
  /** Blocks under the tip whose deltas are here, and what parameter sets stay of theirs; undefined: of all blocks. */
  readonly window: number | undefined;
}

/** Blocks from one stored state to the next. */
export const SNAPSHOT_EVERY = 32;

/** The default: a state and the parameters every 32nd block, parameters of the last 64, deltas of the last 2,000; blocks and records stay. */
export const standardRetention: Retention = {
  keepsState: (height) => height % SNAPSHOT_EVERY === 0,
  lastKept: (height) => height - (height % SNAPSHOT_EVERY),
  recent: 64,
  window: 2_000,
};
