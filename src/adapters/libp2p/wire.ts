// The wire over libp2p: wires its parts together and owns their lifetimes.
import { peerIdFromString } from "@libp2p/peer-id";
import { messageOf, PouwError, Scope } from "../../base/index.ts";
import { PROTOCOLS, type Wire, type WireHandlers } from "../../ports/index.ts";
import { createGossip, type Gossip } from "./gossip/index.ts";
import { loadIdentity } from "./identity.ts";
import { buildNode, parseAddress, startError, type WireNode } from "./node.ts";
import {
  checkNetwork,
  DEFAULT_MIN_PEERS,
  type Libp2pWireDeps,
  type Libp2pWireOptions,
  protocolName,
  type WireProtocol,
} from "./options.ts";
import {
  createDialer,
  createExchange,
  createGuard,
  createPeerTable,
  type Dialer,
  type Guard,
  openPeerBook,
  type PeerTable,
} from "./peers/index.ts";
import { createRequests, createServer, PER_PEER, type Requests } from "./requests/index.ts";
import { createTraffic, type Traffic } from "./traffic.ts";
import { startWatchdog } from "./watchdog.ts";

/** How often a node that has too few peers asks one for more, ms. */
const ASK_MS = 15_000;

/**
 * A wire over libp2p (TCP, noise, yamux, gossipsub), not yet listening.
 * Throws BAD_CONFIG (an address or the network's name), BAD_KEY (damaged identity), STORE_LOCKED (directory in use).
 * `start` throws PORT_IN_USE, or WIRE_FAILED when an address cannot be listened on.
 */
export async function createLibp2pWire(options: Libp2pWireOptions, deps: Libp2pWireDeps): Promise<Wire> {
  checkNetwork(options.network);
  for (const address of options.bootstrap) parseAddress(address);
  const scope = new Scope();
  try {
    const privateKey = await loadIdentity(options.dataDir, deps.log);
    const book = await openPeerBook(options.dataDir, deps.log);
    if (book !== undefined) scope.defer("the book of peers", () => book.close());
    const traffic = createTraffic(deps.metrics);
    const guard = guardOf(options, deps, traffic, () => node);
    const node: WireNode = await buildNode(options, { privateKey, book, guard, traffic, log: deps.log });
    return assemble(options, deps, { scope, node, guard, traffic });
  } catch (error) {
    await scope.close();
    throw error;
  }
}

function guardOf(options: Libp2pWireOptions, deps: Libp2pWireDeps, traffic: Traffic, node: () => WireNode): Guard {
  const connectionsOf = (peer: string) => node().getConnections(peerIdFromString(peer));
  return createGuard(
    { perAddress: !options.lan },
    {
      ...deps,
      traffic,
      addressesOf: (peer) => connectionsOf(peer).map((connection) => connection.remoteAddr),
      disconnect: (peer) => {
        for (const connection of connectionsOf(peer)) connection.abort(new Error("the peer is shut out"));
      },
    },
  );
}

interface Parts {
  readonly scope: Scope;
  readonly node: WireNode;
  readonly guard: Guard;
  readonly traffic: Traffic;
}

interface Running {
  readonly peers: PeerTable;
  readonly requests: Requests;
}

function assemble(options: Libp2pWireOptions, deps: Libp2pWireDeps, parts: Parts): Wire {
  const { node, guard, traffic, scope } = parts;
  const gossip = createGossip(options.network, { ...deps, ...parts, pubsub: node.services.pubsub });
  let running: Running | undefined;
  let started: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  const live = (): Running => {
    if (running === undefined) throw new PouwError("CLOSED", "the wire is not running");
    return running;
  };
  return {
    peerId: node.peerId.toString(),
    start: (handlers) => {
      if (stopped !== undefined) return Promise.reject(new PouwError("CLOSED", "a stopped wire does not start again"));
      if (started !== undefined) return Promise.reject(new PouwError("INTERNAL", "the wire was started twice"));
      started = run(options, deps, parts, gossip, handlers).then((result) => {
        running = result;
      });
      return started;
    },
    stop: () => {
      stopped ??= (async () => {
        await started?.catch(() => undefined);
        running = undefined;
        await scope.close().catch((error: unknown) => {
          deps.log.warn({ error: messageOf(error) }, "the wire did not stop cleanly");
        });
      })();
      return stopped;
    },
    addresses: () => node.getMultiaddrs().map(String),
    peers: () => running?.peers.infos() ?? [],
    publish: async (topic, data) => {
      live();
      await gossip.publish(topic, data);
    },
    request: async (peer, protocol, data, { signal }) => live().requests.ask(peer, protocol, data, { signal }),
    connect: async (address, { signal }) => connect(node, guard, live().peers, address, signal),
    punish: (peer, reason) => guard.strike(peer, reason),
    stats: () => traffic.stats(),
  };
}

