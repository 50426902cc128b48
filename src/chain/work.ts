// How a block moves its tasks: their common states, their seasons, and what it recorded (protocol sections 2 and 3).
import { bytesEqual, type Steps } from "../base/index.ts";
import { Contribution } from "../codec/index.ts";
import {
  beginsSeason,
  COMMON_STATES,
  contributionsOf,
  firstDigest,
  type Move,
  movesOf,
  placeOf,
  startName,
  type Task,
  type WonBlock,
  winningOf,
} from "../work/index.ts";
import { attesterPayOf } from "./economy/payments.ts";
import { findTask, type Rules } from "./rules.ts";
import type { State } from "./state/state.ts";
import { type Common, OPEN, type Recorded, StateType, TaskStateType } from "./state/state-type.ts";
import type { WorkingState } from "./state/working-state.ts";

/** Tasks move, a season may end, and what was recorded, and from where, is remembered. */
export function* applyWork(working: WorkingState, state: State, block: WonBlock, rules: Rules): Steps<void> {
  const { height } = block.header;
  working.turnRecorded(height, yield* recordedIn(state, block, rules));
  moveTasks(working, block);
  if (beginsSeason(height, rules.seasonBlocks)) turnSeason(working, height, rules);
  working.turnStarts(height, { on: madeOn(block), after: standing(working) });
}

/** The common states after a move on the block at `height`: the one that stood ends there; a closing record's stands on the next block. */
export function stepped(commons: readonly Common[], move: Move, height: number): Common[] {
  const at = commons.findLastIndex((common) => bytesEqual(common.task, move.task));
  const ended = commons.map((common, i) => (i === at ? { ...common, until: height } : common));
  const from = move.leads ? height : height + 1;
  return lastOf([...ended, { task: move.task, round: move.round + 1, digest: move.nextDigest, from, until: OPEN }]);
}

/** Each task stands where its last record leads: what else the old leader signed is void. */
function moveTasks(working: WorkingState, block: WonBlock): void {
  const { tasks } = working.view;
  let commons = working.view.commons.getAllReadonlyValues();
  for (let at = 0; at < tasks.length; at++) {
    const stands = TaskStateType.toValueFromViewDU(tasks.get(at));
    const moves = movesOf(block, stands.id);
    const last = moves.at(-1);
    if (last === undefined) continue;
    for (const move of moves) commons = stepped(commons, move, block.header.height - 1);
    const moved = { round: last.round + 1, parametersDigest: last.nextDigest, lastRecord: last.id };
    tasks.set(at, TaskStateType.toViewDU({ ...stands, ...moved }));
  }
  working.view.commons = StateType.fields.commons.toViewDU(commons);
}

/** Only the last few of a task are kept. */
function lastOf(commons: readonly Common[]): Common[] {
  return commons.filter(({ task }, at) => {
    const later = commons.slice(at + 1).filter((other) => bytesEqual(other.task, task));
    return later.length < COMMON_STATES;
  });
}

/** Every task starts anew; its rounds go on counting, so that no number stands for two states. */
function turnSeason(working: WorkingState, height: number, rules: Rules): void {
  const { tasks } = working.view;
  const commons: Common[] = [];
  for (let at = 0; at < tasks.length; at++) {
    const stands = TaskStateType.toValueFromViewDU(tasks.get(at));
    const season = stands.season + 1;
    const round = stands.round + 1;
    const parametersDigest = firstDigest(findTask(rules, stands.id) as Task, season);
    tasks.set(at, TaskStateType.toViewDU({ ...stands, season, round, parametersDigest }));
    commons.push({ task: stands.id, round, digest: parametersDigest, from: height, until: OPEN });
  }
  working.view.commons = StateType.fields.commons.toViewDU(commons);
}

/** What the block recorded. The winning contribution was checked and is not audited, but nobody may record it a second time. */
function* recordedIn(state: State, block: WonBlock, rules: Rules): Steps<Recorded[]> {
  const winning = winningOf(block);
  const recorded: Recorded[] = [];
  for (const contribution of contributionsOf(block)) {
    recorded.push({
      unit: placeOf(contribution),
      contribution: Contribution.id(contribution),
      author: contribution.author,
      pay: attesterPayOf(state, contribution, rules),
      won: contribution === winning,
    });
    yield 0.5;
  }
  return recorded;
}

/** The common states that the leader's records made on the block's parent. */
const madeOn = ({ body }: WonBlock): Uint8Array[] =>
  body.records.map(({ task, round, nextDigest }) => startName({ task, round: round + 1, startDigest: nextDigest }));

/** Those that stand after the block, one of each task. */
function standing({ view: { tasks } }: WorkingState): Uint8Array[] {
  return Array.from({ length: tasks.length }, (_, at) => {
    const { id: task, round, parametersDigest: startDigest } = TaskStateType.toValueFromViewDU(tasks.get(at));
    return startName({ task, round, startDigest });
  });
}
