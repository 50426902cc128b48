// Seasons: a task's training starts anew every so many blocks, from weights and with a setting that nobody chooses (protocol section 2).
import { type Hash32, memoised } from "../base/index.ts";
import { initialParameters, parametersDigest } from "../ml/index.ts";
import type { Task } from "./task.ts";

/** Whether the state after a block of this height is the first of a season. */
export const beginsSeason = (height: number, seasonBlocks: number): boolean => height % seasonBlocks === 0;

/** Which of its optimizer's settings a season has: each in turn. */
export const settingOf = ({ optimizer }: Pick<Task, "optimizer">, season: number): number =>
  season % optimizer.settings.length;

/** The parameters that a season begins with, flat. */
export const firstParameters = (task: Task, season: number): Float32Array => initialParameters(task, season);

/** Drawing a set takes milliseconds, and every state of a season's first block asks. */
const digestsOf = memoised((_: Task) => new Map<number, Hash32>());

/** Digest of the parameters that a season begins with; the registration says that of season 0. */
export function firstDigest(task: Task, season: number): Hash32 {
  if (season === 0) return task.initialDigest as Hash32;
  const known = digestsOf(task);
  const digest = known.get(season) ?? (parametersDigest(task, firstParameters(task, season)) as Hash32);
  known.set(season, digest);
  return digest;
}
