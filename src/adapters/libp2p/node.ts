// The libp2p node: TCP, noise, yamux, identify and gossipsub, with limits on everything a stranger can fill.
import type { GossipSub } from "@chainsafe/libp2p-gossipsub";
import { noise } from "@chainsafe/libp2p-noise";
import { yamux } from "@chainsafe/libp2p-yamux";
import type { Identify } from "@libp2p/identify";
import type { Libp2p, PrivateKey } from "@libp2p/interface";
import { tcp } from "@libp2p/tcp";
import { multiaddr } from "@multiformats/multiaddr";
import { createLibp2p } from "libp2p";
import { messageOf, PouwError } from "../../base/index.ts";
import type { Log } from "../../ports/index.ts";
import { gossipService } from "./gossip/index.ts";
import type { Libp2pWireOptions } from "./options.ts";
import { MAX_WINDOW } from "./pace.ts";
import { boundedIdentify, type Crowd, type Guard, guardedMdns, HANDSHAKE_MS, SPARE_SOCKETS } from "./peers/index.ts";
import { socketCounter, type Traffic } from "./traffic.ts";

export type WireNode = Libp2p<{ identify: Identify; pubsub: GossipSub }>;

/** Addresses stay in memory this long, ms; the library forgets after an hour, too short for a laptop that sleeps. */
const ADDRESS_AGE_MS = 30 * 24 * 3_600_000;
/** A node that trains may be slow to answer; a connection is given up only after this, ms. */
const PING_TIMEOUT = { minTimeout: 15_000, maxTimeout: 30_000 };

/** Streams that one connection may have open to this node. */
const MAX_STREAMS = 24;
/** Bytes of a stream that wait for a reader; every reader here takes them at once. */
const UNREAD_BYTES = 320 * 1024;

export interface NodeParts {
  readonly privateKey: PrivateKey;
  readonly guard: Pick<Guard, "gater" | "isBanned">;
  readonly crowd: Pick<Crowd, "admit" | "watch">;
  readonly traffic: Traffic;
  readonly log: Log;
}

/** Builds the node without starting it. Throws BAD_CONFIG for an address that does not parse. */
export async function buildNode(options: Libp2pWireOptions, parts: NodeParts): Promise<WireNode> {
  const { listen, announce = [] } = options;
  for (const address of [...listen, ...announce]) parseAddress(address);
  const { crowd, guard, traffic } = parts;
  return createLibp2p({
    start: false,
    privateKey: parts.privateKey,
    nodeInfo: { userAgent: options.agent },
    peerStore: { maxAddressAge: ADDRESS_AGE_MS, maxPeerAge: ADDRESS_AGE_MS },
    addresses: { listen: [...listen], announce: [...announce] },
    transports: [tcp({ backlog: 128, maxConnections: options.maxConnections + SPARE_SOCKETS })],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: MAX_STREAMS,
        streamOptions: { maxStreamWindowSize: MAX_WINDOW, maxReadBufferLength: UNREAD_BYTES },
      }),
    ],
    connectionManager: {
      // Who comes in and who goes is the crowd's business; the library's own counting would refuse the wrong ones.
      maxConnections: options.maxConnections + SPARE_SOCKETS,
      inboundConnectionThreshold: Number.MAX_SAFE_INTEGER,
      maxIncomingPendingConnections: Number.MAX_SAFE_INTEGER,
      inboundUpgradeTimeout: HANDSHAKE_MS,
      inboundStreamProtocolNegotiationTimeout: HANDSHAKE_MS,
    },
    connectionMonitor: { pingInterval: 15_000, pingTimeout: PING_TIMEOUT },
    connectionGater: { ...guard.gater, denyInboundConnection: (socket) => !crowd.admit(socket) },
    metrics: socketCounter(traffic, (socket) => crowd.watch(socket)),
    peerDiscovery: options.mdns ? [guardedMdns(options.network, parts.log)] : [],
    services: {
      identify: boundedIdentify(),
      pubsub: gossipService(options, guard),
    },
  });
}

/** Throws BAD_CONFIG when `text` is no multiaddr. */
export function parseAddress(text: string): ReturnType<typeof multiaddr> {
  try {
    return multiaddr(text);
  } catch (error) {
    throw new PouwError("BAD_CONFIG", `not a network address: "${text.slice(0, 120)}" (${messageOf(error)})`, {
      remedy: "Write it like /ip4/127.0.0.1/tcp/8001, with /p2p/<peer id> at the end when it names a peer.",
    });
  }
}

/** What a failed start means to a person. */
export function startError(error: unknown): PouwError {
  const text = error instanceof Error ? error.message : String(error);
  const taken = /EADDRINUSE[^\n]*?((?:\d{1,3}\.){3}\d{1,3}:\d+|[0-9a-f:]*:\d+)?\s*$/im.exec(text);
  if (taken !== null)
    return new PouwError(
      "PORT_IN_USE",
      `the listening address ${taken[1] ?? ""} is taken by another process`.replace("  ", " "),
      {
        remedy: "Stop the other process, or choose another port (0 takes a free one).",
        cause: error,
      },
    );
  const line = text.split("\n").find((one) => /E[A-Z]{4,}/.test(one)) ?? text.split("\n")[0];
  return new PouwError("WIRE_FAILED", `the network did not start: ${line?.trim()}`, { cause: error });
}
