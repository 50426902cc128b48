// The replay of a store's best chain: every block's rules, every record's parameters of the given tasks and, with a runtime, every winning unit.
import { formatCoins, messageOf, PouwError, storeCorrupt, toHex } from "../../base/index.ts";
import { genesisState, heldIn, type State } from "../../chain/index.ts";
import type { Block, Contribution, Decoded } from "../../codec/index.ts";
import { checkBlock, checkShown, shownUnits } from "../../consensus/index.ts";
import { BlockStore, FollowedTasks, reexecute, SNAPSHOT_EVERY, standingIn, UnitRuns } from "../../engine/index.ts";
import type { Artifacts, Runtime, Store } from "../../ports/index.ts";
import { COMMON_STATES, checkUnit, type Task, winningOf } from "../../work/index.ts";
import type { Network } from "../parts/index.ts";
import type { VerifyReport } from "./reports.ts";

export interface ReplayOptions {
  readonly network: Network;
  /** Tasks whose records are computed and whose units are run; of others only the rules are checked. */
  readonly tasks: readonly Task[];
}

export interface ReplayDeps {
  readonly store: Store;
  readonly artifacts: Artifacts;
  /** Undefined: no unit is run. */
  readonly runtime: Runtime | undefined;
}

export interface ReplayRun {
  readonly signal: AbortSignal;
  readonly onProgress: (height: number, of: number) => void;
}

/** A broken chain is an answer, not an error. */
export async function replayStore(options: ReplayOptions, deps: ReplayDeps, run: ReplayRun): Promise<VerifyReport> {
  const began = performance.now();
  const { signal } = run;
  const blocks = new BlockStore(deps.store);
  const followed = await FollowedTasks.open(
    options.tasks,
    { ...deps, seasonBlocks: options.network.rules.seasonBlocks, blocks, network: undefined },
    { signal },
  );
  const { runtime } = deps;
  const unitRuns = new UnitRuns({ rules: options.network.rules, tasks: followed, runtime });
  const unitsFrom = await firstKept(blocks);
  const parts = { network: options.network, unitsFrom };
  const replay = new Replay(parts, { blocks, followed, unitRuns, runtime }, { signal });
  let problem: VerifyReport["problem"];
  try {
    const tip = await tipHeight(blocks);
    for (let height = 1; height <= tip && problem === undefined; height++) {
      signal.throwIfAborted();
      const reason = await replay.next(height);
      if (reason !== undefined) problem = { height, reason };
      else if (height === tip) problem = moneyProblem(replay.state);
      if (problem === undefined) run.onProgress(height, tip);
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
    unitsFrom,
    problem,
    seconds: (performance.now() - began) / 1000,
    stateRoot: toHex(state.root),
    supply: formatCoins(state.supply),
  };
}

/** The supply is kept by sums and differences; here it is counted. */
function moneyProblem(state: State): VerifyReport["problem"] {
  const held = heldIn(state);
  if (held === state.supply) return undefined;
  return {
    height: state.height,
    reason: `its accounts hold ${formatCoins(held)} in all, its supply is ${formatCoins(state.supply)}`,
  };
}

async function tipHeight(blocks: BlockStore): Promise<number> {
  const head = await blocks.head();
  if (head === undefined) return 0;
  const block = await blocks.block(head);
  if (block === undefined) throw storeCorrupt(`the tip ${toHex(head)} is missing`);
  return block.value.header.height;
}

/** The height from which the deltas and the sets to start from are here: behind the first set that stays of the window, and past what may come late. */
async function firstKept(blocks: BlockStore): Promise<number> {
  const oldest = await blocks.oldest();
  return oldest <= 1 ? 1 : Math.ceil(oldest / SNAPSHOT_EVERY) * SNAPSHOT_EVERY + COMMON_STATES;
}

interface Parts {
  readonly blocks: BlockStore;
  readonly followed: FollowedTasks;
  readonly unitRuns: UnitRuns;
  readonly runtime: Runtime | undefined;
}

class Replay {
  state: State;
  readonly counts = { blocks: 0, records: 0, unitsExecuted: 0 };
  readonly #network: Network;
  readonly #unitsFrom: number;
  readonly #parts: Parts;
  readonly #signal: AbortSignal;

  constructor(
    { network, unitsFrom }: { readonly network: Network; readonly unitsFrom: number },
    parts: Parts,
    { signal }: { readonly signal: AbortSignal },
  ) {
    this.#network = network;
    this.#unitsFrom = unitsFrom;
    this.#parts = parts;
    this.#signal = signal;
    this.state = genesisState(network.genesis);
  }

  /** Replays the best chain's block at `height`; the reason why it does not stand, or undefined. */
  async next(height: number): Promise<string | undefined> {
    const { blocks } = this.#parts;
    const id = await blocks.canonical(height);
    const block = id === undefined ? undefined : await blocks.block(id);
    if (block === undefined) return "the block is missing from the store";
    const result = checkBlock(this.state, block.value, {}, this.#network.rules);
    if (result.kind !== "state") return result.reason;
    const wrong = height < this.#unitsFrom ? undefined : await this.#runAgain(block, result.state);
    if (wrong !== undefined) return wrong;
    this.state = result.state;
    this.counts.blocks++;
    return undefined;
  }

  async #runAgain(block: Decoded<Block>, after: State): Promise<string | undefined> {
    return (
      (await this.#advance(block)) ??
      (await this.#execute(block.value, after)) ??
      (await this.#checkEvidence(block.value))
    );
  }

  async #advance({ value }: Decoded<Block>): Promise<string | undefined> {
    for (const followed of this.#parts.followed.all) {
      const standing = { id: value.header.parent, ...standingIn(this.state, followed) };
      const verdict = await followed.advance(value, standing, { hints: [], signal: this.#signal });
      if (verdict.kind !== "accept") return `${followed.task.name}: ${verdict.reason}`;
      this.counts.records += followed.movesIn(value).length;
    }
    return undefined;
  }

  async #execute(block: Block, after: State): Promise<string | undefined> {
    const { followed, runtime } = this.#parts;
    const of = followed.get(block.header.task);
    if (runtime === undefined || of === undefined) return undefined;
    const { season } = standingIn(this.state, of);
    const start = await of.parameters.get(block.header.startDigest);
    if (start === undefined) return "the parameters that the winning unit starts from are missing";
    const contribution = winningOf(block) as Contribution;
    const claim = { contribution, task: of.task, beacon: this.state.beacon, start, season };
    try {
      const verdict = checkUnit(contribution, await reexecute(claim, runtime, { signal: this.#signal }));
      this.counts.unitsExecuted++;
      return verdict.kind === "accept" ? undefined : verdict.reason;
    } catch (error) {
      this.#signal.throwIfAborted();
      return `the winning unit of block ${after.height} could not be run: ${messageOf(error)}`;
    }
  }

  /** Runs the units that the block's evidence is about. */
  async #checkEvidence({ body }: Block): Promise<string | undefined> {
    const { unitRuns } = this.#parts;
    for (const shown of shownUnits(this.state, body.evidence, this.#network.rules)) {
      const { task, height } = shown.contribution;
      if (!unitRuns.canRun(task) || (this.#unitsFrom > 1 && height < this.#unitsFrom)) continue;
      const found = await unitRuns.run(shown.contribution, this.state, { signal: this.#signal });
      this.counts.unitsExecuted++;
      const verdict = checkShown(shown, found);
      if (verdict.kind !== "accept") return verdict.reason;
    }
    return undefined;
  }
}
