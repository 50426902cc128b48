// What a network learns: its schedule with real units, put together by the rule of aggregation itself.
import { flatten, parameterFeeds } from "../../../scripts/ml-lab.ts";
import type { Held, Subject } from "../../../scripts/seasons/subject.ts";
import { finish, utf8 } from "../../../src/base/index.ts";
import { taggedHash } from "../../../src/crypto/index.ts";
import { AGGREGATION_RULES, toGrid } from "../../../src/ml/index.ts";
import type { Schedule } from "./schedule.ts";

/** Common states that a contribution may start from. */
const STATES = 8;
/** A score is the mean over the states of the last eighth of the units: one state alone moves by some 0.004. */
const WINDOW = 1 / 8;

export interface LearnOptions {
  /** Units trained by the whole network at which it is scored, ascending. */
  readonly at: readonly number[];
  /** Season whose first parameters and setting the model has. */
  readonly season: number;
  /** Names the draws of the units. */
  readonly seed: string;
  /** A control: every contribution is forged to change nothing. */
  readonly forged?: boolean;
  /** Called after each record, with the units trained so far. */
  readonly onRecord?: (trained: number) => void;
}

/** Share of the held-back predictions (validation and test split) that are right at each of `at`. Throws where the schedule is too short. */
export async function learn(subject: Subject, schedule: Schedule, options: LearnOptions): Promise<number[]> {
  const states = new Map([[schedule.first, flatten(subject.first(options.season))]]);
  const scores: { readonly trained: number; readonly held: Held }[] = [];
  const last = options.at.at(-1) as number;
  let [recorded, trained] = [0, 0];
  for (const { round, entries } of schedule.records) {
    const deltas = [];
    for (const { start, lag } of entries) {
      const from = states.get(start) as Float32Array;
      const seed = taggedHash("quality", utf8(`${options.seed}/${recorded++}`));
      deltas.push({ delta: await deltaOf(subject, from, { ...options, seed }), lag });
    }
    const next = finish(AGGREGATION_RULES.mean(subject.model, states.get(round) as Float32Array, deltas));
    states.set(round + 1, next);
    states.delete(round + 1 - STATES);
    trained = recorded / schedule.recorded;
    options.onRecord?.(trained);
    const isNear = options.at.some((at) => trained > at * (1 - WINDOW) && trained - entries.length < at);
    if (isNear) scores.push({ trained, held: await subject.held(parameterFeeds(subject.model, next)) });
    if (trained >= last) return options.at.map((at) => meanBefore(scores, at));
  }
  throw new Error(`the season has ${Math.floor(trained)} units, ${last} are wanted`);
}

/** Grid steps by which a unit changes the parameters; flat. */
async function deltaOf(
  subject: Subject,
  start: Float32Array,
  { seed, season, forged = false }: { readonly seed: Uint8Array; readonly season: number; readonly forged?: boolean },
): Promise<Int32Array> {
  if (forged) return new Int32Array(start.length);
  const draws = subject.draw(seed);
  let end = parameterFeeds(subject.model, start);
  for (const span of subject.stretches) end = await subject.run(end, draws, span, subject.settingOf(season));
  const [before, after] = [toGrid(subject.model, start), toGrid(subject.model, flatten(end))];
  return after.map((value, i) => value - (before[i] as number));
}

/** Mean score of the states from an eighth before `at` to the first one at or after it. */
function meanBefore(scores: readonly { readonly trained: number; readonly held: Held }[], at: number): number {
  const end = scores.findIndex(({ trained }) => trained >= at);
  const counted = scores.slice(0, end + 1).filter(({ trained }, i) => i === end || trained > at * (1 - WINDOW));
  return counted.reduce((sum, { held }) => sum + held.both, 0) / counted.length;
}
