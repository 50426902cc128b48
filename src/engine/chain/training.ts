// What the ledger asks of those who follow tasks: deltas brought here, records computed, rows to keep. The training room answers.
import type { Hash32, Refusal, Verdict } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import type { Block } from "../../codec/index.ts";
import type { StoreWrite } from "../../ports/index.ts";
import type { Origin } from "../origin.ts";
import type { BlockEntry, DeltaRow } from "../storage/index.ts";

/** The block that another one builds on, with the state after it. */
export interface Parent {
  readonly parent: BlockEntry;
  readonly state: State;
}

/** A header that passed every check that it can be put to by itself, on this parent. */
export interface Judged extends Parent {
  readonly kind: "judged";
  readonly id: Uint8Array;
}

/** What a block's batch holds of its tasks. */
export interface Kept {
  /** Parameter sets of followed tasks that stand after the block. */
  readonly parameters: readonly Hash32[];
  readonly writes: readonly StoreWrite[];
  readonly deltas: readonly DeltaRow[];
}

export interface Training {
  /** Whether a parameter set of a followed task is here already. */
  holds(task: Uint8Array, digest: Uint8Array): Promise<boolean>;
  /** Brings the deltas of a block's records of followed tasks here; the refusal when one cannot be had. */
  fetch(block: Block, origin: Origin, options: { readonly signal: AbortSignal }): Promise<Refusal | undefined>;
  /** Runs the block's records over its parent's parameters: every next state of a followed task must be what its deltas make. */
  advance(on: Parent, block: Block, origin: Origin, options: { readonly signal: AbortSignal }): Promise<Verdict>;
  /** The rows to write with the block, `state` being the state after it. */
  keep(block: Block, state: State): Promise<Kept>;
}
