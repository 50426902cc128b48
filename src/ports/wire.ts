// How a node speaks to others. Bytes only: what they mean is the engine's business.
import type { Verdict } from "../base/index.ts";
import type { Protocol, Topic } from "../codec/index.ts";

/** Largest request in bytes; replies go up to the codec's MAX_REPLY_BYTES. */
export const MAX_REQUEST_BYTES = 64 * 1024;

export interface PeerInfo {
  readonly id: string;
  /** Whose budget it shares, see `Wire.groupOf`. */
  readonly group: string;
  /** Remote address as text. */
  readonly address: string;
  readonly direction: "inbound" | "outbound";
  readonly agent: string | undefined;
  /** Gossip score; below the graylist threshold its messages are not looked at. */
  readonly score: number;
  /** How long it has been connected, ms. */
  readonly connectedMs: number;
  readonly latencyMs: number | undefined;
}

export interface WireStats {
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly rejected: number;
  readonly banned: number;
}

/** What the inside does for the wire. Set once, before `start`. */
export interface WireHandlers {
  /** Judges a gossip message: accept is forwarded, ignore is dropped, reject counts against the sender. `author` signed it, `from` relayed it. */
  gossip(topic: Topic, data: Uint8Array, source: { readonly from: string; readonly author: string }): Promise<Verdict>;
  /** Answers a request; throwing closes the stream. A reply is at most the protocol's limit. */
  request(protocol: Protocol, data: Uint8Array, from: string): Promise<Uint8Array>;
  /** A peer's connection is ready for requests. */
  connected(peer: string): void;
  disconnected(peer: string): void;
}

export interface Wire {
  readonly peerId: string;
  start(handlers: WireHandlers): Promise<void>;
  stop(): Promise<void>;
  /** Own listening addresses, with the peer id. */
  addresses(): readonly string[];
  peers(): readonly PeerInfo[];
  /** The IP group of a peer that is or was connected: peers of one group share budgets. Of one never seen: its id. */
  groupOf(peer: string): string;
  /** Resolves once handed to the network; with no peers it resolves too. Throws WIRE_FAILED above the topic's limit. */
  publish(topic: Topic, data: Uint8Array): Promise<void>;
  /** One request, one reply. Throws WIRE_FAILED or WIRE_TIMEOUT. */
  request(
    peer: string,
    protocol: Protocol,
    data: Uint8Array,
    options: { readonly signal: AbortSignal },
  ): Promise<Uint8Array>;
  /** Dials an address such as /ip4/127.0.0.1/tcp/8001/p2p/...; returns the peer id. Throws BAD_CONFIG for what is no address, or WIRE_FAILED. */
  connect(address: string, options: { readonly signal: AbortSignal }): Promise<string>;
  /** Counts a provable wrong against a peer; enough of them ban it for a while. */
  punish(peer: string, reason: string): void;
  stats(): WireStats;
}
