// The one shape of a node's status: `/v1/status`, `pouw-node status --json` and `node.getStatus()`.
import { z } from "zod";
import { blockSummarySchema } from "./blocks.ts";
import { capabilitySchema } from "./capability.ts";
import { addressForm, amountForm, count, hashForm, heightForm } from "./forms.ts";
import { healthCheckSchema } from "./health-checks.ts";
import { moneyFields } from "./money.ts";

const NODE_STATES = [
  "initializing",
  "connecting",
  "syncing",
  "active",
  "mining",
  "degraded",
  "stopping",
  "stopped",
  "error",
] as const;
export type NodeState = (typeof NODE_STATES)[number];

const roleForm = z.string().meta({ id: "Role", description: "What a node does for its network." });
export const stateForm = z.enum(NODE_STATES).meta({ id: "NodeState", description: "Where a node stands." });

const settingForm = z
  .record(z.string(), z.string())
  .meta({ id: "Setting", description: "A setting of a task's optimizer: hyper-parameter -> decimal number." });

const seasonSchema = z
  .object({
    number: count("Its number, from 0."),
    setting: settingForm,
    blocks: count("Blocks of it that are on the chain."),
    length: count("Blocks that it has."),
  })
  .readonly()
  .meta({ id: "Season", description: "The season that a task is in: training begins anew with each." });

const seasonScoreSchema = z
  .object({
    season: count("Number of the season."),
    setting: settingForm,
    accuracy: z.number().describe("Share of the validation split that its last parameters predict right, 0 to 1."),
    height: heightForm.describe("Height of its last block."),
    digest: hashForm.describe("digest(P) of its last parameters."),
  })
  .readonly()
  .meta({ id: "SeasonScore", description: "How good a season's last parameters are, as this node scored them." });
export type SeasonScoreView = z.infer<typeof seasonScoreSchema>;

const taskSchema = z
  .object({
    id: hashForm.describe("Id of the training task."),
    name: z.string().describe("The task's name in the genesis."),
    followed: z.boolean().describe("Whether this node computes the task's parameters itself."),
    model: z.string().describe("Name of the model that is trained."),
    round: count("The round that is open now."),
    loss: z
      .number()
      .optional()
      .describe(
        "Mean cross-entropy (nats) of the last own unit, or of the validation split on nodes that do not train.",
      ),
    accuracy: z
      .number()
      .optional()
      .describe(
        "Share of the validation split predicted right at `accuracyHeight`, 0 to 1; absent while the node catches up.",
      ),
    accuracyHeight: heightForm.optional().describe("Height of the block whose parameters were scored."),
    parametersDigest: hashForm.describe("digest(P) at the tip."),
    season: seasonSchema,
    seasons: z
      .array(seasonScoreSchema)
      .readonly()
      .describe("The last seasons that this node scored, eight at most, oldest first."),
    best: seasonScoreSchema.optional().describe("The best season that this node ever scored; absent before the first."),
  })
  .readonly()
  .meta({ id: "TaskStatus", description: "Where a training task stands." });
export type TaskStatus = z.infer<typeof taskSchema>;

const statsSchema = z
  .object({
    blocksMined: count("Blocks of the best chain that this node mined since its start."),
    tasksCompleted: count("Training tasks completed."),
    rewardsEarned: amountForm.describe("Rewards of this node's account in blocks since its start."),
    securityAlerts: count("Offences proven since the start."),
    networkMessages: count("Gossip messages received and sent."),
    units: count("Units of training run by this node."),
    unitsPerSecond: z.number().describe("Units per second over the last minute."),
    trainingShare: z
      .number()
      .describe(
        "Time inside the training graph over the process's processor time since mining began, 0 to 1; the first is wall time.",
      ),
    draws: count("Draws made with finished units."),
    contributionsRecorded: count("Own contributions in records of the best chain since the start."),
    blocksVerified: count("Winning units re-executed."),
    reorganisations: count("Times that the best chain lost a block."),
  })
  .readonly()
  .meta({ id: "NodeStats", description: "What the node counted since its start." });

const refusedRole = z
  .object({ role: roleForm, reason: z.string().describe("Why it could not start, for people.") })
  .readonly();

export const statusSchema = z
  .object({
    nodeId: addressForm.describe("The node's account."),
    peerId: z.string().describe("libp2p peer id."),
    network: z.string().describe("Name of the network."),
    genesis: hashForm.describe("Hash of the genesis block."),
    roles: z.array(roleForm).readonly().describe("Roles that run."),
    rolesRefused: z.array(refusedRole).readonly().describe("Roles that were asked for and could not start."),
    state: stateForm,
    version: z.string().describe("Version of pouw-node."),
    uptimeSeconds: z.number().describe("Seconds since the start."),
    height: heightForm.describe("Height of the best block."),
    targetHeight: heightForm.describe(
      "Height of the heaviest chain that peers showed the headers of; that of the best block where none is heavier.",
    ),
    keptFrom: heightForm.describe(
      "Lowest height whose deltas are all kept here; of blocks below it the training can be checked elsewhere only.",
    ),
    tip: blockSummarySchema.describe("The best block."),
    settled: blockSummarySchema.describe(
      "The block two below the tip: what healthy nodes of one network agree on at any moment.",
    ),
    waitsFor: z
      .string()
      .optional()
      .describe(
        "Why blocks that peers have are not taken over, and what to do about it: this node does not run their units itself, and nobody vouched for them yet. Absent when nothing waits.",
      ),
    finalizedHeight: heightForm.describe("Height of the last final block."),
    peers: count("Number of connected peers."),
    addresses: z.array(z.string()).readonly().describe("Multiaddrs that the node listens at, with its peer id."),
    ...moneyFields,
    accountFee: amountForm.describe(
      "What a new account costs: burnt from what is sent to it. With less an account does not stay.",
    ),
    tasks: z.array(taskSchema).readonly().describe("Every training task of the network, followed here or not."),
    provider: z.string().optional().describe("Execution provider that trains here; absent without a runtime."),
    capabilities: z.array(capabilitySchema).readonly().describe("The optional parts."),
    health: z.array(healthCheckSchema).readonly().describe("What is watched while the node runs."),
    threatLevel: z
      .enum(["LOW", "ELEVATED", "HIGH", "CRITICAL"])
      .describe("By the offences proven in the last ten minutes: none, fewer than 5, fewer than 20, more."),
    clockOffsetMs: z
      .int()
      .optional()
      .describe(
        "This machine's clock less the median of its peers', milliseconds; absent before the first peer told. Beyond 2,000 either way the clock is wrong.",
      ),
    syncProgress: z
      .number()
      .optional()
      .describe("Share of the blocks to catch up with that lead here, 0 to 1; absent when nothing is fetched."),
    eventLoopDelayP99Ms: z.number().describe("99th percentile of how late the event loop was, milliseconds."),
    residentBytes: count("Memory of the process, bytes."),
    stats: statsSchema,
  })
  .readonly()
  .meta({ id: "NodeStatus", description: "The node as it is now." });
export type NodeStatus = z.infer<typeof statusSchema>;
