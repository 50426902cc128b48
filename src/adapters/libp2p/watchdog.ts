// A look every second at what can go silently wrong: gossip links that died inside an open connection, streams that nobody uses.
import type { Libp2p } from "@libp2p/interface";
import { peerIdFromString } from "@libp2p/peer-id";
import { TOPICS } from "../../codec/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { Gossip } from "./gossip/index.ts";
import type { PeerTable } from "./peers/index.ts";
import type { RequestClient } from "./requests/index.ts";
import type { Traffic } from "./traffic.ts";

const LOOK_MS = 1_000;
/** A ready peer without both gossip streams for this long is disconnected, ms; dialling again mends it. */
const UNLINKED_MS = 3_000;

export interface WatchdogDeps {
  readonly node: Pick<Libp2p, "getConnections">;
  readonly peers: Pick<PeerTable, "ids" | "isReady" | "reconcile">;
  readonly gossip: Pick<Gossip, "isLinked" | "meshSize">;
  readonly requests: Pick<RequestClient, "sweep">;
  readonly traffic: Pick<Traffic, "mesh" | "peers">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Starts looking; returns the stop. */
export function startWatchdog(deps: WatchdogDeps): () => void {
  const { node, peers, gossip, clock, log } = deps;
  const unlinkedSince = new Map<string, number>();
  let cancel = clock.after(LOOK_MS, look);

  function look(): void {
    cancel = clock.after(LOOK_MS, look);
    const now = clock.now();
    peers.reconcile();
    for (const peer of peers.ids()) checkLink(peer, now);
    for (const peer of [...unlinkedSince.keys()]) if (!peers.isReady(peer)) unlinkedSince.delete(peer);
    deps.requests.sweep();
    deps.traffic.peers(peers.ids().length);
    for (const topic of TOPICS) deps.traffic.mesh(topic, gossip.meshSize(topic));
  }

  function checkLink(peer: string, now: number): void {
    if (gossip.isLinked(peer)) {
      unlinkedSince.delete(peer);
      return;
    }
    const since = unlinkedSince.get(peer) ?? now;
    unlinkedSince.set(peer, since);
    if (now - since < UNLINKED_MS) return;
    unlinkedSince.delete(peer);
    log.info({ peer }, "the gossip link to a peer died; connecting anew");
    for (const connection of node.getConnections(peerIdFromString(peer)))
      connection.abort(new Error("the gossip link died"));
  }

  return () => cancel();
}
