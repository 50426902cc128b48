// What a running node shows to its doors (API, command line). The shapes are the schemas of this folder, one file a subject.
import type { Verdict } from "../../base/index.ts";
import type { AccountView } from "./accounts.ts";
import type { BlockDetail, BlockView } from "./blocks.ts";
import type { NodeEvents } from "./events.ts";
import type { PeerView } from "./peers.ts";
import type { NodeStatus } from "./status.ts";
import type { TransactionView } from "./transactions.ts";

/** Read and submit; PoUWNode implements it, the API is written against it. */
export interface NodeView {
  getStatus(): NodeStatus;
  peers(): readonly PeerView[];
  /** Blocks of the best chain from height `from` upwards, at most `count`. */
  blocks(from: number, count: number): Promise<readonly BlockView[]>;
  /** By height, or by hash on any branch that is kept. */
  block(idOrHeight: string | number): Promise<BlockDetail | undefined>;
  transaction(id: string): Promise<TransactionView | undefined>;
  /** By address; of one that no block has touched too. Throws BAD_ID, for an address of another network too. */
  account(address: string): AccountView;
  /** The encoded signed transaction, as Transaction.codec writes it. Throws BAD_ENCODING for bytes that are none. */
  submitTransaction(bytes: Uint8Array): Promise<{ readonly id: string; readonly verdict: Verdict }>;
  /** Prometheus text. */
  metricsText(): Promise<string>;
  on<K extends keyof NodeEvents>(event: K, listener: (payload: NodeEvents[K]) => void): () => void;
}

export interface TransferOrder {
  /** 32 bytes, or an address as people write it. */
  readonly to: Uint8Array | string;
  /** In millionths of a coin, as the fee: `coins("5.5")`. */
  readonly amount: bigint;
  readonly fee: bigint;
}
