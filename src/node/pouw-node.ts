// A role-aware node: starts and stops the parts, keeps track of where it stands, and tells of what happens.
import { homedir } from "node:os";
import { bytesEqual, Emitter, type Hash32, messageOf, PouwError, Scope, toHex } from "../base/index.ts";
import type { BlockNode, EngineEvents, FinishedUnit } from "../engine/index.ts";
import { parseOptions } from "./config/resolve.ts";
import type { NodeOptionsInput } from "./config/table.ts";
import { type Built, build, type NodeParts } from "./parts/build.ts";
import { RoleRunner } from "./parts/role-runner.ts";
import type { BlockSummary } from "./views/blocks.ts";
import type { NodeEvents } from "./views/events.ts";
import type { HealthMetrics } from "./views/health.ts";
import { Meter } from "./views/meter.ts";
import { buildStatus, type Scored } from "./views/node-status.ts";
import { createNodeView } from "./views/node-view.ts";
import type { NodeState, NodeStatus } from "./views/status.ts";
import { blockSummary, summaryOf } from "./views/summaries.ts";
import { Validation } from "./views/validation.ts";
import type { NodeView, TransferOrder } from "./views/view.ts";

/** Blocks under the tip that healthy nodes of a network agree on at any moment. */
export const SETTLED_DEPTH = 2;
/** A miner with bootstrap peers waits this long for the first before it mines alone, ms. */
const FIRST_PEERS_MS = 10_000;
const DIAL_MS = 15_000;
/** Alerts count towards the threat level this long, ms. */
const ALERT_MS = 600_000;

export class PoUWNode {
  readonly #built: Built;
  readonly #scope: Scope;
  readonly #events: Emitter<NodeEvents>;
  readonly #meter: Meter;
  readonly #runner: RoleRunner;
  readonly #validation: Validation | undefined;
  readonly #startedAt: number;
  #alerts: number[] = [];
  #state: NodeState = "initializing";
  #tip: BlockSummary;
  #settled: BlockSummary;
  #score: Scored | undefined;
  #syncing: number | undefined;
  /** Why training rests: until none is left. */
  readonly #holds = new Set<"peers" | "sync" | "command">();

  /**
   * Opens store, runtime, wire and chain; joins nothing yet. A runtime that is absent is a reason in the status, not an error.
   * Throws PouwError: BAD_CONFIG, BAD_GENESIS, BAD_KEY, STORE_LOCKED, STORE_CORRUPT, WRONG_NETWORK.
   */
  static async create(input: NodeOptionsInput = {}, parts: NodeParts = {}): Promise<PoUWNode> {
    const scope = new Scope();
    try {
      const built = await build(parseOptions(input, homedir()), parts, scope);
      const { head } = built.engine.ledger;
      return new PoUWNode(built, scope, await summaryOf(built.engine, head));
    } catch (error) {
      await scope.close().catch(() => undefined);
      throw error;
    }
  }

