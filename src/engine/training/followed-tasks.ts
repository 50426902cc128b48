// The tasks that this node follows, as the ledger sees them. Of other tasks it checks form, draws and money, and takes the parameters on trust.
import { ACCEPT, bytesEqual, type Hash32, type Refusal, toHex, type Verdict } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import type { Block } from "../../codec/index.ts";
import type { Artifacts } from "../../ports/index.ts";
import type { Task } from "../../work/index.ts";
import type { Kept, Parent, Training } from "../chain/index.ts";
import { hintsOf, type Origin } from "../origin.ts";
import { FollowedTask, type FollowedTaskDeps } from "./followed-task.ts";
import { encodeSet } from "./parameter-store.ts";

interface Options {
  readonly signal: AbortSignal;
}

export class FollowedTasks implements Training {
  /** In ascending order of id, as a block's records are. */
  readonly all: readonly FollowedTask[];

  constructor(all: readonly FollowedTask[]) {
    this.all = [...all].sort((a, b) => (toHex(a.task.id) < toHex(b.task.id) ? -1 : 1));
  }

  /** Opens each task with its first parameters. Throws BAD_GENESIS. */
  static async open(
    tasks: readonly Task[],
    deps: FollowedTaskDeps & { readonly artifacts: Artifacts },
    options: Options,
  ): Promise<FollowedTasks> {
    return new FollowedTasks(await Promise.all(tasks.map((task) => FollowedTask.open(task, deps, options))));
  }

  get(id: Uint8Array): FollowedTask | undefined {
    return this.all.find((followed) => bytesEqual(followed.task.id, id));
  }

  async holds(task: Uint8Array, digest: Uint8Array): Promise<boolean> {
    return (await this.get(task)?.parameters.get(digest)) !== undefined;
  }

  /** A delta's bytes by hash, of whatever task. */
  async delta(hash: Uint8Array): Promise<Uint8Array | undefined> {
    for (const { deltas } of this.all) {
      const bytes = await deltas.local(hash);
      if (bytes !== undefined) return bytes;
    }
    return undefined;
  }

  /** A parameter set's bytes by digest, of whatever task. */
  async parameters(digest: Uint8Array): Promise<Uint8Array | undefined> {
    for (const { parameters } of this.all) {
      const set = await parameters.store.held(digest);
      if (set !== undefined) return encodeSet(set);
    }
    return undefined;
  }

  async fetch(block: Block, origin: Origin, { signal }: Options): Promise<Refusal | undefined> {
    for (const followed of this.all) {
      const refusal = await followed.fetch(block, { hints: hintsOf(origin), signal });
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  async advance({ parent, state }: Parent, block: Block, origin: Origin, { signal }: Options): Promise<Verdict> {
    for (const followed of this.all) {
      const standing = { id: parent.id, ...standingIn(state, followed) };
      const verdict = await followed.advance(block, standing, { hints: hintsOf(origin), signal });
      if (verdict.kind !== "accept") return verdict;
    }
    return ACCEPT;
  }

  async keep(block: Block, state: State): Promise<Kept> {
    const standing = this.all.map((followed) => ({ followed, set: standingIn(state, followed) }));
    const parameters = standing.map(({ set }) => set.digest);
    const rows = standing.map(({ followed, set }) => followed.toStore(block, set));
    const writes = (await Promise.all(rows)).flat();
    return { parameters, writes, deltas: this.all.flatMap((followed) => followed.deltasIn(block)) };
  }
}

/** The set of a task that stands after the state's block. */
export function standingIn(
  state: State,
  { task }: Pick<FollowedTask, "task">,
): { readonly digest: Hash32; readonly season: number } {
  const stands = state.task(task.id);
  return { digest: (stands?.parametersDigest ?? task.initialDigest) as Hash32, season: stands?.season ?? 0 };
}
