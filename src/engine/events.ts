// What happens inside the engine, as typed events: roles, status and metrics listen, nobody calls back.
import type { Attestation, Block, Contribution, RoundRecord } from "../codec/index.ts";

export interface EngineEvents {
  /** The best chain has a new tip. `dropped` blocks left it (a reorganisation when not empty), `added` joined it, oldest first. */
  head: { readonly added: readonly Block[]; readonly dropped: readonly Block[]; readonly own: boolean };
  /** The common state to train from changed: a new block or a new record. */
  round: { readonly round: number; readonly start: string; readonly head: string };
  /** A valid contribution to some round of the branch was added to the pool. */
  contribution: { readonly contribution: Contribution; readonly own: boolean };
  record: { readonly record: RoundRecord; readonly own: boolean };
  /** A block's winning unit was re-executed here, or enough trusted verdicts arrived. */
  checked: {
    readonly block: Block;
    readonly id: string;
    readonly outcome: "valid" | "invalid";
    readonly by: "executed" | "verdicts";
    /** Digest of the re-execution; undefined when verdicts decided. */
    readonly digest: Uint8Array | undefined;
  };
  verdict: { readonly verdict: Attestation };
  /** Something provably wrong was seen. */
  alert: { readonly kind: AlertKind; readonly subject: string; readonly detail: string };
  sync: { readonly progress: number | undefined; readonly target: number };
}

export type AlertKind = "equivocation" | "forged-unit" | "forged-record" | "invalid-message" | "withheld-data";
