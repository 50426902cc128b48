// What single steps of a unit do, at the parameters and the momentum that they really have: what leaving some out could save.
import { createHash } from "node:crypto";
import type { UnitDraws } from "../../src/ml/index.ts";
import type { Feeds, ort } from "../ml-lab.ts";
import type { Span, Subject } from "./subject.ts";

export interface StepCounts {
  /** Steps that were looked at. */
  readonly steps: number;
  /** Of them: the loss had no gradient, or one too small to move any parameter by itself. */
  readonly withoutGradient: number;
  /** Of them: the parameters are the same after it. */
  readonly withoutChange: number;
  /** Of them: it began at parameters that an earlier one of the same walk began at. */
  readonly repeated: number;
}

export const NO_STEPS: StepCounts = { steps: 0, withoutGradient: 0, withoutChange: 0, repeated: 0 };

export const plus = (a: StepCounts, b: StepCounts): StepCounts => ({
  steps: a.steps + b.steps,
  withoutGradient: a.withoutGradient + b.withoutGradient,
  withoutChange: a.withoutChange + b.withoutChange,
  repeated: a.repeated + b.repeated,
});

/** A unit's draws from where one of its stretches begins. */
export interface Stretch {
  readonly start: Feeds;
  readonly draws: UnitDraws;
  readonly span: Span;
  readonly setting: number;
}

const values = (parameters: Feeds, name: string): Float32Array => (parameters[name] as ort.Tensor).data as Float32Array;

/** Share of the parameters that differ. */
export function changedShare(before: Feeds, after: Feeds): number {
  let [changed, all] = [0, 0];
  for (const name of Object.keys(before)) {
    const [old, now] = [values(before, name), values(after, name)];
    all += old.length;
    for (let i = 0; i < old.length; i++) if (old[i] !== now[i]) changed++;
  }
  return changed / all;
}

const sameIn = (names: readonly string[], before: Feeds, after: Feeds): boolean =>
  names.every((name) => {
    const [old, now] = [values(before, name), values(after, name)];
    return old.every((value, i) => value === now[i]);
  });

/** Parameters that only a gradient moves: AdamW's weight decay moves the matrices without one. */
const movedByGradient = ({ model }: Subject): string[] =>
  model.parameters.filter(({ shape }) => model.optimizer.kind === "sgd" || shape.length < 2).map(({ name }) => name);

/** A step and where it stands: the parameters before and after it, with the momentum of the steps before. */
interface Stood {
  readonly step: number;
  readonly before: Feeds;
  readonly after: Feeds;
}

/**
 * Run alone a step has no momentum, so what it moves is its gradient's doing: a step without any gradient moves nothing then. Some that
 * move nothing have a gradient below half a unit of the grid, which momentum would have kept; they are counted as well. So the count is no
 * smaller than that of the steps whose work a miner could leave out, and it takes for granted that he knows them without running them.
 */
async function look(
  subject: Subject,
  { draws, setting }: Stretch,
  { step, before, after }: Stood,
): Promise<StepCounts> {
  const alone = await subject.run(before, draws, [step, step + 1], setting);
  return {
    steps: 1,
    withoutGradient: sameIn(movedByGradient(subject), before, alone) ? 1 : 0,
    withoutChange: sameIn(Object.keys(before), before, after) ? 1 : 0,
    repeated: 0,
  };
}

/** One step of a stretch, counted from its first. */
export async function lookAt(subject: Subject, stretch: Stretch, offset: number): Promise<StepCounts> {
  const { start, draws, span, setting } = stretch;
  const step = span[0] + offset;
  const before = await subject.run(start, draws, [span[0], step], setting);
  const after = await subject.run(start, draws, [span[0], step + 1], setting);
  return look(subject, stretch, { step, before, after });
}

const digestOf = (parameters: Feeds): string => {
  const hash = createHash("sha256");
  for (const name of Object.keys(parameters)) hash.update(values(parameters, name));
  return hash.digest("hex");
};

/** Every step of a stretch. A call's momentum begins at zero, so each prefix of the stretch is run for itself. */
export async function walk(subject: Subject, stretch: Stretch): Promise<StepCounts> {
  const { start, draws, span, setting } = stretch;
  const seen = new Set<string>();
  let [counts, before] = [NO_STEPS, start];
  for (let step = span[0]; step < span[1]; step++) {
    const digest = digestOf(before);
    const repeated = seen.has(digest) ? 1 : 0;
    seen.add(digest);
    const after = await subject.run(start, draws, [span[0], step + 1], setting);
    counts = plus(counts, { ...(await look(subject, stretch, { step, before, after })), repeated });
    before = after;
  }
  return counts;
}

/** Rows of a unit that their step has twice, moved alike: only these could share a forward pass, whatever their labels. */
export function sharedRows({ model, steps }: Subject, { batch, noise }: UnitDraws): number {
  const rows = model.batchSize;
  const shifts = noise[model.noise(rows).findIndex(({ name }) => name === "shift")];
  let shared = 0;
  for (let step = 0; step < steps; step++) {
    const met = new Set<string>();
    for (let at = step * rows; at < (step + 1) * rows; at++) met.add(`${batch[at]}/${shifts?.[at]}`);
    shared += rows - met.size;
  }
  return shared;
}
