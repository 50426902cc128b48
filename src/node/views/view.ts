// What a running node shows to its doors (API, command line): plain JSON shapes, hex and decimal strings.
import type { Verdict } from "../../base/index.ts";
import type { PeerInfo } from "../../ports/index.ts";
import type { BlockSummary, NodeState, NodeStatus } from "./status.ts";

/** A block without its body. Ids, digests and addresses are hex. */
export interface BlockView {
  readonly height: number;
  readonly hash: string;
  readonly parent: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly miner: string;
  readonly task: string;
  readonly round: number;
  readonly mlNode: number;
  readonly index: number;
  /** digest(P) the winning unit started from. */
  readonly start: string;
  /** Digest the winning unit ended at. */
  readonly digest: string;
  /** Decimal. */
  readonly nonce: string;
  readonly target: string;
  readonly stateRoot: string;
  readonly transfers: number;
  readonly records: number;
  readonly contributions: number;
  readonly checked: BlockSummary["checked"];
}

export interface RecordView {
  readonly id: string;
  readonly round: number;
  readonly leader: string;
  /** digest(P(round + 1)). */
  readonly next: string;
  readonly contributions: readonly { readonly id: string; readonly author: string; readonly digest: string }[];
}

/** Amounts are decimal strings. */
export interface TransferView {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly amount: string;
  readonly fee: string;
  readonly nonce: string;
  /** Where it is: undefined while it waits for a block. */
  readonly height: number | undefined;
  readonly block: string | undefined;
}

export interface BlockDetail extends BlockView {
  readonly transferList: readonly TransferView[];
  readonly recordList: readonly RecordView[];
  /** Offences punished by this block. */
  readonly evidence: number;
}

export interface AccountView {
  readonly address: string;
  readonly balance: string;
  /** Rewards that are not yet spendable. */
  readonly immature: string;
  /** Nonce of the account's next transfer, those waiting included. */
  readonly nonce: string;
  /** Not a miner again before this height. */
  readonly bannedUntil: number | undefined;
}

export interface UnitEvent {
  readonly round: number;
  /** Nats. */
  readonly loss: number;
  readonly graphMs: number;
}

export interface AlertEvent {
  readonly kind: string;
  readonly sentence: string;
}

/** Event -> payload, of PoUWNode, of the live stream and of the live screen. */
export interface NodeEvents {
  block: {
    readonly height: number;
    readonly hash: string;
    readonly miner: string;
    readonly time: number;
    readonly own: boolean;
  };
  unit: UnitEvent;
  state: { readonly state: NodeState };
  alert: AlertEvent;
  peer: { readonly peer: string; readonly connected: boolean };
}

/** Read and submit; PoUWNode implements it, the API is written against it. */
export interface NodeView {
  getStatus(): NodeStatus;
  peers(): readonly PeerInfo[];
  /** Blocks of the best chain from height `from` upwards, at most `count`. */
  blocks(from: number, count: number): Promise<readonly BlockView[]>;
  /** By height, or by hash on any branch that is kept. */
  block(idOrHeight: string | number): Promise<BlockDetail | undefined>;
  transfer(id: string): Promise<TransferView | undefined>;
  /** Undefined for an address the state has never met. */
  account(address: string): AccountView | undefined;
  /** The encoded signed transfer, as transferCodec writes it. */
  submitTransfer(bytes: Uint8Array): Promise<{ readonly id: string; readonly verdict: Verdict }>;
  /** Prometheus text. */
  metricsText(): Promise<string>;
  on<K extends keyof NodeEvents>(event: K, listener: (payload: NodeEvents[K]) => void): () => void;
}

export interface TransferOrder {
  /** 32 bytes. */
  readonly to: Uint8Array;
  readonly amount: bigint;
  readonly fee: bigint;
}

export interface HealthMetrics {
  /** Median round trip to the peers, ms; undefined without peers. */
  readonly responseTimeMs: number | undefined;
  /** Accepted gossip messages over all judged. */
  readonly successRate: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Processor time of the process, ms. */
  readonly processorMs: number;
  readonly residentBytes: number;
}
