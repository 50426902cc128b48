// The shape of every reply, once: the server writes nothing that is not declared here, the client checks what it reads.
import { z } from "zod";
import { NODE_STATES, ROLE_NAMES } from "../node/index.ts";

const hash = z.string();
const amount = z.string();
const checked = z.enum(["executed", "verdicts", "pending", "trusted"]);

const blockSummary = z.object({
  height: z.number(),
  hash,
  miner: z.string(),
  time: z.number(),
  stateRoot: hash,
  parametersDigest: hash,
  checked,
});

const taskStatus = z.object({
  id: hash,
  model: z.string(),
  round: z.number(),
  loss: z.number().optional(),
  accuracy: z.number().optional(),
  accuracyHeight: z.number().optional(),
  parametersDigest: hash,
});

const capabilitySchema = z.object({
  name: z.string(),
  state: z.enum(["ready", "absent"]),
  reason: z.string().optional(),
  remedy: z.string().optional(),
});

const stats = z.object({
  blocksMined: z.number(),
  tasksCompleted: z.number(),
  rewardsEarned: amount,
  securityAlerts: z.number(),
  networkMessages: z.number(),
  units: z.number(),
  unitsPerSecond: z.number(),
  trainingShare: z.number(),
  draws: z.number(),
  contributionsRecorded: z.number(),
  blocksVerified: z.number(),
  reorganisations: z.number(),
});

export const statusSchema = z.object({
  nodeId: z.string(),
  peerId: z.string(),
  network: z.string(),
  genesis: hash,
  roles: z.array(z.enum(ROLE_NAMES)),
  rolesRefused: z.array(z.object({ role: z.enum(ROLE_NAMES), reason: z.string() })),
  state: z.enum(NODE_STATES),
  version: z.string(),
  uptimeSeconds: z.number(),
  height: z.number(),
  tip: blockSummary,
  settled: blockSummary,
  finalizedHeight: z.number(),
  peers: z.number(),
  addresses: z.array(z.string()),
  balance: amount,
  immature: amount,
  tasks: z.array(taskStatus),
  provider: z.string().optional(),
  capabilities: z.array(capabilitySchema),
  threatLevel: z.enum(["LOW", "ELEVATED", "HIGH", "CRITICAL"]),
  syncProgress: z.number().optional(),
  eventLoopDelayP99Ms: z.number(),
  residentBytes: z.number(),
  stats,
});

export const peerSchema = z.object({
  id: z.string(),
  address: z.string(),
  direction: z.enum(["inbound", "outbound"]),
  agent: z.string().optional(),
  score: z.number(),
  connectedAt: z.number(),
  latencyMs: z.number().optional(),
});

export const blockSchema = z.object({
  height: z.number(),
  hash,
  parent: hash,
  time: z.number(),
  miner: z.string(),
  task: hash,
  round: z.number(),
  mlNode: z.number(),
  index: z.number(),
  start: hash,
  digest: hash,
  nonce: z.string(),
  target: z.string(),
  stateRoot: hash,
  transfers: z.number(),
  records: z.number(),
  contributions: z.number(),
  checked,
});

const recordSchema = z.object({
  id: hash,
  round: z.number(),
  leader: z.string(),
  next: hash,
  contributions: z.array(z.object({ id: hash, author: z.string(), digest: hash })),
});

export const transferSchema = z.object({
  id: hash,
  from: z.string(),
  to: z.string(),
  amount,
  fee: amount,
  nonce: z.string(),
  height: z.number().optional(),
  block: hash.optional(),
});

export const blockDetailSchema = blockSchema.extend({
  transferList: z.array(transferSchema),
  recordList: z.array(recordSchema),
  evidence: z.number(),
});

export const accountSchema = z.object({
  address: z.string(),
  balance: amount,
  immature: amount,
  nonce: z.string(),
  bannedUntil: z.number().optional(),
});

export const acceptedSchema = z.object({ id: hash, accepted: z.literal(true) });
export const healthSchema = z.object({ ok: z.boolean(), state: z.enum(NODE_STATES) });

export const errorSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    remedy: z.string().optional(),
    /** The refusal's own code, when the ledger or the mempool said no. */
    refusal: z.string().optional(),
  }),
});
export type ErrorReply = z.infer<typeof errorSchema>;

/** The JSON schema that fastify serialises by: what it does not name does not leave. */
export function replySchema(schema: z.ZodType): object {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { target: "draft-7", io: "output" });
  return json;
}

/** Reply schemas of a route: its own for 2xx, the error form for everything else. */
export const replies = (schema: z.ZodType): { response: { [status: string]: object } } => ({
  response: { "2xx": replySchema(schema), "4xx": replySchema(errorSchema), "5xx": replySchema(errorSchema) },
});
