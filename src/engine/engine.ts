// The engine: keeps the chain, follows tasks, speaks with peers. Its parts are wired in wiring.ts; here is what others need of them.
import { toHex, type Verdict } from "../base/index.ts";
import type { Block, Decoded, Outcome, Transaction } from "../codec/index.ts";
import type { FinishedUnit } from "./events.ts";
import type { EngineDeps, EngineOptions } from "./options.ts";
import type { TaskEngine } from "./training/index.ts";
import { type Parts, wire } from "./wiring.ts";

/** Peers are asked for their head this often, ms: gossip may have been missed. */
const POLL_MS = 10_000;

export class Engine {
  readonly #parts: Parts;
  readonly #deps: EngineDeps;

  private constructor(parts: Parts, deps: EngineDeps) {
    this.#parts = parts;
    this.#deps = deps;
  }

  /** Opens the chain of the store. Throws STORE_CORRUPT, WRONG_NETWORK, BAD_GENESIS. */
  static async open(options: EngineOptions, deps: EngineDeps): Promise<Engine> {
    return new Engine(await wire(options, deps), deps);
  }

  get events(): Parts["events"] {
    return this.#parts.events;
  }
  get ledger(): Parts["ledger"] {
    return this.#parts.ledger;
  }
  get store(): Parts["store"] {
    return this.#parts.store;
  }
  get blocks(): Parts["blocks"] {
    return this.#parts.blocks;
  }
  get mempool(): Parts["mempool"] {
    return this.#parts.mempool;
  }
  get words(): Parts["words"] {
    return this.#parts.words;
  }
  get evidence(): Parts["evidence"] {
    return this.#parts.evidence;
  }
  get peers(): Parts["peers"] {
    return this.#parts.peers;
  }
  /** This machine's clock less the median of its peers', ms; undefined before one has told. */
  get clockOffsetMs(): number | undefined {
    return this.#parts.clocks.offsetMs();
  }
  /** Lowest height whose deltas are all kept here. */
  get oldest(): number {
    return this.#parts.own().oldest;
  }
  get sync(): Parts["sync"] {
    return this.#parts.sync;
  }
  /** One per followed task, by ascending id. */
  get tasks(): Parts["tasks"] {
    return this.#parts.tasks;
  }
  /** Parameter sets and deltas of the followed tasks. */
  get followed(): Parts["followed"] {
    return this.#parts.followed;
  }

  /** Blocks whose check is owed by this node. */
  get backlog(): number {
    return this.#parts.executor === undefined ? 0 : this.#parts.owed.size;
  }

  /** The lowest block of the heaviest branch here that waits for others' words, since this node does not re-execute it. */
  get unvouched(): { readonly height: number } | undefined {
    return this.#parts.checks.unvouched;
  }

  /** The engine of a followed task; `id` in hex. */
  task(id: string): TaskEngine | undefined {
    return this.tasks.find(({ task }) => toHex(task.id) === id);
  }

  /** Joins the network. */
  async start(): Promise<void> {
    const { wire, clock } = this.#deps;
    const { scope, peers, intake, serve, ledger, scrub } = this.#parts;
    scope.defer("wire", () => wire.stop());
    await wire.start({
      gossip: intake,
      request: serve,
      connected: (peer) => void peers.greet(peer),
      disconnected: (peer) => peers.forget(peer),
    });
    let cancel = (): void => undefined;
    const poll = (): void => {
      for (const peer of peers.ranked()) void peers.greet(peer);
      cancel = clock.after(POLL_MS, poll);
    };
    scope.defer("poll", () => cancel());
    poll();
    ledger.announceOwed();
    void scrub.run();
  }

  stop(): Promise<void> {
    return this.#parts.scope.close();
  }

  /** Takes an own transaction: judged, kept, gossiped. */
  submit({ value, bytes }: Decoded<Transaction>): Verdict {
    const verdict = this.mempool.add(value);
    if (verdict.kind === "accept") this.#parts.outbox.publish("transaction", bytes);
    return verdict;
  }

  /** The own unit of a followed task (its id in hex) that is `nth` of its place; undefined when its parameters are not here, or nothing can train. */
  async train(task: string, mlNode: number, nth: number): Promise<FinishedUnit | undefined> {
    return this.task(task)?.trainer?.run(mlNode, nth);
  }

  /** Median time of the last own units of a task, ms; a second before the first. */
  medianUnitMs(task: string): number {
    return this.task(task)?.medianUnitMs ?? 1000;
  }

  /** Signs and gossips this node's word on a block that it re-executed. */
  attest(block: Block, outcome: Outcome, digest: Uint8Array | undefined): void {
    this.#parts.voice.attest({ block, outcome, digest });
  }
}
