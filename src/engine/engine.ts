// Wires the engine's parts together: who hears of what, and what follows from it. No rule lives here.
import { Emitter, fromBigInt, messageOf, Scope, toHex, utf8, type Verdict } from "../base/index.ts";
import type { Block, PeerStatus, RoundRecord, Transfer } from "../codec/index.ts";
import { maxDeltaBytes } from "../ml/index.ts";
import type { Log } from "../ports/index.ts";
import { Attestations } from "./chain/attestations.ts";
import { EvidenceWatch } from "./chain/evidence.ts";
import { type HeadChange, type ImportResult, Ledger } from "./chain/ledger.ts";
import { Mempool } from "./chain/mempool.ts";
import type { EngineEvents } from "./events.ts";
import { fetchBlob } from "./exchange/blobs.ts";
import { Outbox } from "./exchange/outbox.ts";
import { Peers, PROTOCOL_VERSION } from "./exchange/peers.ts";
import { serve } from "./exchange/serve.ts";
import { Sync } from "./exchange/sync.ts";
import { within } from "./exchange/within.ts";
import { CatchUp } from "./intake/catch-up.ts";
import { Inbox } from "./intake/inbox.ts";
import type { EngineDeps, EngineOptions } from "./options.ts";
import { type BlockEntry, BlockStore } from "./storage/block-store.ts";
import { Checks } from "./training/checks.ts";
import { Deltas } from "./training/deltas.ts";
import { Executor } from "./training/executor.ts";
import { Parameters, type ParametersDeps } from "./training/parameters.ts";
import { Rounds } from "./training/rounds.ts";
import { Trainer } from "./training/trainer.ts";

/** Checks owed at which a sync pauses. */
const MAX_BACKLOG = 32;
/** Peers are asked for their head this often, ms: gossip may have been missed. */
const POLL_MS = 10_000;

export class Engine {
  readonly events: Emitter<EngineEvents>;
  readonly blocks: BlockStore;
  readonly parameters: Parameters;
  readonly deltas: Deltas;
  readonly mempool: Mempool;
  readonly evidence: EvidenceWatch;
  readonly peers: Peers;
  readonly sync: Sync;
  readonly verdicts: Attestations;
  readonly outbox: Outbox;
  readonly checks: Checks;
  readonly executor: Executor | undefined;
  readonly trainer: Trainer | undefined;
  readonly ledger: Ledger;
  readonly rounds: Rounds;
  readonly #options: EngineOptions;
  readonly #deps: EngineDeps;
  readonly #scope = new Scope();
  readonly #inbox: Inbox;
  readonly #catchUp: CatchUp;

  /** Opens the chain of the store. Throws STORE_CORRUPT, WRONG_NETWORK, BAD_GENESIS. */
  static async open(options: EngineOptions, deps: EngineDeps): Promise<Engine> {
    const blocks = new BlockStore(deps.store);
    const pending: BlockEntry[] = [];
    const late: { engine?: Engine } = {};
    const peers = (): readonly string[] => late.engine?.peers.ranked() ?? [];
    const deltas = new Deltas(maxDeltaBytes(options.task.parameterCount), { ...deps, candidates: peers });
    const maxBytes = 4 * options.manifest.parameterCount;
    const pull: ParametersDeps["pull"] = (id, check, limit) =>
      fetchBlob({ kind: "parameters", id, maxBytes, check }, peers(), deps, limit);
    const parameters = new Parameters(options.manifest, { store: deps.store, deltas, pull });
    parameters.plantInitial(options.task.initialDigest);
    const ledger = await Ledger.open(options.genesis, options.rules, {
      blocks,
      parameters,
      deltas,
      clock: deps.clock,
      log: deps.log.child("ledger"),
      onHead: (change) => late.engine?.turned(change),
      onPending: (node) => (late.engine === undefined ? pending.push(node) : late.engine.checks.queueCheck(node)),
    });
    const engine = new Engine(options, deps, { blocks, deltas, parameters, ledger });
    late.engine = engine;
    for (const node of pending) engine.checks.queueCheck(node);
    return engine;
  }

