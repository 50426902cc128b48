// Replays a whole store: every block's rules, every record's parameters and, if asked, every winning unit (protocol section 5).
import { join } from "node:path";
import { openLevelStore } from "../../adapters/level/index.ts";
import { bytesEqual, messageOf, PouwError, Scope, toHex } from "../../base/index.ts";
import { genesisState, type State } from "../../chain/index.ts";
import { type Header, Block } from "../../codec/index.ts";
import { checkBlock } from "../../consensus/index.ts";
import { BlockStore, Deltas, Parameters, reexecute } from "../../engine/index.ts";
import type { Log, Runtime, Store } from "../../ports/index.ts";
import type { NodeOptions } from "../config/table.ts";
import { probeRuntime } from "../parts/capabilities.ts";
import { loadNetwork, type Network } from "../parts/network.ts";
import type { VerifyReport } from "./reports.ts";

export interface VerifyRun {
  readonly reexecute: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onProgress: (height: number, of: number) => void;
}

/** Opens the stopped node's store and replays it. Throws STORE_LOCKED while a node runs on it, CAPABILITY_ABSENT when units cannot be run here. */
export async function verifyChain(options: NodeOptions, run: VerifyRun): Promise<VerifyReport> {
  const scope = new Scope();
  try {
    const network = loadNetwork(options.network);
    const store = await openLevelStore(join(options.dataDir, "chain"));
    scope.defer("store", () => store.close());
    let runtime: Runtime | undefined;
    if (run.reexecute) {
      const deps = { log: run.log, workers: 1 };
      const found = await probeRuntime(network.manifest, options, deps, { signal: run.signal });
      runtime = found.runtime;
      if (runtime === undefined) {
        const why = found.capabilities.find(({ name }) => name === "runtime");
        const remedy = why?.remedy ?? "replay without running units: --no-reexecute";
        throw new PouwError("CAPABILITY_ABSENT", `Units cannot be run here: ${why?.reason ?? "no runtime"}.`, {
          remedy,
        });
      }
      const opened = runtime;
      scope.defer("runtime", () => opened.close());
    }
    return await replayStore(store, network, runtime, run);
  } finally {
    await scope.close();
  }
}

/** The replay itself, over any store. A broken chain is an answer, not an error. */
export async function replayStore(
  store: Store,
  network: Network,
  runtime: Runtime | undefined,
  run: Pick<VerifyRun, "signal" | "onProgress">,
): Promise<VerifyReport> {
  const began = performance.now();
  const replay = new Replay(store, network, runtime, run.signal);
  let problem: VerifyReport["problem"];
  try {
    const tip = await replay.tipHeight();
    for (let height = 1; height <= tip && problem === undefined; height++) {
      run.signal.throwIfAborted();
      const reason = await replay.next(height);
      if (reason !== undefined) problem = { height, reason };
      else run.onProgress(height, tip);
    }
  } catch (error) {
    if (!(error instanceof PouwError)) throw error;
    problem = { height: replay.state.height + 1, reason: error.message };
  }
  const { state, counts } = replay;
  return {
    ok: problem === undefined,
    height: state.height,
    ...counts,
    problem,
    seconds: (performance.now() - began) / 1000,
    stateRoot: toHex(state.root),
    supply: `${state.supply}`,
  };
}

class Replay {
  state: State;
  readonly counts = { blocks: 0, records: 0, unitsExecuted: 0 };
  readonly #network: Network;
  readonly #blocks: BlockStore;
  readonly #parameters: Parameters;
  readonly #runtime: Runtime | undefined;
  readonly #signal: AbortSignal;
  #start: Uint8Array;

  constructor(store: Store, network: Network, runtime: Runtime | undefined, signal: AbortSignal) {
    this.#network = network;
    this.#blocks = new BlockStore(store);
    this.#parameters = new Parameters(network.manifest, {
      store,
      deltas: Deltas.offline(store),
      pull: async () => undefined,
    });
    this.#parameters.plantInitial(network.task.initialDigest);
    this.#runtime = runtime;
    this.#signal = signal;
    this.state = genesisState(network.genesis);
    this.#start = network.task.initialDigest;
  }

  async tipHeight(): Promise<number> {
    const head = await this.#blocks.head();
    if (head === undefined) return 0;
    const block = await this.#blocks.block(head);
    if (block === undefined) throw new PouwError("STORE_CORRUPT", `the tip ${toHex(head)} is missing from the store`);
    return block.header.height;
  }

  /** Replays the best chain's block at `height`; the reason why it does not stand, or undefined. */
  async next(height: number): Promise<string | undefined> {
    const id = await this.#blocks.canonical(height);
    const block = id === undefined ? undefined : await this.#blocks.block(id);
    if (id === undefined || block === undefined) return "the block is missing from the store";
    if (!bytesEqual(Header.id(block.header), id)) return "the stored block is another one";
    const result = checkBlock(this.state, block, {}, this.#network.rules);
    if (result.kind !== "state") return result.reason;
    const trained = (await this.#advance(block)) ?? (await this.#execute(block));
    if (trained !== undefined) return trained;
    this.state = result.state;
    this.counts.blocks++;
    return undefined;
  }

  async #advance(block: Block): Promise<string | undefined> {
    for (const record of block.body.records) {
      const verdict = await this.#parameters.advance(this.#start, record, [], { signal: this.#signal });
      if (verdict.kind !== "accept") return `round ${record.round}: ${verdict.reason}`;
      this.#start = record.nextDigest;
      this.counts.records++;
    }
    return undefined;
  }

  async #execute(block: Block): Promise<string | undefined> {
    if (this.#runtime === undefined) return undefined;
    const start = await this.#parameters.get(this.#start);
    if (start === undefined) return "the parameters that the winning unit starts from are missing";
    const deps = { runtime: this.#runtime, task: this.#network.task };
    try {
      const { verdict } = await reexecute(block, this.state.beacon, start, deps, { signal: this.#signal });
      this.counts.unitsExecuted++;
      return verdict.kind === "accept" ? undefined : verdict.reason;
    } catch (error) {
      this.#signal.throwIfAborted();
      return `the winning unit could not be run: ${messageOf(error)}`;
    }
  }
}
