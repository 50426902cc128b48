// Trains a model unit after unit, season after season, and measures whether its training runs dry.
import { utf8 } from "../../src/base/index.ts";
import { taggedHash } from "../../src/crypto/index.ts";
import { type Feeds, integerStream } from "../ml-lab.ts";
import { changedShare, lookAt, NO_STEPS, plus, type StepCounts, sharedRows, walk } from "./steps.ts";
import type { Held, Subject } from "./subject.ts";

/** Fewer changed parameters in a unit are a failure. */
export const LEAST_CHANGED = 0.5;
/** More steps that could be left out are a failure. */
export const MOST_SAVED = 0.05;

export interface Plan {
  readonly units: number;
  /** Units of a season. */
  readonly season: number;
  /** Number of the first season. */
  readonly first: number;
  /** One step of every so many units is looked at. */
  readonly sample: number;
  /** The parameters are scored on the way after every so many units; never where it is absent. */
  readonly score?: number;
  /** Called with each such score. */
  readonly onScore?: (units: number, both: number) => void;
  /** Called after every unit. */
  readonly onUnit?: (unit: number, changed: number) => void;
  /** Called after every season, with all there are. */
  readonly onSeason?: (seasons: readonly SeasonFigures[]) => void;
}

export interface SeasonFigures {
  readonly season: number;
  /** The setting's number and its hyper-parameters. */
  readonly setting: number;
  readonly hyper: { readonly [name: string]: number };
  readonly units: number;
  /** digest(P) of the parameters that it began and ended with. */
  readonly first: string;
  readonly last: string;
  /** Share of the parameters that each unit changed, oldest first. */
  readonly changed: readonly number[];
  /** Steps drawn at random from its units. */
  readonly sampled: StepCounts;
  /** The last stretch of its last unit, step by step. */
  readonly walked: StepCounts;
  /** Of the rows of units looked at: the share that could share another's forward pass. */
  readonly sharedRows: number;
  readonly held: Held;
  /** Scores on the way: after which unit, and the share of both splits that was right. */
  readonly course: readonly { readonly units: number; readonly both: number }[];
}

/** What a season has counted so far. */
interface Counted {
  readonly changed: number[];
  readonly course: { readonly units: number; readonly both: number }[];
  sampled: StepCounts;
  walked: StepCounts;
  shared: number;
  rows: number;
}

const nothing = (): Counted => ({ changed: [], course: [], sampled: NO_STEPS, walked: NO_STEPS, shared: 0, rows: 0 });

/** Runs the plan's units one after another, as a miner alone in its network does. */
export async function study(subject: Subject, plan: Plan): Promise<SeasonFigures[]> {
  const seasons: SeasonFigures[] = [];
  for (let done = 0; done < plan.units; done += plan.season) {
    const units = Math.min(plan.season, plan.units - done);
    seasons.push(await runSeason(subject, { ...plan, units }, plan.first + seasons.length));
    plan.onSeason?.(seasons);
  }
  return seasons;
}

/** One season of `plan.units` units. */
async function runSeason(subject: Subject, plan: Plan, season: number): Promise<SeasonFigures> {
  const setting = subject.settingOf(season);
  const counted = nothing();
  const start = subject.first(season);
  let at = start;
  for (let unit = 0; unit < plan.units; unit++) {
    const seed = taggedHash("seasons", utf8(`${subject.model.name}/${season}/${unit}`));
    const last = unit === plan.units - 1;
    const end = await runUnitOf(subject, { at, seed, setting }, { counted, looked: unit % plan.sample === 0, last });
    counted.changed.push(changedShare(at, end));
    at = end;
    if (plan.score !== undefined && (unit + 1) % plan.score === 0) {
      const { both } = await subject.held(at);
      counted.course.push({ units: unit + 1, both });
      plan.onScore?.(unit + 1, both);
    }
    plan.onUnit?.((season - plan.first) * plan.season + unit, counted.changed.at(-1) as number);
  }
  const { changed, course, sampled, walked, shared, rows } = counted;
  const hyper = { ...subject.model.optimizer.settings[setting] };
  const figures = { changed, sampled, walked, sharedRows: rows === 0 ? 0 : shared / rows, course };
  const ends = { first: subject.digest(start), last: subject.digest(at) };
  return { season, setting, hyper, units: plan.units, ...ends, ...figures, held: await subject.held(at) };
}

interface UnitStart {
  readonly at: Feeds;
  readonly seed: Uint8Array;
  readonly setting: number;
}

/** One unit, stretch by stretch; on the way a step of it is looked at, and of a season's last unit the last stretch. */
async function runUnitOf(
  subject: Subject,
  { at, seed, setting }: UnitStart,
  { counted, looked, last }: { readonly counted: Counted; readonly looked: boolean; readonly last: boolean },
): Promise<Feeds> {
  const draws = subject.draw(seed);
  const { stretches } = subject;
  const next = integerStream(`sample/${Buffer.from(seed).toString("hex")}`);
  const chosen = looked ? next() % stretches.length : -1;
  let end = at;
  for (const [i, span] of stretches.entries()) {
    const stretch = { start: end, draws, span, setting };
    if (i === chosen)
      counted.sampled = plus(counted.sampled, await lookAt(subject, stretch, next() % (span[1] - span[0])));
    if (last && i === stretches.length - 1) counted.walked = await walk(subject, stretch);
    end = await subject.run(end, draws, span, setting);
  }
  if (looked) {
    counted.shared += sharedRows(subject, draws);
    counted.rows += subject.steps * subject.model.batchSize;
  }
  return end;
}

/** All seasons of a model, in a few figures. */
export interface Verdict {
  readonly good: boolean;
  /** The least of all units. */
  readonly changed: number;
  readonly sampled: StepCounts;
  readonly walked: StepCounts;
  /** Share of the steps that leaving out those without gradient would save, at most. */
  readonly saved: number;
  readonly sharedRows: number;
}

export function verdictOf(seasons: readonly SeasonFigures[]): Verdict {
  const sum = (of: (season: SeasonFigures) => StepCounts): StepCounts => seasons.map(of).reduce(plus, NO_STEPS);
  const share = ({ steps, withoutGradient }: StepCounts): number => (steps === 0 ? 0 : withoutGradient / steps);
  const [sampled, walked] = [sum((season) => season.sampled), sum((season) => season.walked)];
  const changed = Math.min(...seasons.flatMap((season) => season.changed));
  const saved = Math.max(share(sampled), share(walked));
  const good = changed >= LEAST_CHANGED && saved <= MOST_SAVED;
  return { good, changed, sampled, walked, saved, sharedRows: Math.max(...seasons.map((season) => season.sharedRows)) };
}
