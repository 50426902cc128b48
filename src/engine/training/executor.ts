// Re-executes winning units, oldest block first: one forged unit is enough to drop a block and all that stands on it (protocol section 5).
import { ACCEPT, messageOf, PouwError, toHex, type Verdict } from "../../base/index.ts";
import type { Block } from "../../codec/index.ts";
import type { Clock, Log, Runtime } from "../../ports/index.ts";
import { checkUnit, type Task, unitSeed } from "../../work/index.ts";
import type { Ledger } from "../chain/ledger.ts";
import type { BlockEntry, BlockStore } from "../storage/block-store.ts";
import type { Parameters } from "./parameters.ts";

/** A check that failed for a reason of this machine is tried again after this, ms. */
const RETRY_MS = 5_000;

export interface Execution {
  readonly block: Block;
  readonly node: BlockEntry;
  readonly verdict: Verdict;
  /** What the unit really ends in; undefined when it does not end (NaN). */
  readonly digest: Uint8Array | undefined;
}

export interface ExecutorDeps {
  readonly runtime: Runtime;
  readonly task: Task;
  readonly blocks: BlockStore;
  readonly parameters: Parameters;
  readonly ledger: () => Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly onExecuted: (execution: Execution) => void;
}

/** Runs the winning unit of `block` again, from P(t) and the parent's beacon. Throws when this machine could not. */
export async function reexecute(
  block: Block,
  beacon: Uint8Array,
  start: Float32Array,
  deps: { readonly runtime: Runtime; readonly task: Task },
  options: { readonly signal: AbortSignal },
): Promise<{
  readonly verdict: Verdict;
  readonly digest: Uint8Array | undefined;
  readonly end: Float32Array | undefined;
  readonly delta: { readonly deltaHash: Uint8Array; readonly deltaBytes: number } | undefined;
}> {
  const { header } = block;
  const seed = unitSeed({
    beacon,
    task: header.task,
    round: header.round,
    author: header.miner,
    mlNode: header.mlNode,
    index: header.index,
  });
  try {
    const { model, steps } = deps.task;
    const result = await deps.runtime.run({ model, start, seed, steps, priority: "check", delta: "exact" }, options);
    const deltaHash = result.deltaHash as Uint8Array;
    const verdict = checkUnit(block, { digest: result.digest, deltaHash });
    const delta = { deltaHash, deltaBytes: result.delta?.length ?? 0 };
    return { verdict, digest: result.digest, end: result.end, delta };
  } catch (error) {
    if (!(error instanceof PouwError) || error.code !== "NOT_FINITE") throw error;
    const verdict: Verdict = { kind: "reject", code: "forged-unit", reason: "the unit does not end in finite numbers" };
    return { verdict, digest: undefined, end: undefined, delta: undefined };
  }
}

export class Executor {
  readonly #deps: ExecutorDeps;
  readonly #signal: AbortSignal;
  readonly #waiting = new Map<string, BlockEntry>();
  #running = 0;
  #wake: (() => void)[] = [];

  constructor(deps: ExecutorDeps, options: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = options.signal;
  }

  /** Blocks whose check is owed. */
  get backlog(): number {
    return this.#waiting.size + this.#running;
  }

  add(node: BlockEntry): void {
    this.#waiting.set(toHex(node.id), node);
    this.#next();
  }

  /** Resolves once fewer than `limit` checks are owed. */
  async below(limit: number): Promise<void> {
    while (this.backlog >= limit && !this.#signal.aborted) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  #next(): void {
    if (this.#signal.aborted || this.#running >= this.#deps.runtime.workers) return;
    let lowest: BlockEntry | undefined;
    for (const node of this.#waiting.values()) if (lowest === undefined || node.height < lowest.height) lowest = node;
    if (lowest === undefined) return;
    this.#waiting.delete(toHex(lowest.id));
    this.#running++;
    void this.#check(lowest).finally(() => {
      this.#running--;
      for (const wake of this.#wake.splice(0)) wake();
      this.#next();
    });
  }

  async #check(node: BlockEntry): Promise<void> {
    try {
      const execution = await this.#execute(node);
      if (execution === undefined) return;
      await this.#deps.ledger().setChecked(node.id, execution.verdict.kind === "accept" ? "executed" : "invalid");
      this.#deps.onExecuted(execution);
    } catch (error) {
      if (this.#signal.aborted) return;
      this.#deps.log.warn({ height: node.height, reason: messageOf(error) }, "a winning unit could not be checked yet");
      this.#deps.clock.after(RETRY_MS, () => this.add(node));
    }
  }

  async #execute(node: BlockEntry): Promise<Execution | undefined> {
    const ledger = this.#deps.ledger();
    const now = await ledger.node(node.id);
    if (now === undefined || now.checked !== "pending") return undefined;
    const block = await this.#deps.blocks.block(node.id);
    const start = await ledger.parametersOf(node, { signal: this.#signal });
    if (block === undefined || start === undefined) throw new PouwError("NOT_FOUND", "its parameters are not here");
    const parent = await ledger.stateOf(block.header.parent);
    const { verdict, digest, end, delta } = await reexecute(block, parent.beacon, start, this.#deps, {
      signal: this.#signal,
    });
    if (verdict === ACCEPT && digest !== undefined && end !== undefined && delta !== undefined) {
      this.#deps.parameters.learn(block.header.startDigest, delta, digest, end);
    }
    return { block, node, verdict, digest };
  }
}