  private constructor(built: Built, scope: Scope, tip: BlockSummary) {
    const { engine, log, clock, roles, runtime, network, metrics, key } = built;
    const { signal } = scope;
    this.#built = built;
    this.#scope = scope;
    this.#tip = tip;
    this.#settled = tip;
    this.#startedAt = clock.now();
    this.#events = new Emitter((error, event) => log.error({ event, reason: messageOf(error) }, "a listener failed"));
    this.#meter = new Meter(network.rules, key.address, metrics);
    scope.defer("meter", () => this.#meter.stop());
    const onUnit = (unit: FinishedUnit): void => this.#unit(unit);
    this.#runner = new RoleRunner({ engine, roles, clock, log: log.child("roles"), onUnit }, { signal });
    if (runtime !== undefined) {
      const deps = { runtime, engine, log: log.child("validation") };
      this.#validation = new Validation(network.manifest.name, deps, { signal });
    }
    this.#follow();
  }

  /** Joins the network and starts the roles. Throws PORT_IN_USE. */
  async start(): Promise<void> {
    const { engine, clock, options, refused, log } = this.#built;
    this.#turn("connecting");
    for (const { role, reason } of refused) log.warn({ role, reason }, "a role cannot run here; going on as a peer");
    if (options.bootstrap.length > 0) {
      this.#hold("peers");
      // A network that cannot be reached must not keep a miner idle for ever: it starts alone and merges later.
      this.#scope.defer(
        "first peers",
        clock.after(FIRST_PEERS_MS, () => this.#release("peers")),
      );
    }
    await engine.start();
    await this.#look(engine.ledger.head);
    this.#runner.start();
    this.#turn(this.#present());
  }

  /** Stops cleanly: the unit in progress is dropped, what was stored stays stored. Safe to call twice. */
  async stop(): Promise<void> {
    this.#turn("stopping");
    await this.#scope.close();
  }

  on<K extends keyof NodeEvents>(event: K, listener: (payload: NodeEvents[K]) => void): () => void {
    return this.#events.on(event, listener);
  }

  /** Calls `handler` for each alert of a kind; returns the function that ends it. */
  registerSecurityHandler(kind: string, handler: (alert: NodeEvents["alert"]) => void): () => void {
    return this.on("alert", (alert) => {
      if (alert.kind === kind) handler(alert);
    });
  }

  /** Ends training after the unit in progress; checks and relaying go on. */
  async stopMining(): Promise<void> {
    this.#hold("command");
    await this.#runner.drained();
  }

  /** Takes training up again after `stopMining`. */
  resumeMining(): void {
    this.#release("command");
  }

  /** Dials `/ip4/.../tcp/.../p2p/...`; returns the peer id. Throws WIRE_FAILED, WIRE_TIMEOUT. */
  connectToPeer(address: string): Promise<string> {
    const timely = AbortSignal.any([this.#scope.signal, AbortSignal.timeout(DIAL_MS)]);
    return this.#built.wire.connect(address, { signal: timely });
  }

  /** Signs a transfer from this node's account and sends it out; its id in hex. Throws REFUSED with the reason. */
  transfer({ to, amount, fee }: TransferOrder): string {
    const { engine, key, network } = this.#built;
    const nonce = engine.mempool.nextNonce(key.address);
    const transfer = signTransfer({ genesis: network.rules.genesis, from: key.address, to, amount, fee, nonce }, key);
    const verdict = engine.submit(transfer);
    if (verdict.kind !== "accept") throw new PouwError("REFUSED", `the transfer was refused: ${verdict.reason}`);
    return toHex(Transaction.id(transfer));
  }

  getStatus(): NodeStatus {
    const now = this.#built.clock.now();
    this.#alerts = this.#alerts.filter((at) => at > now - ALERT_MS);
    return buildStatus(this.#built, this.#meter, {
      state: this.#state,
      startedAt: this.#startedAt,
      tip: this.#tip,
      settled: this.#settled,
      score: this.#score,
      syncing: this.#syncing,
      recentAlerts: this.#alerts.length,
    });
  }

  getHealthMetrics(): HealthMetrics {
    const { wire } = this.#built;
    const trips = wire.peers().flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]));
    const { messagesIn, rejected, bytesIn, bytesOut } = wire.stats();
    const { user, system } = process.cpuUsage();
    return {
      responseTimeMs: trips.sort((a, b) => a - b)[trips.length >> 1],
      successRate: messagesIn === 0 ? 1 : 1 - rejected / messagesIn,
      bytesIn,
      bytesOut,
      processorMs: (user + system) / 1000,
      residentBytes: process.memoryUsage.rss(),
    };
  }

  /** What API and command line read. */
  view(): NodeView {
    const { engine, wire, metrics } = this.#built;
    return createNodeView({
      engine,
      wire,
      getStatus: () => this.getStatus(),
      on: (event, listener) => this.on(event, listener),
      metricsText: () => metrics.text(),
    });
  }

  #follow(): void {
    const { engine, log } = this.#built;
    const { events } = engine;
    events.on("head", (change) => this.#moved(change));
    events.on("checked", (checked) => {
      this.#meter.checked(checked);
      void this.#look(engine.ledger.head);
    });
    events.on("alert", ({ kind, subject, detail }) => {
      this.#meter.alerts++;
      this.#alerts.push(this.#built.clock.now());
      log.warn({ kind, subject, detail }, "security alert");
      this.#events.emit("alert", { kind, sentence: `${detail} (by ${subject.slice(0, 16)})` });
    });
    events.on("sync", ({ progress }) => {
      this.#syncing = progress;
      if (progress === undefined) this.#release("sync");
      else this.#hold("sync");
    });
    engine.peers.onChange((peer, connected) => {
      this.#events.emit("peer", { peer, connected });
      if (connected) this.#release("peers");
    });
  }

  #moved(change: EngineEvents["head"]): void {
    const { engine, log, network } = this.#built;
    const { head } = engine.ledger;
    this.#meter.head(change, head.height);
    const newest = change.added.at(-1);
    if (newest !== undefined) this.#tip = blockSummary(newest.header, head.checked);
    void this.#look(head);
    if (change.dropped.length > 0) {
      log.info({ dropped: change.dropped.length, added: change.added.length }, "the chain was reorganised");
    }
    for (const { header } of change.added) {
      const { height, time } = header;
      const miner = toHex(header.miner);
      const hash = toHex(Header.id(header));
      const own = bytesEqual(header.miner, this.#built.key.address);
      const round = header.round;
      log.info({ height, round, miner: miner.slice(0, 16), own, model: network.task.model }, "block");
      this.#events.emit("block", { height, hash, miner, time, own });
    }
  }

  /** Brings tip and settled block up to date, and has the settled parameters scored. */
  async #look(head: BlockNode): Promise<void> {
    const { engine, network } = this.#built;
    try {
      const tip = await summaryOf(engine, (await engine.ledger.node(head.id)) ?? head);
      const height = Math.max(0, head.height - SETTLED_DEPTH);
      const id: Hash32 | undefined = height === 0 ? network.rules.genesis : await engine.blocks.canonical(height);
      const node = id === undefined ? undefined : await engine.ledger.node(id);
      if (node === undefined || engine.ledger.head.height > head.height) return;
      this.#tip = tip;
      this.#settled = await summaryOf(engine, node);
      const evaluation = await this.#validation?.score(node);
      if (evaluation !== undefined) this.#score = { evaluation, height };
    } catch (error) {
      if (!this.#scope.signal.aborted)
        this.#built.log.warn({ reason: messageOf(error) }, "the status could not be renewed");
    }
  }

  #unit(unit: FinishedUnit): void {
    const { result, view } = unit;
    this.#meter.unit(unit, this.#built.clock.now());
    this.#events.emit("unit", { round: view.round, loss: result.loss, graphMs: result.graphMs });
  }

  #hold(why: "peers" | "sync" | "command"): void {
    this.#holds.add(why);
    this.#runner.feed({ type: "pause" });
    this.#turn(this.#present());
  }

  #release(why: "peers" | "sync" | "command"): void {
    if (!this.#holds.delete(why)) return;
    if (this.#holds.size === 0) this.#runner.feed({ type: "resume" });
    this.#turn(this.#present());
  }

  #present(): NodeState {
    if (this.#scope.signal.aborted || this.#state === "stopping") return "stopping";
    if (this.#holds.has("sync")) return "syncing";
    if (this.#holds.has("peers")) return "connecting";
    const mines = this.#built.roles.running.some(({ name }) => name === "miner");
    if (!mines || this.#holds.has("command")) return "active";
    this.#meter.mining(this.#built.clock.now());
    return "mining";
  }

  #turn(state: NodeState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#events.emit("state", { state });
  }
}
