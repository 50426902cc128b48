// What a libp2p wire is told, and how a network's name becomes the names of its topics and protocols.
import { PouwError, toHex } from "../../base/index.ts";
import type { Protocol, Topic } from "../../codec/index.ts";
import type { Clock, Log, Metrics } from "../../ports/index.ts";

export interface Libp2pWireOptions {
  /** Name and genesis of the network, see `networkPrefix`; peers of another one are disconnected. */
  readonly network: string;
  /** Listening multiaddrs such as `/ip4/0.0.0.0/tcp/8001`; port 0 takes a free one. Empty: dial only. */
  readonly listen: readonly string[];
  /** Multiaddrs told to peers instead of the listening ones; absent or empty: the listening ones. */
  readonly announce?: readonly string[];
  /** Multiaddrs that are dialled until they answer, and again when they are lost. */
  readonly bootstrap: readonly string[];
  /** Keeps `identity.key` and `peers/` here; undefined: a new identity, nothing on disk. */
  readonly dataDir: string | undefined;
  /** Find peers on the local network by multicast. */
  readonly mdns: boolean;
  /** Above this somebody goes for each newcomer, see `peers/eviction`. */
  readonly maxConnections: number;
  /** Loopback and private addresses share no limits of an IP group: for many nodes on one machine or a private network. */
  readonly exemptLocal: boolean;
  /** Many nodes on one host or one local network: private addresses are passed on, a leaner mesh. */
  readonly lan: boolean;
  /** Software name and version that peers see. */
  readonly agent: string;
  /** Below this many peers the wire looks for more by itself; 0 leaves all dialling but the bootstrap's to the caller. */
  readonly minPeers?: number;
}

export interface Libp2pWireDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Chance in [0, 1), for jitter. */
  readonly random?: () => number;
}

export const DEFAULT_MIN_PEERS = 4;

/** Protocols spoken by this adapter: the port's, and the exchange of peer addresses. */
export type WireProtocol = Protocol | "peers";

/** `<name>/<first 8 hex digits of the genesis hash>`: what `Libp2pWireOptions.network` holds. */
export function networkPrefix(name: string, genesis: Uint8Array): string {
  return `${name}/${toHex(genesis.subarray(0, 4))}`;
}

/** Full name of a gossip topic. */
export const topicName = (network: string, topic: Topic): string => `/pouw/${network}/${topic}/1`;

/** Full name of a stream protocol. */
export const protocolName = (network: string, protocol: WireProtocol): string => `/pouw/${network}/${protocol}/1`;

/** Throws BAD_CONFIG when a network name cannot stand inside a protocol name. */
export function checkNetwork(network: string): void {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}(\/[a-z0-9._-]{1,64})?$/i.test(network))
    throw new PouwError("BAD_CONFIG", `not a network name: "${network.slice(0, 80)}"`);
}
