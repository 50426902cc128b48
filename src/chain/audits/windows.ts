// When the attesters of a block's contributions give their word: first all seal it, then all open it (protocol section 5).
import type { Rules } from "../rules.ts";

/** The first and the last height of the blocks that may carry a word. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

type AuditRules = Pick<Rules, "auditBlocks">;

/** Of the block after the one whose beacon drew the attesters, and of `auditBlocks` in all. */
export const commitWindow = (recorded: number, { auditBlocks }: AuditRules): Window => ({
  from: recorded + 2,
  to: recorded + 1 + auditBlocks,
});

/** As long as the window for commits, and right after it: nobody can say what another said. */
export const revealWindow = (recorded: number, { auditBlocks }: AuditRules): Window => ({
  from: recorded + 2 + auditBlocks,
  to: recorded + 1 + 2 * auditBlocks,
});

export const isWithin = (height: number, { from, to }: Window): boolean => from <= height && height <= to;

/** Blocks that a ban must last, so that whoever was punished in the block after the record is banned still when the last word is revealed. */
export const leastBanBlocks = ({ auditBlocks }: AuditRules): number => 2 * auditBlocks + 1;

/** Blocks that an offence must be shown for, so that the last word revealed can be answered. */
export const leastEvidenceBlocks = ({ auditBlocks }: AuditRules): number => 2 * auditBlocks + 3;
