// The best of each season: the set that a season ends with is scored once its last block is settled; scores and the best set are kept.
import { toHex } from "../../base/index.ts";
import {
  type BlockEntry,
  type Engine,
  encodeSet,
  readBestSet,
  readSeasonScores,
  type SeasonScore,
  type SeasonScores,
  type Standing,
  standingIn,
  type TaskEngine,
  withScore,
  writeSeasonScores,
} from "../../engine/index.ts";
import type { Evaluation, Log, Store } from "../../ports/index.ts";
import { settingOf, type Task } from "../../work/index.ts";
import type { SeasonScoreView, TaskStatus } from "./status.ts";
import type { Validation } from "./validation.ts";

/** Seasons that a status tells of. */
const SHOWN = 8;

export interface SeasonsDeps {
  readonly engine: Engine;
  readonly store: Store;
  /** Undefined on a node that cannot train: it shows what it scored when it could. */
  readonly validation: Validation | undefined;
  readonly log: Log;
}

export class Seasons {
  readonly #deps: SeasonsDeps;
  readonly #signal: AbortSignal;
  /** Task -> what was scored. */
  readonly #kept = new Map<string, SeasonScores>();
  /** Task -> the last block of a season whose set is not to be had here. */
  readonly #lost = new Map<string, number>();
  #looking = false;

  constructor(deps: SeasonsDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Of every task the season that ended last, at the settled block or below, is scored if that was not done. Others are lacking for good. */
  async look(settled: BlockEntry): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const { engine } = this.#deps;
      const { seasonBlocks } = engine.ledger.rules;
      const end = settled.height - (settled.height % seasonBlocks);
      for (const task of engine.tasks) await this.#lookAt(task, end);
    } finally {
      this.#looking = false;
    }
  }

  /** What a status shows of a task's seasons. */
  view(task: Task): Pick<TaskStatus, "season" | "seasons" | "best"> {
    const { rules, state, head } = this.#deps.engine.ledger;
    const kept = this.#kept.get(toHex(task.id));
    const number = state.task(task.id)?.season ?? 0;
    const setting = settingIn(task, settingOf(task, number));
    return {
      season: { number, setting, blocks: head.height % rules.seasonBlocks, length: rules.seasonBlocks },
      seasons: (kept?.scores ?? []).slice(-SHOWN).map((score) => scoreView(task, score)),
      best: kept?.best === undefined ? undefined : scoreView(task, kept.best),
    };
  }

  /** The parameters that `best` in the status speaks of; undefined before the first score, and for a task that is not followed. */
  async bestSet(task: Task): Promise<Float32Array | undefined> {
    const { engine, store } = this.#deps;
    const bytes = await readBestSet(store, task.id);
    return bytes === undefined ? undefined : engine.followed.get(task.id)?.parameters.store.decode(bytes);
  }

  async #lookAt(task: TaskEngine, end: number): Promise<void> {
    const { store, validation, log } = this.#deps;
    const id = toHex(task.task.id);
    const kept = this.#kept.get(id) ?? (await readSeasonScores(store, task.task.id));
    this.#kept.set(id, kept);
    if (validation === undefined || end === 0 || this.#lost.get(id) === end) return;
    if (kept.scores.some(({ height }) => height === end)) return;
    const standing = await this.#lastOf(task, end);
    if (validation.busy) return;
    const evaluation = standing === undefined ? undefined : await validation.score(task, standing);
    if (standing !== undefined && evaluation !== undefined)
      return this.#keep(task.task, kept, { standing, evaluation, end });
    // Looked for once: else every block would have the whole season's records read again.
    this.#lost.set(id, end);
    log.debug({ task: task.task.name, height: end }, "a season could not be scored");
  }

  /** Where the last set of the season stands that the block at `end` is the last of: the state after it has the next season's first. */
  async #lastOf({ task }: TaskEngine, end: number): Promise<Standing | undefined> {
    const { blocks, ledger, followed } = this.#deps.engine;
    const id = await blocks.canonical(end);
    const block = id === undefined ? undefined : await blocks.block(id);
    if (id === undefined || block === undefined) return undefined;
    const before = standingIn(await ledger.stateOf(block.value.header.parent), { task });
    const last = followed.get(task.id)?.movesIn(block.value).at(-1);
    return { id, season: before.season, digest: last?.nextDigest ?? before.digest };
  }

  async #keep(
    task: Task,
    kept: SeasonScores,
    {
      standing,
      evaluation,
      end,
    }: { readonly standing: Standing; readonly evaluation: Evaluation; readonly end: number },
  ): Promise<void> {
    const { engine, store, log } = this.#deps;
    const { season } = standing;
    const { correct, samples } = evaluation;
    const digest = toHex(standing.digest);
    const score = { season, setting: settingOf(task, season), digest, height: end, correct, samples };
    const scores = withScore(kept, score);
    const isBest = scores.best === score;
    const set = isBest
      ? await engine.followed.get(task.id)?.parametersAt(standing, { signal: this.#signal })
      : undefined;
    // A best without its set would be a claim that nobody could use.
    if (isBest && set === undefined) return;
    await writeSeasonScores(store, task.id, { scores, bestSet: set === undefined ? undefined : encodeSet(set) });
    this.#kept.set(toHex(task.id), scores);
    log.info({ task: task.name, season, correct, samples, best: isBest }, "a season was scored");
  }
}

const settingIn = ({ optimizer }: Task, setting: number): SeasonScoreView["setting"] => ({
  ...optimizer.settings[setting],
});

const scoreView = (
  task: Task,
  { season, setting, digest, height, correct, samples }: SeasonScore,
): SeasonScoreView => ({
  season,
  setting: settingIn(task, setting),
  accuracy: correct / samples,
  height,
  digest,
});
