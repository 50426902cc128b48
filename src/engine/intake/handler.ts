// What a gossip topic's handler is given and answers.
import type { Shares, Verdict } from "../../base/index.ts";
import type { Decoded, MessageOf, Topic } from "../../codec/index.ts";
import type { Clock, Wire } from "../../ports/index.ts";
import type { Attestations, AuditWords, EvidenceWatch, KeyBans, Ledger, Mempool, OwnKey } from "../chain/index.ts";
import type { EventBus } from "../events.ts";
import type { Client, Peers } from "../exchange/index.ts";
import type { PeerOrigin } from "../origin.ts";
import type { Checks, Sources, TaskEngine, UnitRuns } from "../training/index.ts";
import type { EarlyBlocks } from "./early-blocks.ts";
import type { Patience } from "./patience.ts";
import type { Uncovered } from "./uncovered.ts";

export interface IntakeDeps {
  readonly ledger: Ledger;
  readonly mempool: Mempool;
  readonly attestations: Attestations;
  readonly evidence: EvidenceWatch;
  readonly ownKey: Pick<OwnKey, "noteHeader">;
  readonly checks: Checks;
  readonly sources: Sources;
  readonly bans: KeyBans;
  readonly words: AuditWords;
  readonly unitRuns: UnitRuns;
  /** Places of units that evidence has us run. */
  readonly evidenceRuns: Shares;
  readonly client: Client;
  readonly wire: Pick<Wire, "punish">;
  readonly clock: Pick<Clock, "after">;
  readonly peers: Pick<Peers, "ranked">;
  readonly events: EventBus;
  readonly patience: Patience;
  readonly uncovered: Uncovered;
  /** The IP group of a peer. */
  readonly groupOf: (peer: string) => string;
  readonly early: EarlyBlocks;
  /** The engine of a followed task. */
  readonly task: (id: Uint8Array) => TaskEngine | undefined;
  /** Hold every block back until its unit was re-executed here. */
  readonly checksBeforeRelay: boolean;
  readonly signal: AbortSignal;
}

/** The rest of judging a message, which has to wait: for what the network must bring, for a round to move, for a unit to be run. */
export interface Later {
  readonly kind: "later";
  readonly verdict: () => Promise<Verdict>;
}
export const later = (verdict: () => Promise<Verdict>): Later => ({ kind: "later", verdict });

/** accept: relayed on. ignore: dropped. reject: counts against the sender; what a peer could not have known is ignored, not blamed. */
export type Handler<T extends Topic> = (
  message: Decoded<MessageOf<T>>,
  origin: PeerOrigin,
  deps: IntakeDeps,
) => Promise<Verdict | Later> | Verdict | Later;
