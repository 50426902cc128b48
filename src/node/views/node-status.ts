// Puts the one shape of a node's status together from what the parts know at this moment.
import { toHex } from "../../base/index.ts";
import type { Evaluation } from "../../ports/index.ts";
import type { Built } from "../parts/build.ts";
import { VERSION } from "../paths.ts";
import type { BlockSummary } from "./blocks.ts";
import type { Meter } from "./meter.ts";
import type { NodeState, NodeStatus, RoleName, TaskStatus } from "./status.ts";

/** A score of the parameters that the block at `height` started from. */
export interface Scored {
  readonly evaluation: Evaluation;
  readonly height: number;
}

/** What the node itself keeps track of. */
export interface Moment {
  readonly state: NodeState;
  readonly startedAt: number;
  readonly tip: BlockSummary;
  readonly settled: BlockSummary;
  /** The last score taken of a settled block's parameters. */
  readonly score: Scored | undefined;
  readonly syncing: number | undefined;
  readonly recentAlerts: number;
}

/** Threat level by valid alerts of the last ten minutes: each comes with its evidence. */
export function threatLevel(recentAlerts: number): NodeStatus["threatLevel"] {
  if (recentAlerts === 0) return "LOW";
  if (recentAlerts < 5) return "ELEVATED";
  return recentAlerts < 20 ? "HIGH" : "CRITICAL";
}

export function buildStatus(built: Built, meter: Meter, moment: Moment): NodeStatus {
  const { engine, network, key, wire, roles, clock } = built;
  const { state } = engine.ledger;
  const account = state.account(key.address);
  const immature = state.immature(key.address).reduce((sum, reward) => sum + reward.amount, 0n);
  const names: RoleName[] = roles.running.map(({ name }) => name);
  const now = clock.now();
  return {
    nodeId: toHex(key.address),
    peerId: wire.peerId,
    network: network.genesis.network,
    genesis: toHex(network.rules.genesis),
    // Every node is a peer; the word says something only when it is nothing else.
    roles: names.length > 1 ? names.filter((name) => name !== "peer") : names,
    rolesRefused: built.refused,
    state: moment.state,
    version: VERSION,
    uptimeSeconds: Math.round((now - moment.startedAt) / 1000),
    height: engine.ledger.head.height,
    tip: moment.tip,
    settled: moment.settled,
    finalizedHeight: 0,
    peers: wire.peers().length,
    addresses: wire.addresses(),
    balance: `${account.balance}`,
    immature: `${immature}`,
    tasks: [taskStatus(built, meter, moment)],
    provider: built.runtime?.provider,
    capabilities: built.capabilities,
    threatLevel: threatLevel(moment.recentAlerts),
    syncProgress: moment.syncing,
    eventLoopDelayP99Ms: round(meter.eventLoopDelayP99Ms(), 2),
    residentBytes: process.memoryUsage.rss(),
    stats: statsOf(built, meter, now),
  };
}

function taskStatus({ engine, network }: Built, meter: Meter, { score }: Moment): TaskStatus {
  const { view } = engine.rounds;
  return {
    id: toHex(network.task.id),
    model: network.task.model,
    round: view.round,
    loss: meter.loss ?? score?.evaluation.loss,
    accuracy: score === undefined ? undefined : score.evaluation.correct / score.evaluation.samples,
    accuracyHeight: score?.height,
    parametersDigest: toHex(view.startDigest),
  };
}

function statsOf({ wire }: Built, meter: Meter, now: number): NodeStatus["stats"] {
  const traffic = wire.stats();
  return {
    blocksMined: meter.blocksMined,
    tasksCompleted: 0,
    rewardsEarned: `${meter.rewards}`,
    securityAlerts: meter.alerts,
    networkMessages: traffic.messagesIn + traffic.messagesOut,
    units: meter.units,
    unitsPerSecond: round(meter.unitsPerSecond(now), 3),
    trainingShare: round(meter.trainingShare(), 4),
    draws: meter.draws,
    contributionsRecorded: meter.recorded,
    blocksVerified: meter.verified,
    reorganisations: meter.reorganisations,
  };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
