// What this node scored of a task's seasons, and the best set of them: rows of their own, which no retention looks at.
import type { Store } from "../../ports/index.ts";
import { KEYS } from "./keys.ts";

/** The score of the set that a season ended with, on the validation split. */
export interface SeasonScore {
  readonly season: number;
  /** Number of the season's optimizer setting. */
  readonly setting: number;
  /** Of the set, hex. */
  readonly digest: string;
  /** Of the season's last block. */
  readonly height: number;
  readonly correct: number;
  readonly samples: number;
}

export interface SeasonScores {
  /** Oldest first, a bounded number. */
  readonly scores: readonly SeasonScore[];
  /** The best of all that were ever scored here, whether its row is still among `scores` or not. */
  readonly best: SeasonScore | undefined;
}

/** Seasons whose scores are kept. */
const MOST_SCORES = 64;
const NONE: SeasonScores = { scores: [], best: undefined };

const share = ({ correct, samples }: SeasonScore): number => correct / samples;

/** With one more season; the older of two equal ones stays the best. */
export function withScore({ scores, best }: SeasonScores, score: SeasonScore): SeasonScores {
  const others = scores.filter(({ season }) => season !== score.season);
  const next = [...others, score].sort((a, b) => a.season - b.season).slice(-MOST_SCORES);
  return { scores: next, best: best === undefined || share(score) > share(best) ? score : best };
}

/** What earlier runs kept of a task. */
export async function readSeasonScores(store: Store, task: Uint8Array): Promise<SeasonScores> {
  const bytes = await store.get(KEYS.seasonScores(task));
  return bytes === undefined ? NONE : (JSON.parse(new TextDecoder().decode(bytes)) as SeasonScores);
}

/** Bytes of the best set, as it was kept. */
export const readBestSet = (store: Store, task: Uint8Array): Promise<Uint8Array | undefined> =>
  store.get(KEYS.bestSet(task));

/** Keeps the scores, and in the same batch the bytes of the best set where it is another one. */
export function writeSeasonScores(
  store: Store,
  task: Uint8Array,
  { scores, bestSet }: { readonly scores: SeasonScores; readonly bestSet: Uint8Array | undefined },
): Promise<void> {
  const set = bestSet === undefined ? [] : [{ key: KEYS.bestSet(task), value: bestSet }];
  return store.batch([
    { key: KEYS.seasonScores(task), value: new TextEncoder().encode(JSON.stringify(scores)) },
    ...set,
  ]);
}
