// Gossip: validators that map the inside's verdicts, what a frame costs its sender, and publishing.
import { type GossipSub, type Message, TopicValidatorResult } from "@chainsafe/libp2p-gossipsub";
import { messageOf, PouwError, type Verdict } from "../../../base/index.ts";
import { MESSAGES, TOPICS, type Topic } from "../../../codec/index.ts";
import type { Clock, Log, WireHandlers } from "../../../ports/index.ts";
import type { Budget } from "../budget.ts";
import { topicName } from "../options.ts";
import type { Traffic } from "../traffic.ts";
import { type GossipHooks, hookGossip } from "./hooks.ts";

const RESULTS: Readonly<Record<Verdict["kind"], TopicValidatorResult>> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

export interface GossipDeps {
  readonly pubsub: GossipSub;
  readonly work: Pick<Budget, "spend">;
  readonly traffic: Pick<Traffic, "judged" | "published">;
  readonly clock: Clock;
  readonly log: Log;
  /** A provable wrong of a peer. */
  strike(peer: string, what: string): void;
}

export class Gossip {
  readonly #network: string;
  readonly #deps: GossipDeps;
  readonly #hooks: GossipHooks;

  constructor(options: { readonly network: string }, deps: GossipDeps) {
    this.#network = options.network;
    this.#deps = deps;
    this.#hooks = hookGossip(deps.pubsub, {
      garbage: (peer, what) => deps.strike(peer, what),
      charge: (peer, units) => void deps.work.spend(peer, units),
    });
  }

  /** Sets the validators; call before the node starts. */
  attach(handlers: WireHandlers): void {
    for (const topic of TOPICS)
      this.#deps.pubsub.topicValidators.set(
        topicName(this.#network, topic),
        async (peer, message) => RESULTS[await this.#judge(topic, handlers, peer.toString(), message)],
      );
  }

  /** Joins the topics; call when the node runs. */
  subscribe(): void {
    for (const topic of TOPICS) this.#deps.pubsub.subscribe(topicName(this.#network, topic));
  }

  async publish(topic: Topic, data: Uint8Array): Promise<void> {
    // Gossipsub would send nothing above its own cap and still resolve.
    if (data.length > MESSAGES[topic].limit)
      throw new PouwError("WIRE_FAILED", `a ${topic} message of ${data.length} bytes is over its limit`);
    await this.#deps.pubsub.publish(topicName(this.#network, topic), data);
    this.#deps.traffic.published(topic);
  }

  score(peer: string): number {
    return this.#hooks.score(peer);
  }

  /** Both gossip streams of a peer are there. */
  isLinked(peer: string): boolean {
    return this.#hooks.isLinked(peer);
  }

  meshSize(topic: Topic): number {
    return this.#hooks.meshSize(topicName(this.#network, topic));
  }

  async #judge(topic: Topic, handlers: WireHandlers, from: string, message: Message): Promise<Verdict["kind"]> {
    const { clock, log, traffic } = this.#deps;
    if (message.type !== "signed" || message.data.length > MESSAGES[topic].limit) {
      this.#deps.strike(from, "gossip message over the limit");
      return "reject";
    }
    const author = message.from.toString();
    const begun = clock.now();
    try {
      // A plain copy: the library's is a view into a socket's buffer.
      const verdict = await handlers.gossip(topic, new Uint8Array(message.data), { from, author });
      traffic.judged(topic, verdict.kind, (clock.now() - begun) / 1000);
      if (verdict.kind === "reject") this.#deps.strike(from, verdict.code);
      return verdict.kind;
    } catch (error) {
      log.error({ topic, from, error: messageOf(error) }, "judging a gossip message failed");
      return "ignore";
    }
  }
}
