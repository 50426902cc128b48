// The composition root: opens every part in order and hands each what it needs. Reading this file tells the whole machine.
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../adapters/clock/index.ts";
import { memoryStore, openLevelStore } from "../../adapters/level/index.ts";
import { createLog, createMetrics, type MetricsRegistry } from "../../adapters/telemetry/index.ts";
import type { Scope } from "../../base/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import { Engine, type EngineOptions, standardRetention } from "../../engine/index.ts";
import type { Artifacts, Clock, Log, Runtime, SigningHistory, Store, Wire } from "../../ports/index.ts";
import { type ChosenRoles, chooseRoles, claimsOf, type Need, type RunningRole, startRole } from "../../roles/index.ts";
import type { Task } from "../../work/index.ts";
import type { NodeOptions } from "../config/index.ts";
import { guardedRoles, NO_PLUGINS, type Plugins } from "../plugins/index.ts";
import { type CapabilityReport, off, ready } from "../views/index.ts";
import { installedArtifacts, probeRuntime, workersFor } from "./capabilities.ts";
import { makeDataDir } from "./data-dir.ts";
import { tasksNamed } from "./follow.ts";
import { addressesOf, loadNetwork, type Network } from "./network.ts";
import { firstIndex, firstWaitMs, keyTrouble, openKey } from "./own-account.ts";
import { openWire } from "./wire.ts";

