// A task that this node follows, as far as the chain needs it: its parameter sets and deltas, and how blocks move them.
import { ACCEPT, bytesEqual, ignore, type Refusal, type Verdict } from "../../base/index.ts";
import { type Block, type Contribution, Header } from "../../codec/index.ts";
import type { Artifacts, Store, StoreWrite } from "../../ports/index.ts";
import { firstDigest, firstParameters, type Move, movesOf, type Task } from "../../work/index.ts";
import type { BlobDeps } from "../exchange/index.ts";
import type { BlockStore, DeltaRow } from "../storage/index.ts";
import { Deltas } from "./deltas.ts";
import { ParameterStore } from "./parameter-store.ts";
import { Parameters, type Pulling } from "./parameters.ts";

export interface FollowedTaskDeps {
  readonly store: Store;
  readonly seasonBlocks: number;
  readonly blocks: Pick<BlockStore, "block" | "keepDeltas">;
  /** Undefined for replays of a store alone. */
  readonly network: (BlobDeps & { readonly peers: { ranked(): readonly string[] } }) | undefined;
}

export class FollowedTask {
  readonly task: Task;
  readonly deltas: Deltas;
  readonly parameters: Parameters;
  readonly #deps: FollowedTaskDeps;

  constructor(task: Task, deps: FollowedTaskDeps) {
    this.task = task;
    this.#deps = deps;
    this.deltas = new Deltas({ maxBytes: task.maxDeltaBytes }, deps);
    this.parameters = new Parameters(task, { store: new ParameterStore(task, deps), deltas: this.deltas });
  }

  /** Opens the task with its first parameter set in hand. Throws BAD_GENESIS when that is not to be had. */
  static async open(
    task: Task,
    deps: FollowedTaskDeps & { readonly artifacts: Artifacts },
    options: { readonly signal: AbortSignal },
  ): Promise<FollowedTask> {
    const followed = new FollowedTask(task, deps);
    await followed.parameters.store.plantInitial(deps.artifacts, options);
    return followed;
  }

  /** How the block moves this task, oldest step first. */
  movesIn(block: Block): Move[] {
    return movesOf(block, this.task.id);
  }

  /** Brings the deltas of a block's contributions here: only a winner can have a node ask for what nobody serves. */
  async fetch(block: Block, pulling: Pulling): Promise<Refusal | undefined> {
    const brought = { id: Header.id(block.header), moves: this.movesIn(block) };
    const here = await this.deltas.ofMoves(brought, pulling.hints, pulling);
    return here ? undefined : ignore("no-delta");
  }

  /** Runs the block's moves over the set `digest` that stands after its parent `id`. */
  async advance(block: Block, standing: Standing, pulling: Pulling): Promise<Verdict> {
    const moves = this.movesIn(block);
    if (moves.length > 0 && (await this.parametersAt(standing, pulling)) === undefined) return ignore("no-parameters");
    let start = standing.digest;
    for (const move of moves) {
      await this.bringStarts(move.contributions, standing, pulling);
      const verdict = await this.parameters.advance(start, move, pulling);
      if (verdict.kind !== "accept") return verdict;
      start = move.nextDigest;
    }
    return ACCEPT;
  }

  /** Has the sets here that late contributions started from, as far as they can be had. */
  async bringStarts(
    contributions: readonly Contribution[],
    { id, season }: Omit<Standing, "digest">,
    options: { readonly signal: AbortSignal },
  ): Promise<void> {
    for (const { startDigest: digest } of contributions)
      if ((await this.parameters.get(digest)) === undefined) await this.parametersAt({ id, digest, season }, options);
  }

  /** The rows that keep the set that stands after a block, where that moved it. */
  async toStore(block: Block, { digest, season }: Omit<Standing, "id">): Promise<StoreWrite[]> {
    const anew = this.#plant(digest, season);
    return this.movesIn(block).length === 0 && !anew ? [] : this.parameters.store.toStore(digest);
  }

  /** What a block's moves are made of. */
  deltasIn(block: Block): DeltaRow[] {
    return this.deltas.rowsOf(this.movesIn(block).flatMap((move) => move.contributions));
  }

  /** A set where it stands: held, rebuilt through the records of earlier blocks, or pulled by its digest; undefined when none of it can be. */
  async parametersAt(standing: Standing, options: { readonly signal: AbortSignal }): Promise<Float32Array | undefined> {
    return (await this.#rebuild(standing, options)) ?? this.parameters.store.fetch(standing.digest, options);
  }

  /** Back over the moves of blocks to the nearest set that is held, and forth again. */
  async #rebuild(
    { id, digest, season }: Standing,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Float32Array | undefined> {
    const held = await this.parameters.get(digest);
    if (held !== undefined) return held;
    if (this.#plant(digest, season)) return this.parameters.get(digest);
    const path = await this.#pathTo(id, digest, season);
    if (path === undefined) return undefined;
    let { start } = path;
    for (const move of path.moves) {
      const verdict = await this.parameters.retrace(start, move, { hints: [], signal });
      if (verdict.kind !== "accept") return undefined;
      start = move.nextDigest;
    }
    return this.parameters.get(digest);
  }

  /** The moves from a set that is held to `digest`, which stands on block `id` or below; undefined when that is not on this branch. */
  async #pathTo(id: Uint8Array, digest: Uint8Array, season: number): Promise<Path | undefined> {
    const moves: Move[] = [];
    let at = id;
    for (;;) {
      const block = (await this.#deps.blocks.block(at))?.value;
      const before = block === undefined || this.#begins(block, season) ? [] : this.movesIn(block).reverse();
      for (const move of before) {
        const found = moves.length > 0;
        if (found && (await this.parameters.get(move.nextDigest)) !== undefined)
          return { start: move.nextDigest, moves: moves.reverse() };
        if (found || bytesEqual(move.nextDigest, digest)) moves.push(move);
      }
      if (block === undefined || this.#begins(block, season)) break;
      at = block.header.parent;
    }
    const start = firstDigest(this.task, season);
    return moves.length > 0 && this.#plant(start, season) ? { start, moves: moves.reverse() } : undefined;
  }

  /** Whether the block's state is the first of the season: what it moved belongs to the one before. */
  #begins({ header: { height } }: Block, season: number): boolean {
    return height === season * this.#deps.seasonBlocks;
  }

  /** Whether the digest is that of the season's first set, which then is here: it is drawn, not brought. */
  #plant(digest: Uint8Array, season: number): boolean {
    if (!bytesEqual(digest, firstDigest(this.task, season))) return false;
    this.parameters.store.put(digest, firstParameters(this.task, season));
    return true;
  }
}

/** Moves in order, and the set that they begin with. */
interface Path {
  readonly start: Uint8Array;
  readonly moves: readonly Move[];
}

/** A parameter set where it stands: after block `id`, in a season. */
export interface Standing {
  readonly id: Uint8Array;
  readonly digest: Uint8Array;
  readonly season: number;
}
