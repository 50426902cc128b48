// Gossip: settings, validators that map the inside's verdicts, the cap on judging at once, and publishing.
import { createHash } from "node:crypto";
import { type GossipSub, gossipsub, type Message, TopicValidatorResult } from "@chainsafe/libp2p-gossipsub";
import type { PeerId } from "@libp2p/interface";
import { messageOf, PouwError, type Verdict } from "../../../base/index.ts";
import { type Clock, type Log, MAX_GOSSIP_BYTES, TOPICS, type Topic, type WireHandlers } from "../../../ports/index.ts";
import { topicName } from "../options.ts";
import type { Guard } from "../peers/guard.ts";
import { RateLimiter } from "../rate.ts";
import type { Traffic } from "../traffic.ts";
import { type GossipHooks, hookGossip } from "./hooks.ts";

/** Messages being judged at once; above it new ones are ignored, and the inside fetches what it misses by request. */
const MAX_JUDGING = 64;
/** Frames and messages of one peer. A busy mesh sends some 20 a second; ten times that is a flood in the making. */
const PEER_RATE = { perSecond: 200, burst: 1_000 };
/** A frame without messages costs this many tokens. */
const CONTROL_COST = 0.2;

/** Score of one topic: only provably invalid messages weigh. The library's delivery rates punish the honest on quiet topics, so they are off. */
const TOPIC_SCORE = {
  topicWeight: 1,
  timeInMeshWeight: 0.01,
  timeInMeshQuantum: 1000,
  timeInMeshCap: 300,
  firstMessageDeliveriesWeight: 1,
  firstMessageDeliveriesDecay: 0.9,
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
/** Fewer copies for many nodes on one host: about 40 % less processor time, no slower (reference notes, 2.3). */
const LEAN_MESH = { D: 4, Dlo: 3, Dhi: 6, Dscore: 2, Dout: 1 };

export function gossipService(options: { network: string; lan: boolean }, isBanned: (peer: string) => boolean) {
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
    maxOutboundBufferSize: 16 << 20,
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
      IPColocationFactorWeight: options.lan ? 0 : -5,
      appSpecificWeight: 1,
      appSpecificScore: (peer: string) => (isBanned(peer) ? -1000 : 0),
      retainScore: 600_000,
    },
    scoreThresholds: THRESHOLDS,
  });
}

/** One content, one message, whoever signed the envelope. */
function contentId(message: Message): Uint8Array {
  return createHash("sha256").update(message.topic).update("\0").update(message.data).digest().subarray(0, 20);
}

export interface GossipDeps {
  readonly pubsub: GossipSub;
  readonly guard: Guard;
  readonly traffic: Traffic;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Gossip extends GossipHooks {
  /** Sets the validators; call before the node starts. */
  attach(handlers: WireHandlers): void;
  /** Joins the topics; call when the node runs. */
  subscribe(): void;
  publish(topic: Topic, data: Uint8Array): Promise<void>;
}

export function createGossip(network: string, deps: GossipDeps): Gossip {
  const { pubsub, guard, traffic } = deps;
  const rate = new RateLimiter(PEER_RATE, deps.clock);
  const hooks = hookGossip(pubsub, {
    garbage: (peer, what) => guard.strike(peer, what),
    admit: (peer, messages) => {
      const left = rate.take(peer, Math.max(CONTROL_COST, messages));
      if (left >= 0) return "all";
      traffic.dropped("rate", messages);
      if (!rate.isFlood(left)) return "control";
      // Dropped a whole bucket beyond its due: no longer a burst. The next strike needs a new debt.
      rate.forget(peer);
      guard.strike(peer, "gossip flood");
      return "nothing";
    },
  });
  let judging = 0;

  async function judge(topic: Topic, handlers: WireHandlers, peer: PeerId, message: Message): Promise<Verdict["kind"]> {
    if (message.type !== "signed" || message.data.length > MAX_GOSSIP_BYTES) {
      guard.strike(peer.toString(), "gossip message over the limit");
      return "reject";
    }
    if (judging >= MAX_JUDGING) {
      traffic.dropped("busy", 1);
      return "ignore";
    }
    const from = peer.toString();
    const begun = deps.clock.now();
    judging++;
    try {
      // A plain copy: the library's is a view into a socket's buffer.
      const verdict = await handlers.gossip(topic, new Uint8Array(message.data), {
        from,
        author: message.from.toString(),
      });
      traffic.judged(topic, verdict.kind, (deps.clock.now() - begun) / 1000);
      if (verdict.kind === "reject") guard.strike(from, verdict.code);
      return verdict.kind;
    } catch (error) {
      deps.log.error({ topic, from, error: messageOf(error) }, "judging a gossip message failed");
      return "ignore";
    } finally {
      judging--;
    }
  }

  return {
    ...hooks,
    attach: (handlers) => {
      for (const topic of TOPICS)
        pubsub.topicValidators.set(
          topicName(network, topic),
          async (peer, message) => RESULTS[await judge(topic, handlers, peer, message)],
        );
    },
    subscribe: () => {
      for (const topic of TOPICS) pubsub.subscribe(topicName(network, topic));
    },
    publish: async (topic, data) => {
      // Gossipsub would send nothing above its own cap and still resolve.
      if (data.length > MAX_GOSSIP_BYTES)
        throw new PouwError("WIRE_FAILED", `a ${topic} message of ${data.length} bytes is over the gossip limit`);
      await pubsub.publish(topicName(network, topic), data);
      traffic.published(topic);
    },
  };
}

const RESULTS: Readonly<Record<Verdict["kind"], TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};
