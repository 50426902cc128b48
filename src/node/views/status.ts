// The one shape of a node's status: `/v1/status`, `pouw-node status --json` and `node.getStatus()`.

export const ROLE_NAMES = ["miner", "verifier", "supervisor", "evaluator", "client", "peer"] as const;
export type RoleName = (typeof ROLE_NAMES)[number];

export const NODE_STATES = ["initializing", "connecting", "syncing", "active", "mining", "stopping", "error"] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** One optional part, as its probe found it at start. */
export interface CapabilityReport {
  readonly name: string;
  readonly state: "ready" | "absent";
  /** What is there, or why it is not. */
  readonly reason: string | undefined;
  /** What to type to get it. */
  readonly remedy: string | undefined;
}

export interface TaskStatus {
  readonly id: string;
  readonly model: string;
  readonly round: number;
  /** Mean cross-entropy (nats) of the last own unit, or of the validation split on nodes that do not train. */
  readonly loss: number | undefined;
  /** Share of the validation split predicted right, at `accuracyHeight`. */
  readonly accuracy: number | undefined;
  readonly accuracyHeight: number | undefined;
  /** digest(P) at the tip, hex. */
  readonly parametersDigest: string;
}

export interface NodeStats {
  readonly blocksMined: number;
  readonly tasksCompleted: number;
  /** Decimal string. */
  readonly rewardsEarned: string;
  readonly securityAlerts: number;
  readonly networkMessages: number;
  readonly units: number;
  readonly unitsPerSecond: number;
  /** Processor time inside the training graph over the process's processor time since mining began. */
  readonly trainingShare: number;
  readonly draws: number;
  readonly contributionsRecorded: number;
  readonly blocksVerified: number;
  readonly reorganisations: number;
}

/** A block as status and events name it. */
export interface BlockSummary {
  readonly height: number;
  readonly hash: string;
  readonly miner: string;
  readonly time: number;
  readonly stateRoot: string;
  readonly parametersDigest: string;
  /** `executed` by this node, `verdicts` followed, or still `pending`. */
  readonly checked: "executed" | "verdicts" | "pending" | "trusted";
}

export interface NodeStatus {
  /** The account, hex. */
  readonly nodeId: string;
  readonly peerId: string;
  readonly network: string;
  readonly genesis: string;
  readonly roles: readonly RoleName[];
  /** Roles that were asked for and could not start, with the reason. */
  readonly rolesRefused: readonly { readonly role: RoleName; readonly reason: string }[];
  readonly state: NodeState;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly height: number;
  readonly tip: BlockSummary;
  /** The block two below the tip: what healthy nodes of one network agree on at any moment. */
  readonly settled: BlockSummary;
  readonly finalizedHeight: number;
  readonly peers: number;
  readonly addresses: readonly string[];
  readonly balance: string;
  readonly immature: string;
  readonly tasks: readonly TaskStatus[];
  readonly provider: string | undefined;
  readonly capabilities: readonly CapabilityReport[];
  readonly threatLevel: "LOW" | "ELEVATED" | "HIGH" | "CRITICAL";
  /** 0 to 1 while syncing. */
  readonly syncProgress: number | undefined;
  readonly eventLoopDelayP99Ms: number;
  readonly residentBytes: number;
  readonly stats: NodeStats;
}
