// The inside of gossipsub that its public type hides: scores, stream tables, and the places where wire garbage shows.
// Versions are pinned; a release that moves one of these fails loudly at start instead of leaving the node open.
import type { GossipSub } from "@chainsafe/libp2p-gossipsub";
import type { PeerId } from "@libp2p/interface";
import { PouwError } from "../../../base/index.ts";
import { type Control, costOf, piecesOf, type Rpc, trim } from "./frame.ts";

interface Internals {
  readonly peers: ReadonlyMap<string, unknown>;
  readonly streamsInbound: ReadonlyMap<string, unknown>;
  readonly streamsOutbound: ReadonlyMap<string, unknown>;
  readonly score: {
    score(peer: string): number;
    rejectInvalidMessage(peer: string, topic: string): void;
  };
  readonly fastMsgIdCache: { has(id: string): boolean };
  fastMsgIdFn(message: unknown): string;
  getMeshPeers(topic: string): string[];
  decodeRpc(bytes: Uint8Array): Rpc;
  handleReceivedRpc(from: PeerId, rpc: Rpc): Promise<void>;
  sendRpc(to: string, rpc: Rpc): boolean;
  piggybackGossip(to: string, rpc: Rpc, ihave: Control["ihave"]): void;
  handlePeerReadStreamError(error: unknown, peer: PeerId): void;
}

export interface GossipWatch {
  /** A frame that does not decode, is too long, or carries a bad signature. */
  garbage(peer: string, what: string): void;
  /** A frame costs so many units of work. */
  charge(peer: string, units: number): void;
}

export interface GossipHooks {
  score(peer: string): number;
  /** Both gossip streams of a peer are there. */
  isLinked(peer: string): boolean;
  meshSize(topic: string): number;
}

const FRAME_ERRORS = new Set(["InvalidDataLengthError", "InvalidDataLengthLengthError", "InvalidMessageLengthError"]);

/** Puts `watch` in front of gossipsub's own handling. Throws INTERNAL when gossipsub is not built as expected. */
export function hookGossip(pubsub: GossipSub, watch: GossipWatch): GossipHooks {
  const inside = internalsOf(pubsub);
  const undecodable: Rpc = { subscriptions: [], messages: [] };
  const { decodeRpc, handleReceivedRpc, handlePeerReadStreamError, sendRpc, piggybackGossip } = inside;
  const { rejectInvalidMessage } = inside.score;

  inside.decodeRpc = (bytes) => {
    try {
      return decodeRpc.call(inside, bytes);
    } catch {
      // Gossipsub would log and forget it; passing on a marker names the sender one call later.
      return undecodable;
    }
  };
  inside.handleReceivedRpc = async (from, rpc) => {
    const peer = from.toString();
    if (rpc === undecodable) return watch.garbage(peer, "undecodable gossip frame");
    trim(rpc);
    watch.charge(
      peer,
      costOf(rpc, (message) => inside.fastMsgIdCache.has(inside.fastMsgIdFn(message))),
    );
    for (const [i, piece] of piecesOf(rpc).entries()) {
      if (i > 0) await new Promise(setImmediate);
      await handleReceivedRpc.call(inside, from, piece);
    }
  };
  inside.sendRpc = (to, rpc) => {
    trim(rpc);
    return sendRpc.call(inside, to, rpc);
  };
  inside.piggybackGossip = (to, rpc, ihave) => {
    trim({ control: { ihave } });
    piggybackGossip.call(inside, to, rpc, ihave);
  };
  inside.handlePeerReadStreamError = (error, peer) => {
    handlePeerReadStreamError.call(inside, error, peer);
    if (error instanceof Error && FRAME_ERRORS.has(error.name)) watch.garbage(peer.toString(), "oversize gossip frame");
  };
  inside.score.rejectInvalidMessage = (peer, topic) => {
    rejectInvalidMessage.call(inside.score, peer, topic);
    watch.garbage(peer, "gossip message without a valid signature");
  };
  return {
    score: (peer) => inside.score.score(peer),
    isLinked: (peer) => inside.peers.has(peer) && inside.streamsInbound.has(peer) && inside.streamsOutbound.has(peer),
    meshSize: (topic) => inside.getMeshPeers(topic).length,
  };
}

function internalsOf(pubsub: GossipSub): Internals {
  const inside = pubsub as unknown as Partial<Internals>;
  const missing = [
    inside.peers instanceof Map,
    inside.streamsInbound instanceof Map,
    inside.streamsOutbound instanceof Map,
    typeof inside.score?.score === "function",
    typeof inside.score?.rejectInvalidMessage === "function",
    typeof inside.fastMsgIdCache?.has === "function",
    typeof inside.fastMsgIdFn === "function",
    typeof inside.getMeshPeers === "function",
    typeof inside.decodeRpc === "function",
    typeof inside.handleReceivedRpc === "function",
    typeof inside.sendRpc === "function",
    typeof inside.piggybackGossip === "function",
    typeof inside.handlePeerReadStreamError === "function",
  ].indexOf(false);
  if (missing >= 0) throw new PouwError("INTERNAL", `this gossipsub is built differently (check ${missing})`);
  return inside as Internals;
}
