// Brings a wire up, in order; what was brought up is closed with the scope, in reverse.
import { peerIdFromString } from "@libp2p/peer-id";
import { messageOf, type Scope } from "../../base/index.ts";
import { PROTOCOLS } from "../../codec/index.ts";
import type { Clock, WireHandlers } from "../../ports/index.ts";
import type { Budget } from "./budget.ts";
import type { Gossip } from "./gossip/index.ts";
import { parseAddress, startError, type WireNode } from "./node.ts";
import { type Libp2pWireDeps, type Libp2pWireOptions, protocolName } from "./options.ts";
import { pace } from "./pace.ts";
import {
  type Crowd,
  createExchange,
  Dialer,
  type Exchange,
  type Guard,
  type PeerBook,
  PeerTable,
  tidy,
} from "./peers/index.ts";
import { type Answer, PER_PEER, RequestClient, RequestServer } from "./requests/index.ts";
import type { Traffic } from "./traffic.ts";
import { startWatchdog } from "./watchdog.ts";

/** How often a node that has too few peers asks one for more, ms. */
const ASK_MS = 15_000;
/** How often peers that are of no use are forgotten, and the book of the others is written, ms. */
const TIDY_MS = 60_000;

export type StartOptions = Pick<Libp2pWireOptions, "network" | "lan" | "bootstrap"> & { readonly minPeers: number };

export interface StartDeps extends Required<Libp2pWireDeps> {
  readonly node: WireNode;
  readonly book: PeerBook;
  readonly guard: Guard;
  readonly crowd: Crowd;
  readonly work: Budget;
  readonly traffic: Traffic;
  readonly gossip: Gossip;
  readonly handlers: WireHandlers;
  /** Closes what is started here. */
  readonly scope: Scope;
}

/** The parts that live while the wire runs. */
export interface Running {
  readonly peers: PeerTable;
  readonly requests: RequestClient;
}

export async function startParts(options: StartOptions, deps: StartDeps): Promise<Running> {
  const { node, gossip, handlers, scope } = deps;
  const talk = makeTalk(options, deps);
  const { peers, requests, exchange } = talk;
  const dialer = dialerOf(options, deps, peers);
  if (options.minPeers > 0) node.addEventListener("peer:discovery", ({ detail }) => dialer.learn(detail.id.toString()));
  gossip.attach(handlers);
  await serveAll(options, deps, async (protocol, data, from) =>
    protocol === "peers" ? exchange.answer(from) : handlers.request(protocol, data, from),
  );
  greetConnections(deps);
  await listen(deps);
  gossip.subscribe();
  await recall(deps, dialer);
  scope.defer("the dialer", () => dialer.stop());
  dialer.start();
  scope.defer("the watchdog", startWatchdog({ ...deps, peers, requests }));
  scope.defer("asking for peers", keepAsking(options, deps, talk));
  scope.defer("tidying", keepTidy(deps, dialer));
  return { peers, requests };
}

/** The dialer knows whom earlier runs reached. */
async function recall({ node, book }: StartDeps, dialer: Dialer): Promise<void> {
  for (const { peer, address } of book.known()) {
    await node.peerStore.merge(peerIdFromString(peer), { multiaddrs: [parseAddress(address)] });
    dialer.learn(peer, { proved: true });
  }
}

/** What is remembered of peers stays bounded, in memory and on disk; returns the stop. */
function keepTidy(deps: StartDeps, dialer: Dialer): () => void {
  return every(deps.clock, TIDY_MS, () => {
    void tidy({ ...deps, isWanted: (peer) => dialer.knows(peer) });
    void deps.book.save();
  });
}

/** Every connection is counted and paced from its first moment. */
function greetConnections({ node, crowd, work, traffic, clock, log, scope }: StartDeps): void {
  node.addEventListener("connection:open", ({ detail: connection }) => {
    const peer = connection.remotePeer.toString();
    crowd.opened(connection);
    try {
      pace(connection, { clock, spend: (units) => work.spend(peer, units), paused: () => traffic.paused() });
    } catch (error) {
      log.error({ peer, error: messageOf(error) }, "a connection cannot be paced and is closed");
      connection.abort(error instanceof Error ? error : new Error(String(error)));
    }
  });
  scope.defer("the crowd", () => crowd.stop());
}

