// A task that this node follows, as far as the chain needs it: its parameter sets and deltas, and how blocks move them.
import { ACCEPT, bytesEqual, ignore, type Refusal, type Verdict } from "../../base/index.ts";
import type { Block, Decoded, RoundRecord } from "../../codec/index.ts";
import type { Artifacts, Store, StoreWrite } from "../../ports/index.ts";
import { firstDigest, firstParameters, type Task } from "../../work/index.ts";
import type { BlobDeps } from "../exchange/index.ts";
import { Deltas } from "./deltas.ts";
import { ParameterStore } from "./parameter-store.ts";
import { Parameters, type Pulling } from "./parameters.ts";

export interface FollowedTaskDeps {
  readonly store: Store;
  readonly blocks: { block(id: Uint8Array): Promise<Decoded<Block> | undefined> };
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

  /** The block's records of this task, oldest first. */
  recordsIn(block: Block): RoundRecord[] {
    return block.body.records.filter((record) => bytesEqual(record.task, this.task.id));
  }

  /** Brings the deltas of a block's records here: only a winner can have a node ask for what nobody serves. */
  async fetch(block: Block, pulling: Pulling): Promise<Refusal | undefined> {
    const here = await this.deltas.ofRecords(this.recordsIn(block), pulling.hints, pulling);
    return here ? undefined : ignore("no-delta");
  }

  /** Runs the block's records over the set `digest` that stands after its parent `id`. */
  async advance(block: Block, standing: Standing, pulling: Pulling): Promise<Verdict> {
    const records = this.recordsIn(block);
    const starts = records.length > 0 || bytesEqual(block.header.task, this.task.id);
    if (starts && (await this.parametersAt(standing, pulling)) === undefined) return ignore("no-parameters");
    let start = standing.digest;
    for (const record of records) {
      const verdict = await this.parameters.advance(start, record, pulling);
      if (verdict.kind !== "accept") return verdict;
      start = record.nextDigest;
    }
    return ACCEPT;
  }

  /** The rows that keep what a block moved; of the set that stands after it. */
  async toStore(block: Block, { digest, season }: Omit<Standing, "id">): Promise<StoreWrite[]> {
    const records = this.recordsIn(block);
    const anew = this.#plant(digest, season);
    if (records.length === 0 && !anew) return [];
    const contributions = records.flatMap((record) => record.contributions);
    return [...(await this.parameters.store.toStore(digest)), ...this.deltas.toStore(contributions)];
  }

  /** What `toStore` gave is on disk. */
  written(block: Block): void {
    this.deltas.written(this.recordsIn(block).flatMap((record) => record.contributions));
  }

  /** A set where it stands: held, rebuilt through the records of earlier blocks, or pulled by its digest; undefined when none of it can be. */
  async parametersAt(standing: Standing, options: { readonly signal: AbortSignal }): Promise<Float32Array | undefined> {
    return (await this.#rebuild(standing, options)) ?? this.parameters.store.fetch(standing.digest, options);
  }

  async #rebuild(
    { id, digest, season }: Standing,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Float32Array | undefined> {
    const path: RoundRecord[] = [];
    let at = id;
    let start = digest;
    while ((await this.parameters.get(start)) === undefined && !this.#plant(start, season)) {
      const block = await this.#deps.blocks.block(at);
      if (block === undefined) return undefined;
      const records = this.recordsIn(block.value);
      path.push(...records.toReversed());
      // A record's contributions all start from the state that it follows.
      start = records[0]?.contributions[0]?.startDigest ?? start;
      at = block.value.header.parent;
    }
    for (const record of path.reverse()) {
      if ((await this.parameters.advance(start, record, { hints: [], signal })).kind !== "accept") return undefined;
      start = record.nextDigest;
    }
    return this.parameters.get(digest);
  }

  /** Whether the digest is that of the season's first set, which then is here: it is drawn, not brought. */
  #plant(digest: Uint8Array, season: number): boolean {
    if (!bytesEqual(digest, firstDigest(this.task, season))) return false;
    this.parameters.store.put(digest, firstParameters(this.task, season));
    return true;
  }
}

/** A parameter set where it stands: after block `id`, in a season. */
export interface Standing {
  readonly id: Uint8Array;
  readonly digest: Uint8Array;
  readonly season: number;
}
