// The table of ready peers: connected, identified, of this network. Says so to the inside, and when they are gone.
import type { Connection, IdentifyResult, PeerId } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { Emitter, messageOf, PouwError } from "../../../base/index.ts";
import type { Clock, Log, PeerInfo } from "../../../ports/index.ts";
import type { WireNode } from "../node.ts";
import { protocolName } from "../options.ts";
import { deadline } from "../slots.ts";
import type { Guard } from "./guard.ts";

/** A connection must be identified within this, ms. */
export const IDENTIFY_MS = 15_000;

interface Entry {
  readonly since: number;
  agent: string | undefined;
  latencyMs: number | undefined;
}

export interface PeerTableDeps {
  readonly node: WireNode;
  readonly guard: Guard;
  readonly clock: Clock;
  readonly log: Log;
  readonly score: (peer: string) => number;
  /** A peer is ready for requests. */
  readonly onReady: (peer: string) => void;
  /** A ready peer has gone. */
  readonly onGone: (peer: string) => void;
}

export interface PeerTable {
  infos(): PeerInfo[];
  /** Ids of ready peers. */
  ids(): string[];
  isReady(peer: string): boolean;
  /** An open connection to a ready peer. */
  connectionTo(peer: string): Connection | undefined;
  /** Resolves when the peer is ready; throws WIRE_FAILED when it goes away, belongs elsewhere, or the signal aborts. */
  whenReady(peer: string, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Drops entries whose connection went without a word. */
  reconcile(): void;
  stop(): void;
}

export function createPeerTable(network: string, deps: PeerTableDeps): PeerTable {
  const { node, guard, log } = deps;
  const ready = new Map<string, Entry>();
  const changes = new Emitter<{ ready: string; gone: string }>();
  const stopping = new AbortController();
  const shibboleth = protocolName(network, "status");

  const connectionsOf = (peer: string): Connection[] =>
    node.getConnections(peerIdFromString(peer)).filter((connection) => connection.status === "open");

  function onIdentify({ detail }: CustomEvent<IdentifyResult>): void {
    const peer = detail.peerId.toString();
    if (guard.isBanned(peer) || connectionsOf(peer).length === 0) return;
    if (!detail.protocols.includes(shibboleth)) {
      log.debug({ peer, agent: detail.agentVersion }, "a peer of another network");
      guard.foreign(peer);
      return;
    }
    const known = ready.get(peer);
    if (known !== undefined) {
      known.agent = detail.agentVersion ?? known.agent;
      return;
    }
    ready.set(peer, { since: deps.clock.now(), agent: detail.agentVersion, latencyMs: undefined });
    void measure(detail.peerId);
    changes.emit("ready", peer);
    deps.onReady(peer);
  }

  function gone(peer: string): void {
    const was = ready.delete(peer);
    changes.emit("gone", peer);
    if (was) deps.onGone(peer);
  }

  /** The first latency; later ones come from libp2p's own connection monitor. */
  async function measure(peer: PeerId): Promise<void> {
    const limit = deadline(deps.clock, 10_000, stopping.signal);
    try {
      const ms = await node.services.ping.ping(peer, { signal: limit.signal });
      const entry = ready.get(peer.toString());
      if (entry !== undefined) entry.latencyMs = ms;
    } catch (error) {
      log.debug({ peer: peer.toString(), error: messageOf(error) }, "a peer did not answer a ping");
    } finally {
      limit.end();
    }
  }

  function infoOf(peer: string, entry: Entry): PeerInfo {
    const connection = connectionsOf(peer)[0];
    return {
      id: peer,
      address: connection?.remoteAddr.toString() ?? "",
      direction: connection?.direction ?? "inbound",
      agent: entry.agent,
      score: deps.score(peer),
      connectedAt: connection?.timeline.open ?? entry.since,
      latencyMs: connection?.rtt ?? entry.latencyMs,
    };
  }

  async function whenReady(peer: string, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (ready.has(peer)) return;
    const fail = (how: string): PouwError => new PouwError("WIRE_FAILED", `${peer} ${how}`);
    if (signal.aborted) throw fail("was given up");
    if (connectionsOf(peer).length === 0) throw fail("closed the connection");
    const limit = deadline(deps.clock, IDENTIFY_MS, signal);
    const over = new AbortController();
    limit.signal.addEventListener("abort", () => over.abort(fail("did not identify itself in time")));
    const isIt = (one: string): boolean => one === peer;
    try {
      await Promise.race([
        changes.next("ready", isIt, { signal: over.signal }),
        changes.next("gone", isIt, { signal: over.signal }).then(() => {
          throw fail("closed the connection, or is of another network");
        }),
      ]);
    } finally {
      // Ends the wait that lost.
      over.abort();
      limit.end();
    }
  }

  const onDisconnect = ({ detail }: CustomEvent<PeerId>): void => gone(detail.toString());
  node.addEventListener("peer:identify", onIdentify);
  node.addEventListener("peer:disconnect", onDisconnect);
  return {
    infos: () => [...ready].map(([peer, entry]) => infoOf(peer, entry)),
    ids: () => [...ready.keys()],
    isReady: (peer) => ready.has(peer),
    connectionTo: (peer) => (ready.has(peer) ? connectionsOf(peer)[0] : undefined),
    whenReady,
    reconcile: () => {
      for (const peer of [...ready.keys()]) if (connectionsOf(peer).length === 0) gone(peer);
    },
    stop: () => {
      stopping.abort(new Error("the wire is stopping"));
      for (const peer of [...ready.keys()]) gone(peer);
      node.removeEventListener("peer:identify", onIdentify);
      node.removeEventListener("peer:disconnect", onDisconnect);
    },
  };
}
