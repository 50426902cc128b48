// The engine's event bus: parts tell it what happened and subscribe to what concerns them; roles, status and metrics listen too. Nobody calls back.
import type { Emitter, ErrorCode, Verdict } from "../base/index.ts";
import type { Attestation, Block, Contribution, PeerStatus, RoundRecord } from "../codec/index.ts";
import type { UnitResult } from "../ports/index.ts";
import type { Task } from "../work/index.ts";
import type { Origin } from "./origin.ts";

export interface EngineEvents {
  /** The best chain has a new tip. `dropped` blocks left it (a reorganisation when not empty), `added` joined it, oldest first; none when a stored chain was opened. */
  head: {
    readonly tip: { readonly id: Uint8Array; readonly height: number; readonly work: bigint };
    readonly added: readonly Block[];
    readonly dropped: readonly Block[];
  };
  /** A block joined the tree, whatever its branch, and somebody must check its unit. */
  pending: {
    readonly id: Uint8Array;
    readonly height: number;
    readonly miner: Uint8Array;
    readonly task: Uint8Array;
  };
  /** The common state of a task to train from changed: a new block or a new record. Ids and digests are hex. */
  round: { readonly task: string; readonly round: number; readonly startDigest: string; readonly head: string };
  /** A contribution that a record of the branch can hold was added to the pool. */
  contribution: { readonly contribution: Contribution; readonly origin: Origin };
  /** An own unit ended, whatever came of it. */
  unit: FinishedUnit;
  /** A record moved its task on. */
  record: { readonly record: RoundRecord; readonly bytes: Uint8Array; readonly origin: Origin };
  /** A block's winning unit was re-executed here; what follows for the block and who brought it is still to come. */
  executed: {
    readonly block: Block;
    readonly id: Uint8Array;
    readonly verdict: Verdict;
    /** What the unit really ends in; undefined when it does not end (NaN). */
    readonly digest: Uint8Array | undefined;
  };
  /** A block's winning unit was re-executed here, enough trusted attestations arrived, or its segment's sample was right. */
  checked: {
    readonly block: Block;
    readonly id: string;
    readonly outcome: "valid" | "invalid";
    readonly by: "executed" | "attestations" | "sample";
    /** Digest of the re-execution; undefined when others decided, or when the unit does not end. */
    readonly digest: Uint8Array | undefined;
  };
  attestation: { readonly attestation: Attestation };
  /** Something provably wrong was seen. */
  alert: { readonly kind: AlertKind; readonly subject: string; readonly detail: string };
  /** Blocks are being fetched: the share of them that leads here, undefined when nothing is; the height to reach; whether one leads already. */
  sync: { readonly progress: number | undefined; readonly target: number; readonly moves: boolean };
  /** A peer of our chain came or went. */
  peer: { readonly peer: string; readonly connected: boolean };
  /** A peer of our chain told its head. */
  status: { readonly peer: string; readonly status: PeerStatus };
  /** Another node was found to sign with this node's key. */
  key: { readonly sentence: string };
  /** This machine's clock was found to be off, or to be right again. */
  clock: { readonly trouble: string | undefined };
  /** The store stopped taking writes, for this reason; or takes them again. */
  store: { readonly fault: StoreFault | undefined };
  /** Every peer with a heavier chain let go of the deltas of these blocks, which this node needs to follow it; or one has them again. */
  past: { readonly missing: { readonly from: number; readonly to: number } | undefined };
  /** What of the store is damaged and was not to be had from elsewhere yet, as people call it. */
  scrub: { readonly damaged: readonly string[] };
  /** A peer sent what cannot be placed yet. `ahead`: it knows records or blocks that we lack, so ours are to be fetched anew. */
  stranded: { readonly peer: string; readonly ahead: boolean };
}

export interface StoreFault {
  readonly code: ErrorCode;
  readonly sentence: string;
  readonly remedy: string | undefined;
}

const NAMES: { readonly [event in keyof EngineEvents]: true } = {
  ...{ head: true, pending: true, round: true, contribution: true, unit: true, record: true, executed: true },
  ...{ checked: true, attestation: true, alert: true, sync: true, peer: true, status: true, stranded: true },
  ...{ store: true, scrub: true, clock: true, key: true, past: true },
};
/** The name of every event, to check what modules from outside listen to. */
export const ENGINE_EVENTS: readonly string[] = Object.keys(NAMES);

/** One own unit: what was asked for and what came of it. */
export interface FinishedUnit {
  readonly task: Task;
  readonly round: number;
  readonly mlNode: number;
  readonly index: number;
  readonly result: UnitResult;
  /** What the author signed of it; undefined where the unit changed nothing. */
  readonly contribution?: Contribution;
  readonly draws: number;
  readonly won: boolean;
}

export const ALERT_KINDS = ["equivocation", "forged-unit", "false-attestation"] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];
export type EventBus = Emitter<EngineEvents>;
