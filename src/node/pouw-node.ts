// A role-aware node: starts and stops the parts, keeps track of where it stands, and tells of what happens.
import { homedir } from "node:os";
import { bytesEqual, Emitter, formatAddress, fromHex, messageOf, PouwError, Scope, toHex } from "../base/index.ts";
import { Header } from "../codec/index.ts";
import { ALERT_KINDS, type EngineEvents, type FinishedUnit } from "../engine/index.ts";
import type { Task } from "../work/index.ts";
import { functionGiven, type NodeOptionsInput, objectGiven, oneOf, parseOptions, textGiven } from "./config/index.ts";
import { type Built, build, type NodeParts, RoleRunner, sendTransfer, tasksNamed } from "./parts/index.ts";
import { attachPlugins, loadPlugins, pathsIn } from "./plugins/index.ts";
import {
  buildStatus,
  createNodeView,
  EVENT_NAMES,
  HealthChecks,
  type HealthMetrics,
  healthOf,
  Lookout,
  Meter,
  type NodeEvents,
  type NodeState,
  type NodeStatus,
  type NodeView,
  Seasons,
  type TransferOrder,
  Validation,
} from "./views/index.ts";

/** A miner with bootstrap peers waits this long for the first before it mines alone, ms. */
const FIRST_PEERS_MS = 10_000;
const DIAL_MS = 15_000;
/** Alerts count towards the threat level this long, ms. */
const ALERT_MS = 600_000;

/** Why training rests: until none is left. */
type Hold = "peers" | "sync" | "store" | "command" | "key";

export class PoUWNode {
  readonly #built: Built;
  readonly #scope: Scope;
  readonly #events: Emitter<NodeEvents>;
  readonly #meter: Meter;
  readonly #runner: RoleRunner;
  readonly #seasons: Seasons;
  readonly #lookout: Lookout;
  readonly #startedAt: number;
  readonly #holds = new Set<Hold>();
  readonly #health: HealthChecks;
  #alerts: number[] = [];
  #state: NodeState = "initializing";
  #syncing: number | undefined;

  /**
   * Opens store, runtime, wire and chain; joins nothing yet. A runtime that is absent is a reason in the status, not an error.
   * Of plugins it takes roles, handlers, models and metrics; their API resources need `createApp`.
   * Throws PouwError: BAD_CONFIG, BAD_PLUGIN, BAD_GENESIS, BAD_KEY, STORE_LOCKED, STORE_CORRUPT, WRONG_NETWORK.
   */
  static async create(input: NodeOptionsInput = {}, parts: NodeParts = {}): Promise<PoUWNode> {
    const scope = new Scope();
    try {
      objectGiven(input, "What a node is made from", '{ role: "miner", ... }');
      objectGiven(parts, "A node's parts", "{ store, wire, runtime, ... }");
      const plugins = parts.plugins ?? (await loadPlugins({ paths: pathsIn(input) }));
      const options = parseOptions(input, homedir(), plugins.table);
      const built = await build(options, { ...parts, plugins }, scope);
      const node = new PoUWNode(built, scope);
      attachPlugins(plugins.list, { view: node.view(), metrics: built.metrics, log: built.log });
      return node;
    } catch (error) {
      await scope.close().catch(() => undefined);
      throw error;
    }
  }

