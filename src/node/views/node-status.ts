// Puts the one shape of a node's status together from what the parts know at this moment.
import { formatAddress, formatCoins, toHex } from "../../base/index.ts";
import type { Genesis, Rules } from "../../chain/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import type { Engine } from "../../engine/index.ts";
import type { Clock, Runtime, Wire } from "../../ports/index.ts";
import type { RunningRole } from "../../roles/index.ts";
import type { Task } from "../../work/index.ts";
import { VERSION } from "../paths.ts";
import type { CapabilityReport } from "./capability.ts";
import type { HealthCheck } from "./health-checks.ts";
import type { Lookout } from "./lookout.ts";
import type { Meter } from "./meter.ts";
import { type moneyFields, moneyOf } from "./money.ts";
import type { Seasons } from "./seasons.ts";
import type { NodeState, NodeStatus, TaskStatus } from "./status.ts";

/** What the node itself keeps track of. */
export interface Moment {
  readonly state: NodeState;
  readonly startedAt: number;
  readonly syncing: number | undefined;
  readonly recentAlerts: number;
  readonly health: readonly HealthCheck[];
}

/** Threat level by valid alerts of the last ten minutes: each comes with its evidence. */
export function threatLevel(recentAlerts: number): NodeStatus["threatLevel"] {
  if (recentAlerts === 0) return "LOW";
  if (recentAlerts < 5) return "ELEVATED";
  return recentAlerts < 20 ? "HIGH" : "CRITICAL";
}

/** The parts of a node that a status tells of. */
export interface StatusParts {
  readonly network: { readonly genesis: Genesis; readonly rules: Rules };
  readonly key: KeyPair;
  readonly clock: Clock;
  readonly wire: Wire;
  readonly runtime: Runtime | undefined;
  readonly engine: Engine;
  /** Verifiers that it was told to trust. */
  readonly trusted: number;
  readonly roles: readonly RunningRole[];
  readonly refused: NodeStatus["rolesRefused"];
  readonly capabilities: readonly CapabilityReport[];
}

export interface StatusSources {
  readonly built: StatusParts;
  readonly meter: Meter;
  readonly lookout: Lookout;
  readonly seasons: Seasons;
}

export function buildStatus(sources: StatusSources, moment: Moment): NodeStatus {
  const { built, meter, lookout } = sources;
  const { engine, network, wire, clock } = built;
  const now = clock.now();
  return {
    ...accountOf(built),
    peerId: wire.peerId,
    network: network.genesis.network,
    genesis: toHex(network.rules.genesis),
    roles: rolesOf(built),
    rolesRefused: built.refused,
    state: moment.state,
    version: VERSION,
    uptimeSeconds: Math.round((now - moment.startedAt) / 1000),
    height: engine.ledger.head.height,
    targetHeight: Math.max(engine.ledger.head.height, engine.sync.target ?? 0),
    keptFrom: engine.oldest,
    tip: lookout.tip,
    settled: lookout.settled,
    waitsFor: waitsFor(built),
    finalizedHeight: 0,
    peers: wire.peers().length,
    addresses: wire.addresses(),
    accountFee: formatCoins(network.rules.accountFee),
    tasks: network.rules.tasks.map((task) => taskStatus(sources, moment, task)),
    provider: built.runtime?.provider,
    capabilities: built.capabilities,
    health: moment.health,
    threatLevel: threatLevel(moment.recentAlerts),
    clockOffsetMs: engine.clockOffsetMs,
    syncProgress: moment.syncing,
    eventLoopDelayP99Ms: round(meter.eventLoopDelayP99Ms(), 2),
    residentBytes: process.memoryUsage.rss(),
    stats: statsOf(built, meter, now),
  };
}

/** Why the chain stands still at a node that goes by others' words, and the next step. */
function waitsFor({ engine, runtime, trusted }: StatusParts): string | undefined {
  const { unvouched } = engine;
  if (unvouched === undefined) return undefined;
  const why = runtime === undefined ? "this node cannot train" : "this node does not follow the task it trains";
  const own = runtime === undefined ? "install onnxruntime-node" : "follow all tasks";
  const words =
    trusted === 0
      ? `no keys with two thirds of all stake vouched for it, and no verifier is trusted; start with --trust-verifier <address>, or ${own}`
      : `neither two thirds of the ${trusted} trusted verifiers nor of all stake vouched for it; wait for them, or ${own}`;
  return `Block ${unvouched.height} and those above it are not taken over: ${why}, and ${words}.`;
}

function accountOf({ engine, key }: StatusParts): Pick<NodeStatus, "nodeId" | keyof typeof moneyFields> {
  return {
    nodeId: formatAddress(key.address, engine.ledger.rules.network),
    ...moneyOf(engine.ledger.state, key.address),
  };
}

/** Every node is a peer; the word says something only when it is nothing else. */
function rolesOf({ roles }: StatusParts): string[] {
  const names = roles.map(({ role }) => role.name);
  return names.length > 1 ? names.filter((name) => name !== "peer") : names;
}

/** Where a task stands: by this node's own rounds where it follows the task, by the chain's state else. */
function taskStatus({ built, meter, lookout, seasons }: StatusSources, { state }: Moment, task: Task): TaskStatus {
  const id = toHex(task.id);
  const stands = built.engine.ledger.state.task(task.id);
  const view = built.engine.task(id)?.rounds.view;
  // Of a node that has yet to catch up: parameters of long ago.
  const score = state === "connecting" || state === "syncing" ? undefined : lookout.score(id);
  return {
    id,
    name: task.name,
    model: task.model,
    followed: view !== undefined,
    round: view?.round ?? stands?.round ?? 0,
    loss: meter.losses.get(id) ?? score?.evaluation.loss,
    accuracy: score === undefined ? undefined : score.evaluation.correct / score.evaluation.samples,
    accuracyHeight: score?.height,
    parametersDigest: toHex(view?.startDigest ?? stands?.parametersDigest ?? task.initialDigest),
    ...seasons.view(task),
  };
}

function statsOf({ wire }: StatusParts, meter: Meter, now: number): NodeStatus["stats"] {
  const traffic = wire.stats();
  return {
    blocksMined: meter.blocksMined,
    tasksCompleted: 0,
    rewardsEarned: formatCoins(meter.rewards),
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