interface Talk extends Running {
  readonly exchange: Exchange;
}

/** The table of peers and what is asked of them; who comes and goes is told to the inside. */
function makeTalk(options: StartOptions, deps: StartDeps): Talk {
  const { handlers, scope } = deps;
  const peers = peerTable(options, deps);
  const requests = new RequestClient(options, {
    ...deps,
    groupOf: (peer) => deps.crowd.groupOf(peer),
    connectionTo: (peer) => peers.connectionTo(peer),
    strike: (peer, what) => deps.guard.strike(peer, what),
  });
  const exchange = createExchange(options, { ...deps, requests, ids: () => peers.ids() });
  peers.on("ready", (peer) => {
    if (peers.ids().length < 2 * options.minPeers) void exchange.askOf(peer, scope);
  });
  peers.on("ready", (peer) => {
    const connection = peers.connectionTo(peer);
    if (connection?.direction === "outbound") deps.book.note(peer, connection.remoteAddr.toString());
  });
  peers.on("ready", (peer) => handlers.connected(peer));
  peers.on("lost", (peer) => requests.drop(peer));
  peers.on("lost", (peer) => handlers.disconnected(peer));
  return { peers, requests, exchange };
}

/** Asks one peer by chance for more, time and again, while there are too few; returns the stop. */
function keepAsking(options: StartOptions, deps: StartDeps, { peers, exchange }: Talk): () => void {
  return every(deps.clock, ASK_MS, () => {
    const ids = peers.ids();
    const one = ids[Math.floor(deps.random() * ids.length)];
    if (one !== undefined && ids.length < options.minPeers) void exchange.askOf(one, deps.scope);
  });
}

function peerTable(options: StartOptions, deps: StartDeps): PeerTable {
  const peers = new PeerTable(options, {
    ...deps,
    score: (peer) => deps.gossip.score(peer),
  });
  deps.scope.defer("the peer table", () => peers.stop());
  return peers;
}

function dialerOf(options: StartOptions, deps: StartDeps, peers: PeerTable): Dialer {
  const { node, guard, traffic } = deps;
  const self = node.peerId.toString();
  return new Dialer(options, {
    ...deps,
    dial: async (target, { signal }) => {
      const at = target.startsWith("/") ? parseAddress(target) : peerIdFromString(target);
      const peer = (await node.dial(at, { signal })).remotePeer.toString();
      await peers.whenReady(peer, { signal });
      return peer;
    },
    isConnected: (peer) => peer === self || peers.isReady(peer),
    isBanned: (peer) => guard.isBanned(peer),
    connected: () => peers.ids().length,
    dialled: (outcome) => traffic.dialled(outcome),
  });
}

async function serveAll(options: StartOptions, deps: StartDeps, answer: Answer): Promise<void> {
  const server = new RequestServer({
    ...deps,
    answer,
    groupOf: (peer) => deps.crowd.groupOf(peer),
    strike: (peer, what) => deps.guard.strike(peer, what),
  });
  deps.scope.defer("the server", () => server.stop());
  for (const protocol of [...PROTOCOLS, "peers"] as const)
    await deps.node.handle(
      protocolName(options.network, protocol),
      (stream, connection) => server.serve(protocol, stream, connection),
      // One more than we would open ourselves: a stream being closed still counts for a moment.
      { maxInboundStreams: PER_PEER + 1, maxOutboundStreams: PER_PEER + 1 },
    );
}

async function listen({ node, scope }: Pick<StartDeps, "node" | "scope">): Promise<void> {
  scope.defer("libp2p", async () => {
    await hangUp(node);
    await node.stop();
  });
  try {
    await node.start();
  } catch (error) {
    throw startError(error);
  }
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

function every(clock: Clock, ms: number, act: () => void): () => void {
  let cancel = clock.after(ms, again);
  function again(): void {
    cancel = clock.after(ms, again);
    act();
  }
  return () => cancel();
}