/** Brings everything up, in order; what was brought up is closed with the scope, in reverse. */
async function run(
  options: Libp2pWireOptions,
  deps: Libp2pWireDeps,
  parts: Parts,
  gossip: Gossip,
  handlers: WireHandlers,
): Promise<Running> {
  const { node, guard, traffic, scope } = parts;
  const { clock, log, random = Math.random } = deps;
  const garbage = (peer: string, what: string): void => guard.strike(peer, what);
  const minPeers = options.minPeers ?? DEFAULT_MIN_PEERS;

  const requests: Requests = createRequests(options.network, {
    clock,
    traffic,
    garbage,
    connectionTo: (peer) => peers.connectionTo(peer),
  });
  const exchange = createExchange(options, { node, requests, log, random, ids: () => peers.ids() });
  const askFor = (peer: string): void => {
    if (peers.ids().length < 2 * minPeers) void exchange.askOf(peer, scope.signal);
  };
  const peers: PeerTable = createPeerTable(options.network, {
    node,
    guard,
    clock,
    log,
    score: gossip.score,
    onReady: (peer) => {
      askFor(peer);
      safely(log, () => handlers.connected(peer));
    },
    onGone: (peer) => {
      requests.drop(peer);
      safely(log, () => handlers.disconnected(peer));
    },
  });
  scope.defer("the peer table", () => peers.stop());
  const dialer = dialerOf(options, deps, parts, peers);
  const onDiscovery = ({ detail }: { detail: { id: { toString(): string } } }): void => {
    if (minPeers > 0) dialer.learn(detail.id.toString());
  };
  node.addEventListener("peer:discovery", onDiscovery);

  gossip.attach(handlers);
  await serveAll(options.network, deps, parts, (protocol, data, from) =>
    protocol === "peers" ? exchange.answer(from) : handlers.request(protocol, data, from),
  );
  scope.defer("libp2p", async () => {
    await hangUp(node);
    await node.stop();
  });
  try {
    await node.start();
  } catch (error) {
    throw startError(error);
  }
  gossip.subscribe();
  if (minPeers > 0) for (const known of await node.peerStore.all()) dialer.learn(known.id.toString());
  scope.defer("the dialer", () => dialer.stop());
  dialer.start();
  scope.defer("the watchdog", startWatchdog(options.network, { ...deps, ...parts, peers, gossip, requests }));
  scope.defer(
    "asking for peers",
    every(deps, ASK_MS, () => {
      const ids = peers.ids();
      const one = ids[Math.floor(random() * ids.length)];
      if (one !== undefined && ids.length < minPeers) void exchange.askOf(one, scope.signal);
    }),
  );
  return { peers, requests };
}

function dialerOf(options: Libp2pWireOptions, deps: Libp2pWireDeps, parts: Parts, peers: PeerTable): Dialer {
  const { node, guard, traffic } = parts;
  const self = node.peerId.toString();
  return createDialer(
    { bootstrap: options.bootstrap, minPeers: options.minPeers ?? DEFAULT_MIN_PEERS },
    {
      clock: deps.clock,
      log: deps.log,
      random: deps.random ?? Math.random,
      dial: async (target, signal) => {
        const at = target.startsWith("/") ? parseAddress(target) : peerIdFromString(target);
        const peer = (await node.dial(at, { signal })).remotePeer.toString();
        await peers.whenReady(peer, { signal });
        return peer;
      },
      isConnected: (peer) => peer === self || peers.isReady(peer),
      isBanned: guard.isBanned,
      connected: () => peers.ids().length,
      dialled: traffic.dialled,
    },
  );
}

async function serveAll(
  network: string,
  deps: Libp2pWireDeps,
  { node, guard, traffic, scope }: Parts,
  answer: (protocol: WireProtocol, data: Uint8Array, from: string) => Promise<Uint8Array>,
): Promise<void> {
  const server = createServer({ ...deps, traffic, answer, garbage: guard.strike });
  scope.defer("the server", () => server.stop());
  for (const protocol of [...PROTOCOLS, "peers"] as const)
    await node.handle(
      protocolName(network, protocol),
      (stream, connection) => server.serve(protocol, stream, connection),
      // One more than we would open ourselves: a stream being closed still counts for a moment.
      { maxInboundStreams: PER_PEER + 1, maxOutboundStreams: PER_PEER + 1 },
    );
}

/** Says goodbye to everybody: libp2p's own stop does so with a signal that warns about many listeners. */
async function hangUp(node: WireNode): Promise<void> {
  const goodbyes = node
    .getConnections()
    .map((connection) =>
      connection
        .close()
        .catch((error: unknown) => connection.abort(error instanceof Error ? error : new Error("closing"))),
    );
  await Promise.all(goodbyes);
}

async function connect(
  node: WireNode,
  guard: Guard,
  peers: PeerTable,
  address: string,
  signal: AbortSignal,
): Promise<string> {
  try {
    const peer = (await node.dial(parseAddress(address), { signal })).remotePeer.toString();
    if (guard.isBanned(peer)) throw new PouwError("WIRE_FAILED", `${peer} is shut out`);
    await peers.whenReady(peer, { signal });
    return peer;
  } catch (error) {
    if (error instanceof PouwError && error.code === "WIRE_FAILED") throw error;
    throw new PouwError("WIRE_FAILED", `dialling ${address.slice(0, 160)} failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function every({ clock }: Libp2pWireDeps, ms: number, act: () => void): () => void {
  let cancel = clock.after(ms, again);
  function again(): void {
    cancel = clock.after(ms, again);
    act();
  }
  return () => cancel();
}

/** A callback of the inside that throws must not break the wire. */
function safely(log: Libp2pWireDeps["log"], act: () => void): void {
  try {
    act();
  } catch (error) {
    log.error({ error: messageOf(error) }, "a handler of the wire threw");
  }
}
