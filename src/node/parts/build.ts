// The composition root: opens every part in order and hands each what it needs. Reading this file tells the whole machine.
import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../adapters/clock/index.ts";
import { memoryStore, openLevelStore } from "../../adapters/level/index.ts";
import { createLog, createMetrics, type MetricsRegistry } from "../../adapters/telemetry/index.ts";
import type { Scope } from "../../base/index.ts";
import type { KeyPair } from "../../crypto/index.ts";
import { Engine } from "../../engine/index.ts";
import type { Clock, Log, Runtime, Store, Wire } from "../../ports/index.ts";
import { ROLES, type RoleName as RunnableRole, type StartedRoles, startRoles } from "../../roles/index.ts";
import { DEFAULT_LISTEN } from "../config/settings.ts";
import type { NodeOptions } from "../config/table.ts";
import { VERSION } from "../paths.ts";
import type { CapabilityReport, RoleName } from "../views/status.ts";
import { absent, probeRuntime, ready, workersFor } from "./capabilities.ts";
import { addressesOf, loadNetwork, type Network } from "./network.ts";
import { openAccount } from "./wallet.ts";

/** Parts that tests and simulations bring themselves; everything absent is the real one. */
export interface NodeParts {
  readonly log?: Log;
  readonly clock?: Clock;
  readonly store?: Store;
  readonly wire?: Wire;
  /** `null`: as if no provider could train here. */
  readonly runtime?: Runtime | null;
  readonly network?: Network;
  readonly key?: KeyPair;
  readonly metrics?: MetricsRegistry;
  /** Told of the one long piece of a first start, converting the data set, 0 to 1. */
  readonly onProgress?: (share: number) => void;
}

export interface RefusedRole {
  readonly role: RoleName;
  readonly reason: string;
}

/** Everything a node runs on. */
export interface Built {
  readonly options: NodeOptions;
  readonly network: Network;
  readonly key: KeyPair;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: MetricsRegistry;
  readonly wire: Wire;
  readonly runtime: Runtime | undefined;
  readonly capabilities: readonly CapabilityReport[];
  readonly roles: StartedRoles;
  readonly refused: readonly RefusedRole[];
  readonly engine: Engine;
}

const isRunnable = (role: RoleName): role is RunnableRole => role in ROLES;

/** Opens all parts; what is opened is closed with `scope`, in reverse. */
export async function build(options: NodeOptions, parts: NodeParts, scope: Scope): Promise<Built> {
  const log = parts.log ?? createLog({ level: options.logLevel });
  const clock = parts.clock ?? systemClock();
  const metrics = parts.metrics ?? createMetrics({ process: true });
  const network = parts.network ?? loadNetwork(options.network);
  const store = parts.store ?? (await openStore(options));
  scope.defer("store", () => store.close());
  const key = parts.key ?? accountOf(options, log);
  const workers = workersFor(options, availableParallelism());
  const { runtime, capabilities } = await findRuntime(network, options, parts, { log, workers }, scope);
  const wire = parts.wire ?? (await openWire(options, network, { log, clock, metrics }));
  const wanted = options.roles.filter(isRunnable);
  const roles = startRoles(wanted, (need) => need !== "runtime" || runtime !== undefined, {
    workers,
    settings: options,
  });
  const refused = refusals(options, roles, capabilities);
  const names = roles.running.map(({ name }) => name);
  const engine = await Engine.open(
    {
      ...network,
      roleBits: names.reduce((bits, name) => bits | ROLES[name].bit, 0),
      checksBeforeRelay: names.includes("verifier"),
      mines: names.includes("miner"),
      trustedVerifiers: addressesOf(options.trustedVerifiers),
    },
    { store, wire, runtime, key, clock, log },
  );
  scope.defer("engine", () => engine.stop());
  const all = [...capabilities, mdnsReport(options)];
  return { options, network, key, log, clock, metrics, wire, runtime, capabilities: all, roles, refused, engine };
}

function openStore(options: NodeOptions): Promise<Store> | Store {
  return options.ephemeral ? memoryStore() : openLevelStore(join(options.dataDir, "chain"));
}

function accountOf(options: NodeOptions, log: Log): KeyPair {
  const { keys, warning } = openAccount(options.dataDir, options.accountSecret);
  if (warning !== undefined) log.warn({}, warning);
  return keys;
}

async function findRuntime(
  network: Network,
  options: NodeOptions,
  parts: NodeParts,
  deps: { readonly log: Log; readonly workers: number },
  scope: Scope,
): Promise<{ readonly runtime: Runtime | undefined; readonly capabilities: readonly CapabilityReport[] }> {
  if (parts.runtime === null) {
    return { runtime: undefined, capabilities: [absent("runtime", "switched off by the caller", undefined)] };
  }
  if (parts.runtime !== undefined) {
    return { runtime: parts.runtime, capabilities: [ready("runtime", `given: ${parts.runtime.provider}`)] };
  }
  const { onProgress } = parts;
  const more = onProgress === undefined ? deps : { ...deps, onProgress };
  const found = await probeRuntime(network.manifest, options, more, { signal: scope.signal });
  const { runtime } = found;
  if (runtime !== undefined) scope.defer("runtime", () => runtime.close());
  return found;
}

async function openWire(
  options: NodeOptions,
  { genesis, rules }: Network,
  deps: { readonly log: Log; readonly clock: Clock; readonly metrics: MetricsRegistry },
): Promise<Wire> {
  // Loaded when a node starts: it is half the start-up time of the short commands.
  const { createLibp2pWire, networkPrefix } = await import("../../adapters/libp2p/index.ts");
  return createLibp2pWire(
    {
      network: networkPrefix(genesis.network, rules.genesis),
      listen: options.listen.length > 0 ? options.listen : [await usualListen()],
      announce: options.announce,
      bootstrap: options.bootstrap,
      dataDir: options.ephemeral ? undefined : options.dataDir,
      mdns: options.mdns,
      maxConnections: options.maxPeers,
      // Everything but the public test network is somebody's own machines.
      lan: genesis.network !== "testnet",
      agent: `pouw-node/${VERSION}`,
    },
    { ...deps, log: deps.log.child("network") },
  );
}

/** The usual address, or a free port when it is taken: nobody asked for that port. */
function usualListen(): Promise<string> {
  const port = Number(DEFAULT_LISTEN.split("/").at(-1));
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve("/ip4/0.0.0.0/tcp/0"));
    probe.listen(port, "0.0.0.0", () => probe.close(() => resolve(DEFAULT_LISTEN)));
  });
}

function refusals(options: NodeOptions, roles: StartedRoles, capabilities: readonly CapabilityReport[]): RefusedRole[] {
  const why = (need: string): string => {
    const report = capabilities.find(({ name }) => name === need);
    return `needs ${need}: ${report?.reason ?? "it is absent"}${report?.remedy === undefined ? "" : `; ${report.remedy}`}`;
  };
  const later = options.roles.filter((role) => !isRunnable(role));
  return [
    ...roles.refused.map(({ role, missing }) => ({ role, reason: why(missing) })),
    ...later.map((role) => ({ role, reason: "this version does not have the role yet" })),
  ];
}

function mdnsReport({ mdns }: NodeOptions): CapabilityReport {
  if (mdns) return ready("mdns", "peers on the local network are looked for");
  return absent("mdns", "switched off", "start with --mdns");
}