  private constructor(built: Built, scope: Scope) {
    const { engine, log, clock, roles, runtime, network, metrics, key } = built;
    this.#built = built;
    this.#scope = scope;
    this.#startedAt = clock.now();
    this.#health = new HealthChecks(clock);
    this.#events = new Emitter((error, event) => log.error({ event, reason: messageOf(error) }, "a listener failed"));
    this.#meter = new Meter(network.rules, key.address, metrics);
    scope.defer("meter", () => this.#meter.stop());
    this.#runner = new RoleRunner({ engine, roles, clock, log: log.child("roles") }, scope);
    const validation =
      runtime === undefined ? undefined : new Validation({ runtime, engine, log: log.child("validation") }, scope);
    this.#seasons = new Seasons({ engine, store: engine.store, validation, log: log.child("seasons") }, scope);
    this.#lookout = new Lookout({ engine, validation, seasons: this.#seasons, log }, scope);
    this.#follow();
  }

  /** Joins the network and starts the roles, once. Throws PORT_IN_USE, ALREADY_STARTED, CLOSED after `stop`. */
  async start(): Promise<void> {
    const { engine, clock, options, refused, log, keyTrouble } = this.#built;
    this.#beginOnce();
    this.#turn("connecting");
    for (const { role, reason } of refused) log.warn({ role, reason }, "a role cannot run here; going on as a peer");
    this.#health.note("key", keyTrouble);
    if (options.bootstrap.length > 0 || keyTrouble !== undefined) this.#hold("peers");
    // A network that cannot be reached, or peers that stall, must not keep a miner idle for ever: it starts alone and merges later. Unless its key may have signed what it does not know of.
    const alone = (): void => this.#release("peers");
    if (options.bootstrap.length > 0 && keyTrouble === undefined)
      this.#scope.defer("peers", clock.after(FIRST_PEERS_MS, alone));
    await engine.start();
    await this.#lookout.look();
    this.#runner.start();
    this.#turn(this.#present());
  }

  #beginOnce(): void {
    const remedy = "Make another with PoUWNode.create: a node starts once.";
    if (this.#scope.signal.aborted) throw new PouwError("CLOSED", "This node was stopped.", { remedy });
    if (this.#state !== "initializing")
      throw new PouwError("ALREADY_STARTED", "This node was started before.", { remedy });
  }

  /** Stops cleanly: the unit in progress is dropped, what was stored stays stored. Safe to call twice. */
  async stop(): Promise<void> {
    if (this.#state !== "stopped") this.#turn("stopping");
    try {
      await this.#scope.close();
    } finally {
      this.#turn("stopped");
      // A unit that ended while everything closed is nobody's news any more: "stopped" is the last that anyone hears.
      this.#events.close();
    }
  }

  /** Calls `listener` for each event of a name; returns the function that ends it. Throws BAD_CONFIG for a name that no event has. */
  on<K extends keyof NodeEvents>(event: K, listener: (payload: NodeEvents[K]) => void): () => void {
    return this.#events.on(oneOf(event, EVENT_NAMES, "event") as K, functionGiven(listener, "A listener"));
  }

  /** Calls `handler` for each alert of a kind; returns the function that ends it. Throws BAD_CONFIG for a kind that no alert has. */
  registerSecurityHandler(kind: string, handler: (alert: NodeEvents["alert"]) => void): () => void {
    oneOf(kind as (typeof ALERT_KINDS)[number], ALERT_KINDS, "kind of alert");
    functionGiven(handler, "A security handler");
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

  /** Dials `/ip4/.../tcp/.../p2p/...`; returns the peer id. Throws BAD_CONFIG for what is no address, WIRE_FAILED, WIRE_TIMEOUT. */
  async connectToPeer(address: string): Promise<string> {
    const timely = AbortSignal.any([this.#scope.signal, AbortSignal.timeout(DIAL_MS)]);
    return this.#built.wire.connect(textGiven(address, "A peer's address"), { signal: timely });
  }

  /**
   * Signs a transfer from this node's account and sends it out; its id in hex. Throws BAD_ID for what is no address of this network,
   * BAD_AMOUNT for what is no amount, REFUSED with the reason.
   */
  transfer(order: TransferOrder): string {
    return sendTransfer(order, this.#built);
  }

  /**
   * The best parameters that a season of a task ended with, of those that this node scored: all tensors in the order of the task's
   * `parameters`. Undefined before the first. Throws BAD_CONFIG for a task that the node does not follow; by name, or id in hex.
   */
  async bestParameters(task: string): Promise<Float32Array | undefined> {
    const [found] = tasksNamed(this.#built.tasks, [`${task}`], "task");
    return this.#seasons.bestSet(found as Task);
  }

  getStatus(): NodeStatus {
    const now = this.#built.clock.now();
    this.#alerts = this.#alerts.filter((at) => at > now - ALERT_MS);
    return buildStatus(
      { built: this.#built, meter: this.#meter, lookout: this.#lookout, seasons: this.#seasons },
      {
        state: this.#state,
        startedAt: this.#startedAt,
        syncing: this.#syncing,
        recentAlerts: this.#alerts.length,
        health: this.#health.all(),
      },
    );
  }

  getHealthMetrics(): HealthMetrics {
    return healthOf(this.#built.wire, this.#meter.eventLoopDelayP99Ms());
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
    const { events } = this.#built.engine;
    this.#health.follow(events);
    events.on("head", (change) => this.#moved(change));
    events.on("checked", (checked) => this.#meter.checked(checked));
    events.on("unit", (unit) => this.#unit(unit));
    events.on("alert", (alert) => this.#alert(alert));
    events.on("sync", ({ progress, moves }) => {
      this.#syncing = progress;
      if (moves) this.#hold("sync");
      else if (progress === undefined) this.#release("sync");
      this.#turn(this.#present());
      if (progress === undefined) void this.#lookout.look();
    });
    events.on("past", () => this.#turn(this.#present()));
    events.on("key", () => this.#hold("key"));
    events.on("store", ({ fault }) => this.#storeTurned(fault));
    events.on("peer", ({ peer, connected }) => {
      this.#events.emit("peer", { peer, connected });
      if (connected) void this.#built.engine.sync.idle().then(() => this.#release("peers"));
    });
  }

  #moved(change: EngineEvents["head"]): void {
    const { log, network, key } = this.#built;
    this.#meter.head(change, change.tip.height, (id) => this.#built.engine.ledger.stateOf(id));
    if (change.dropped.length > 0)
      log.info({ dropped: change.dropped.length, added: change.added.length }, "the chain was reorganised");
    for (const { header } of change.added) {
      const { height, time, round } = header;
      const miner = formatAddress(header.miner, network.rules.network);
      const hash = toHex(Header.id(header));
      const own = bytesEqual(header.miner, key.address);
      const task = network.rules.tasks.find(({ id }) => bytesEqual(id, header.task))?.name;
      log.info({ height, round, miner, own, task }, "block");
      this.#events.emit("block", { height, hash, miner, time, own });
    }
  }

  /** Units rest while nothing can be stored; a store that lost what it had acknowledged ends the node. */
  #storeTurned(fault: EngineEvents["store"]["fault"]): void {
    const sentence = fault === undefined ? undefined : [fault.sentence, fault.remedy ?? ""].join(" ").trim();
    this.#health.note("store", sentence);
    if (fault?.code === "STORE_CORRUPT") this.#turn("error");
    else if (fault === undefined) this.#release("store");
    else this.#hold("store");
  }

  #alert({ kind, subject, detail }: EngineEvents["alert"]): void {
    this.#meter.alerts++;
    this.#alerts.push(this.#built.clock.now());
    const offender = formatAddress(fromHex(subject) as Uint8Array, this.#built.network.rules.network);
    this.#built.log.warn({ kind, offender, detail }, "security alert");
    this.#events.emit("alert", { kind, sentence: `${detail} (by ${offender})` });
  }

  #unit(unit: FinishedUnit): void {
    const { loss, graphMs } = unit.result;
    this.#meter.unit(unit, this.#built.clock.now());
    this.#events.emit("unit", { task: unit.task.name, round: unit.round, loss, graphMs });
  }

  #hold(why: Hold): void {
    this.#holds.add(why);
    this.#runner.control({ type: "pause" });
    this.#turn(this.#present());
  }

  #release(why: Hold): void {
    if (!this.#holds.delete(why)) return;
    if (why === "peers" && !this.#holds.has("key")) this.#health.note("key", undefined);
    if (this.#holds.size === 0) this.#runner.control({ type: "resume" });
    this.#turn(this.#present());
  }

  #present(): NodeState {
    if (this.#scope.signal.aborted) return this.#state;
    if (this.#state === "error") return "error";
    if (this.#holds.has("store") || this.#holds.has("key")) return "degraded";
    if (this.#holds.has("sync")) return "syncing";
    if (this.#holds.has("peers")) return this.#syncing === undefined ? "connecting" : "syncing";
    const mines = this.#built.roles.some(({ role }) => role.claims.leads === true) && !this.#holds.has("command");
    if (mines) this.#meter.mining(this.#built.clock.now());
    // Training goes on: headers alone are no reason to rest.
    if (!this.#health.isWell("past")) return "degraded";
    return mines ? "mining" : "active";
  }

  #turn(state: NodeState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#events.emit("state", { state });
  }
}
