// The record with which a win closes its round: the leader's records so far, then the winning contribution and whatever else waits (protocol section 3).
import { bytesEqual } from "../../base/index.ts";
import type { State } from "../../chain/index.ts";
import { type ClosingRecord, type Contribution, MAX_CONTRIBUTIONS, type RoundRecord } from "../../codec/index.ts";
import { compareContributions, nextRound, type OpenRound } from "../../consensus/index.ts";
import { COMMON_STATES } from "../../work/index.ts";
import type { FollowedTask } from "./followed-task.ts";
import { freshView, type RoundView } from "./round-view.ts";
import type { Rounds } from "./rounds.ts";

/** A unit that won, with the chain and the round that it began on. */
export interface Win {
  readonly contribution: Contribution;
  readonly state: State;
  readonly view: RoundView;
}

/** The work of a block: of its winner's task. */
export interface ClosedRound {
  readonly records: readonly RoundRecord[];
  readonly closing: ClosingRecord;
}

export interface ClosingDeps {
  readonly rounds: Pick<Rounds, "view" | "contributions">;
  readonly followed: Pick<FollowedTask, "task" | "parameters" | "bringStarts">;
}

/** Closes the round that the leader has come to; undefined when its common state is not here. */
export async function closeRound(
  win: Win,
  deps: ClosingDeps,
  options: { readonly signal: AbortSignal },
): Promise<ClosedRound | undefined> {
  const { contribution } = win;
  const current = deps.rounds.view;
  const stands = bytesEqual(current.head, win.view.head);
  const records = carried(win, stands ? current : win.view);
  const open = records.reduce<OpenRound>(nextRound, freshView(win.state, deps.followed.task, 0));
  const waiting = stands ? deps.rounds.contributions(open, MAX_CONTRIBUTIONS - 1) : [];
  const others = waiting.filter((c) => !sameUnit(c, contribution));
  const all = [...others, contribution].sort(compareContributions);
  const means = { followed: deps.followed, ...options };
  const closing = (await closed(win, open, all, means)) ?? (await closed(win, open, [contribution], means));
  return closing === undefined ? undefined : { records, closing };
}

/** The leader's records, up to the last round in which the win's start still counts. */
function carried({ contribution }: Win, { records }: RoundView): readonly RoundRecord[] {
  return records.filter(({ round }) => round < contribution.round + COMMON_STATES - 1);
}

const sameUnit = (a: Contribution, b: Contribution): boolean => a.round === b.round && compareContributions(a, b) === 0;

async function closed(
  { contribution: winning, view }: Win,
  { round, startDigest }: OpenRound,
  contributions: readonly Contribution[],
  { followed, signal }: Pick<ClosingDeps, "followed"> & { readonly signal: AbortSignal },
): Promise<ClosingRecord | undefined> {
  const pulling = { hints: [], signal };
  await followed.bringStarts(contributions, { id: view.head, season: view.season }, pulling);
  const made = await followed.parameters.combine(startDigest, { round, contributions, winning }, pulling);
  return made.kind === "combined" ? { contributions: [...contributions], nextDigest: made.digest } : undefined;
}