  private constructor(
    options: EngineOptions,
    deps: EngineDeps,
    made: { blocks: BlockStore; deltas: Deltas; parameters: Parameters; ledger: Ledger },
  ) {
    const { rules, task } = options;
    const { clock, wire } = deps;
    const signal = this.#scope.signal;
    this.#options = options;
    this.#deps = deps;
    this.blocks = made.blocks;
    this.deltas = made.deltas;
    this.parameters = made.parameters;
    this.ledger = made.ledger;
    const log = (room: string): Log => deps.log.child(room);
    this.events = new Emitter((error, event) =>
      deps.log.error({ event, reason: messageOf(error) }, "a listener failed"),
    );
    this.outbox = new Outbox(wire, log("outbox"));
    this.mempool = new Mempool(rules, () => this.ledger.state);
    this.evidence = new EvidenceWatch(rules, (offender, detail) =>
      this.events.emit("alert", { kind: "equivocation", subject: toHex(offender), detail }),
    );
    this.verdicts = new Attestations(rules, options.trustedVerifiers);
    this.peers = new Peers({
      wire,
      clock,
      log: log("peers"),
      own: () => this.ownStatus(),
      onStatus: (p, s) => this.#catchUp.heard(p, s),
    });
    this.sync = new Sync(
      {
        wire,
        clock,
        log: log("sync"),
        head: () => this.ledger.head,
        has: async (id) => (await this.ledger.node(id)) !== undefined,
        ranked: () => this.peers.ranked(),
        status: (peer) => this.peers.get(peer),
        importBlock: (block, from) => this.#syncBlock(block, from),
        onProgress: (progress, target) => this.events.emit("sync", { progress, target }),
      },
      { signal },
    );
    this.rounds = new Rounds(
      rules,
      task,
      {
        state: () => this.ledger.state,
        parameters: this.parameters,
        deltas: this.deltas,
        clock,
        log: log("rounds"),
        key: options.mines ? deps.key : undefined,
        medianUnitMs: () => this.medianUnitMs,
        signedBefore: ({ head, round }) => this.blocks.signedRecord(head, round),
        keepRecord: (record, own) => this.blocks.keepRecord(record, own, this.deltas),
        onRound: (view) =>
          this.events.emit("round", { round: view.round, start: toHex(view.startDigest), head: toHex(view.head) }),
        onRecord: (record, own) => this.#recorded(record, own),
        onContribution: (contribution, own) => this.events.emit("contribution", { contribution, own }),
      },
      { signal },
    );
    const { ledger, blocks, verdicts, outbox, events } = this;
    this.checks = new Checks(
      { rules, key: deps.key, wire, clock, ledger, blocks, verdicts, outbox, events, executor: () => this.executor },
      { signal },
    );
    const shared = { task, parameters: this.parameters, clock };
    if (deps.runtime !== undefined) {
      const runtime = deps.runtime;
      this.executor = new Executor(
        {
          ...shared,
          runtime,
          blocks: this.blocks,
          ledger: () => this.ledger,
          log: log("executor"),
          onExecuted: (e) => this.checks.executed(e),
        },
        { signal },
      );
      const { rounds, mempool, evidence, deltas } = this;
      this.trainer = new Trainer(
        { ...shared, runtime, key: deps.key, ledger, rounds, mempool, evidence, deltas, log: log("trainer"), outbox },
        { signal },
      );
    }
    this.#catchUp = new CatchUp(
      task,
      { ledger, rounds: this.rounds, sync: this.sync, peers: this.peers, wire, log: log("catch-up") },
      { signal },
    );
    this.#inbox = new Inbox(
      {
        ledger: this.ledger,
        rounds: this.rounds,
        mempool: this.mempool,
        verdicts: this.verdicts,
        evidence: this.evidence,
        sync: this.sync,
        clock,
        greet: (peer) => void this.peers.greet(peer, { signal }),
        catchUp: (peer) => this.#catchUp.again(peer),
        nextRound: (ms) =>
          within(clock, ms, signal, (limit) => this.events.next("round", () => true, { signal: limit })).then(
            () => true,
            () => false,
          ),
        remember: (id, source) => this.checks.remember(id, source),
        awaitCheck:
          options.checksBeforeRelay && this.executor !== undefined ? (id) => this.checks.awaitCheck(id) : undefined,
        onVerdict: (verdict) => this.checks.heardVerdict(verdict),
      },
      { signal },
    );
  }

  /** Median time of the last own units, ms; a second before the first. */
  get medianUnitMs(): number {
    return this.trainer?.medianUnitMs() ?? 1000;
  }

  /** Joins the network. */
  async start(): Promise<void> {
    const { wire, clock } = this.#deps;
    const { signal } = this.#scope;
    this.#scope.defer("wire", () => wire.stop());
    await wire.start({
      gossip: (topic, data, source) => this.#inbox.judge(topic, data, source),
      request: (protocol, data, from) => serve(protocol, data, from, { ...this, own: () => this.ownStatus() }),
      connected: (peer) => void this.peers.greet(peer, { signal }),
      disconnected: (peer) => this.peers.forget(peer),
    });
    let cancel = (): void => undefined;
    const poll = (): void => {
      for (const peer of this.peers.ranked()) void this.peers.greet(peer, { signal });
      cancel = clock.after(POLL_MS, poll);
    };
    this.#scope.defer("poll", () => cancel());
    poll();
    this.rounds.onHead();
  }

  stop(): Promise<void> {
    return this.#scope.close();
  }

  /** Takes an own transfer: judged, kept, gossiped. */
  submit(transfer: Transfer): Verdict {
    const verdict = this.mempool.add(transfer);
    if (verdict.kind === "accept") this.outbox.transfer(transfer);
    return verdict;
  }

  ownStatus(): PeerStatus {
    const { head } = this.ledger;
    return {
      version: PROTOCOL_VERSION,
      network: utf8(this.#options.rules.network),
      genesis: this.#options.rules.genesis,
      head: head.id,
      height: head.height,
      work: fromBigInt(head.work, 32),
      oldest: 0,
      roles: this.#options.roleBits,
      trains: this.#deps.runtime === undefined ? 0 : 1,
    };
  }

  /** The ledger moved its head. */
  turned(change: HeadChange): void {
    this.rounds.onHead();
    this.mempool.settle(change);
    this.evidence.prune(this.ledger.head.height);
    this.events.emit("head", change);
  }

  async #syncBlock(block: Block, from: string): Promise<ImportResult> {
    await this.executor?.below(MAX_BACKLOG);
    const result = await this.ledger.importBlock(block, { from, own: false }, this.#scope);
    if (result.verdict.kind === "accept") this.evidence.noteHeader(block.header);
    return result;
  }

  #recorded(record: RoundRecord, own: boolean): void {
    this.evidence.noteRecord(record);
    this.events.emit("record", { record, own });
    if (own) this.outbox.record(record);
  }
}