/** Parts that tests, simulations and plugins bring themselves; everything absent is the real one. */
export interface NodeParts {
  readonly log?: Log;
  readonly clock?: Clock;
  readonly store?: Store;
  readonly wire?: Wire;
  readonly artifacts?: Artifacts;
  /** `null`: as if no provider could train here. */
  readonly runtime?: Runtime | null;
  readonly network?: Network;
  readonly key?: KeyPair;
  /** What the key signed before. */
  readonly history?: SigningHistory;
  readonly metrics?: MetricsRegistry;
  /** Already loaded: the modules that the settings name are then not looked at. */
  readonly plugins?: Plugins;
  /** Told of the one long piece of a first start, converting the data set, 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

export interface RefusedRole {
  readonly role: string;
  readonly reason: string;
}

/** Everything a node runs on. */
export interface Built {
  readonly options: NodeOptions;
  readonly network: Network;
  /** The tasks that the node follows. */
  readonly tasks: readonly Task[];
  readonly key: KeyPair;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
  readonly wire: Wire;
  readonly runtime: Runtime | undefined;
  /** Verifiers that it was told to trust. */
  readonly trusted: number;
  readonly capabilities: readonly CapabilityReport[];
  readonly roles: readonly RunningRole[];
  readonly refused: readonly RefusedRole[];
  readonly engine: Engine;
  /** Why the chain has to be heard from a peer before anything is signed; undefined where it has not. */
  readonly keyTrouble: string | undefined;
}

/** Opens all parts; what is opened is closed with `scope`, in reverse. Throws BAD_CONFIG for tasks that the network does not have. */
export async function build(options: NodeOptions, parts: NodeParts, scope: Scope): Promise<Built> {
  const log = parts.log ?? createLog({ level: options.logLevel });
  const clock = parts.clock ?? systemClock();
  const metrics = parts.metrics ?? createMetrics({ process: true });
  const { list, modelsDirs } = parts.plugins ?? NO_PLUGINS;
  const network = parts.network ?? loadNetwork(options.network, modelsDirs);
  const tasks = tasksNamed(network.rules.tasks, options.tasks, "tasks");
  tasksNamed(tasks, options.miner.tasks, "miner.tasks");
  if (!options.ephemeral) makeDataDir(options.dataDir);
  const store = await openStore(options, parts, scope);
  const account = await openKey(options, parts, log, scope);
  const { key, history } = account;
  const artifacts = parts.artifacts ?? installedArtifacts(options, { modelsDirs, log });
  const workers = workersFor(options, availableParallelism());
  const { runtime, capabilities } = await findRuntime({ options, tasks, workers }, parts, { artifacts, log }, scope);
  const wire = parts.wire ?? (await openWire(options, network, { log, clock, metrics }));
  // Also where it never starts: its book of peers is open.
  scope.defer("wire", () => wire.stop());
  const has = (need: Need): boolean => need !== "runtime" || runtime !== undefined;
  const chosen = chooseRoles(options.roles, has, guardedRoles(list, log));
  const engine = await Engine.open(
    {
      ...network,
      tasks,
      ...behaviourOf(options, chosen.roles, network),
      ...(parts.clock === undefined ? { firstWaitMs, firstIndex: firstIndex() } : {}),
    },
    { store, wire, artifacts, runtime, key, history, clock, log },
  );
  scope.defer("engine", () => engine.stop());
  return {
    ...{ options, network, key, log, clock, metrics, wire, runtime, engine },
    keyTrouble: keyTrouble(engine.ledger.head.height, account, { mayHear: options.bootstrap.length > 0, log }),
    trusted: options.trustedVerifiers.length,
    tasks: engine.tasks.map(({ task }) => task),
    capabilities: [...capabilities, mdnsReport(options)],
    roles: chosen.roles.map((role) => startRole(role, { workers, settings: options, tasks })),
    refused: chosen.refused.map((refused) => sayRefused(refused, capabilities)),
  };
}

/** What settings and roles make of an engine. */
function behaviourOf(
  options: NodeOptions,
  roles: ChosenRoles["roles"],
  network: Network,
): Omit<EngineOptions, "genesis" | "rules" | "tasks"> {
  const claims = claimsOf(roles);
  return {
    roleBits: roles.reduce((bits, { bit }) => bits | bit, 0),
    ...claims,
    // A verifier's word is on all below a block.
    samples: !options.verifyAll && !claims.checksBeforeRelay,
    trustedVerifiers: addressesOf(options.trustedVerifiers, network),
    retention: { ...standardRetention, window: options.archive ? undefined : options.retention },
    minFee: BigInt(options.limits.minFee),
  };
}

async function openStore({ ephemeral, dataDir }: NodeOptions, parts: NodeParts, scope: Scope): Promise<Store> {
  const store = parts.store ?? (ephemeral ? memoryStore() : await openLevelStore(join(dataDir, "chain")));
  scope.defer("store", () => store.close());
  return store;
}

interface Wanted {
  readonly options: NodeOptions;
  readonly tasks: readonly Task[];
  readonly workers: number;
}

async function findRuntime(
  { options, tasks, workers }: Wanted,
  parts: NodeParts,
  deps: { readonly artifacts: Artifacts; readonly log: Log },
  scope: Scope,
): Promise<{ readonly runtime: Runtime | undefined; readonly capabilities: readonly CapabilityReport[] }> {
  if (parts.runtime === null) {
    return { runtime: undefined, capabilities: [off("runtime", "switched off by the caller", undefined)] };
  }
  if (parts.runtime !== undefined) {
    return { runtime: parts.runtime, capabilities: [ready("runtime", `given: ${parts.runtime.provider}`)] };
  }
  const { onProgress } = parts;
  const more = onProgress === undefined ? deps : { ...deps, onProgress };
  const found = await probeRuntime(tasks, { provider: options.provider, workers }, more, { signal: scope.signal });
  const { runtime } = found;
  if (runtime !== undefined) scope.defer("runtime", () => runtime.close());
  return found;
}

function sayRefused(
  { role, missing }: ChosenRoles["refused"][number],
  capabilities: readonly CapabilityReport[],
): RefusedRole {
  if (missing === undefined) return { role, reason: "this version does not have the role yet" };
  const report = capabilities.find(({ name }) => name === missing);
  const remedy = report?.remedy === undefined ? "" : `; ${report.remedy}`;
  return { role, reason: `needs ${missing}: ${report?.reason ?? "it is absent"}${remedy}` };
}

function mdnsReport({ mdns }: NodeOptions): CapabilityReport {
  if (mdns) return ready("mdns", "peers on the local network are looked for");
  return off("mdns", "nobody asked for it", "To find peers on the local network, start with --mdns.");
}
