// Gossipsub's settings: mesh, scores, message ids and limits.
import { createHash } from "node:crypto";
import { gossipsub, type Message } from "@chainsafe/libp2p-gossipsub";
import { MAX_GOSSIP_BYTES, TOPICS } from "../../../codec/index.ts";
import { topicName } from "../options.ts";
import { FRAME_LIMITS } from "./frame.ts";

/** Score of one topic: only provably invalid messages weigh. The library's delivery rates punish the honest on quiet topics, so they are off. */
const TOPIC_SCORE = {
  topicWeight: 1,
  timeInMeshWeight: 0,
  timeInMeshQuantum: 1000,
  timeInMeshCap: 300,
  // Halves in some six minutes: a score above 0 says that a peer brought something valid lately.
  firstMessageDeliveriesWeight: 1,
  firstMessageDeliveriesDecay: 0.998,
  firstMessageDeliveriesCap: 20,
  meshMessageDeliveriesWeight: 0,
  meshFailurePenaltyWeight: 0,
  invalidMessageDeliveriesWeight: -20,
  invalidMessageDeliveriesDecay: 0.97,
};
const THRESHOLDS = {
  gossipThreshold: -10,
  publishThreshold: -50,
  graylistThreshold: -80,
  acceptPXThreshold: 10,
  opportunisticGraftThreshold: 1,
};
const MESH = { D: 6, Dlo: 4, Dhi: 10 };
/** Gossip that waits for a peer that reads slowly: beyond this its link ends, and is made anew while the connection lasts. */
const MAX_UNSENT_BYTES = 4 << 20;
/** Fewer copies for many nodes on one host: about 40 % less processor time, no slower (reference notes, 2.3). */
const LEAN_MESH = { D: 4, Dlo: 3, Dhi: 6, Dscore: 2, Dout: 1 };

export interface GossipServiceOptions {
  readonly network: string;
  /** Many nodes on one host or one local network: a leaner mesh. */
  readonly lan: boolean;
}

/** The gossipsub service, for `createLibp2p`. */
export function gossipService(options: GossipServiceOptions, deps: { isBanned(peer: string): boolean }) {
  const topics = TOPICS.map((topic) => topicName(options.network, topic));
  return gossipsub({
    globalSignaturePolicy: "StrictSign",
    allowedTopics: topics,
    fallbackToFloodsub: false,
    floodPublish: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    ...(options.lan ? LEAN_MESH : MESH),
    heartbeatInterval: 700,
    maxInboundDataLength: MAX_GOSSIP_BYTES + 65_536,
    decodeRpcLimits: FRAME_LIMITS,
    maxOutboundBufferSize: MAX_UNSENT_BYTES,
    idontwantMinDataSize: 16_384,
    batchPublish: true,
    doPX: false,
    // Judging may mean training for a while; the sender is not to blame for that.
    gossipsubIWantFollowupMs: 20_000,
    msgIdFn: (message) => contentId(message),
    // The whole signature: with a part of it an author could give two messages one id. Unsigned ones never enter that cache.
    fastMsgIdFn: (message) =>
      message.signature === undefined ? "" : Buffer.from(message.signature).toString("latin1"),
    scoreParams: {
      topics: Object.fromEntries(topics.map((topic) => [topic, TOPIC_SCORE])) as never,
      // How many may come from one place is limited where they come in.
      IPColocationFactorWeight: 0,
      appSpecificWeight: 1,
      appSpecificScore: (peer: string) => (deps.isBanned(peer) ? -1000 : 0),
      retainScore: 600_000,
    },
    scoreThresholds: THRESHOLDS,
  });
}

/** One content, one message, whoever signed the envelope. */
function contentId(message: Message): Uint8Array {
  return createHash("sha256").update(message.topic).update("\0").update(message.data).digest().subarray(0, 20);
}
