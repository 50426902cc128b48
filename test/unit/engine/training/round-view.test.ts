// What the records on a head hold is counted once for each record, and is always what counting them all again would give.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toHex } from "../../../../src/base/index.ts";
import type { State } from "../../../../src/chain/index.ts";
import type { Contribution, RoundRecord } from "../../../../src/codec/index.ts";
import { Recorded } from "../../../../src/consensus/index.ts";
import { following, freshView, RoundBoard } from "../../../../src/engine/training/round-view.ts";
import type { Task } from "../../../../src/work/index.ts";
import {
  aContribution,
  aKey,
  alice,
  aRecord,
  aRegistration,
  aWorld,
  bob,
  mineBlock,
  STAKES,
} from "../../../support/chain.ts";

/** Has the least collateral: eight units in a block. */
const poor = aKey("poor");
const { rules, state: genesis } = aWorld({
  tasks: [aRegistration("fake"), aRegistration("second")],
  allocations: [...STAKES.allocations, { address: toHex(poor.address), amount: "0", stake: "3" }],
});
const [one, two] = rules.tasks as [Task, Task];
/** Bob leads on both. */
const head = mineBlock(genesis, bob, rules).state;
const rival = mineBlock(genesis, bob, rules, { mlNode: 1 }).state;

let board: RoundBoard;
/** Records on each task as they were posted, newest last. */
let posted: Map<Task, RoundRecord[]>;
beforeEach(() => {
  board = new RoundBoard();
  posted = new Map();
  begin(head);
});
afterEach(() => vi.restoreAllMocks());

/** The head moves: both tasks post where they stand on it. */
function begin(state: State): void {
  for (const task of [one, two]) {
    posted.set(task, []);
    board.post(freshView(state, task, 0));
  }
}
const viewOf = (state: State, task: Task): ReturnType<typeof freshView> =>
  (posted.get(task) as RoundRecord[]).reduce((view, record) => following(view, record, 0), freshView(state, task, 0));
/** The next record of a task, of units of `poor` on so many lanes from `first` on, posted. */
function record(state: State, task: Task, first: number, count = 1): void {
  const records = posted.get(task) as RoundRecord[];
  const previous = records.at(-1);
  const contributions = Array.from({ length: count }, (_, i) =>
    aContribution(state, poor, { task: task.id, previous, mlNode: first + i }, rules),
  );
  records.push(aRecord(state, bob, { task: task.id, previous, contributions }, rules));
  board.post(viewOf(state, task));
}

/** Whether anything could be recorded beside what is: the same by the board as when all is counted again. */
function agrees(state: State): number {
  const afresh = new Recorded(state, rules);
  const all = [one, two].flatMap((task) => posted.get(task) as RoundRecord[]).flatMap((entry) => entry.contributions);
  for (const contribution of all) afresh.take(contribution);
  const fresh = [alice, poor].map((author) => aContribution(state, author, { index: 77 }, rules));
  const beside = (base: Recorded, contribution: Contribution): unknown =>
    new Recorded(state, rules, base).take(contribution);
  for (const contribution of [...all, ...fresh])
    expect(beside(board.recorded(state, rules), contribution)).toEqual(beside(afresh, contribution));
  return all.length;
}
const room = (state: State): number => {
  const beside = new Recorded(state, rules, board.recorded(state, rules));
  for (let count = 0; ; count++)
    if (beside.take(aContribution(state, poor, { index: 200 + count }, rules)).kind !== "accept") return count;
};

describe("what the records on a head hold", () => {
  it("is the same as counted afresh, after every record of either task", () => {
    expect([agrees(head), room(head)]).toEqual([0, 8]);
    for (const [task, first] of [
      [one, 0],
      [two, 0],
      [one, 1],
      [one, 2],
      [two, 5],
    ] as const) {
      record(head, task, first);
      agrees(head);
    }
    expect([agrees(head), room(head)]).toEqual([5, 3]);
    record(head, two, 9, 3);
    expect([agrees(head), room(head)]).toEqual([8, 0]);
  });

  it("looks at each record once", () => {
    const take = vi.spyOn(Recorded.prototype, "take");
    for (let i = 0; i < 4; i++) {
      record(head, i % 2 === 0 ? one : two, i);
      for (let again = 0; again < 3; again++) board.recorded(head, rules);
      expect(take).toHaveBeenCalledTimes(i + 1);
    }
  });

  it("begins anew on another head, and again when that is left", () => {
    record(head, one, 0, 3);
    record(head, two, 0, 2);
    expect(room(head)).toBe(3);
    begin(rival);
    expect([agrees(rival), room(rival)]).toEqual([0, 8]);
    record(rival, one, 0, 1);
    expect([agrees(rival), room(rival)]).toEqual([1, 7]);
    // The first comes back, where the leader's records are others now.
    begin(head);
    expect([agrees(head), room(head)]).toEqual([0, 8]);
    record(head, two, 4, 2);
    expect([agrees(head), room(head)]).toEqual([2, 6]);
  });

  it("is not that of a head which came back before anybody asked", () => {
    record(head, one, 0, 3);
    expect(room(head)).toBe(5);
    begin(rival);
    begin(head);
    expect([agrees(head), room(head)]).toEqual([0, 8]);
  });

  it("is of the head that is asked for, whichever was asked for last", () => {
    record(head, two, 0, 2);
    posted.set(one, []);
    board.post(freshView(rival, one, 0));
    record(rival, one, 0, 3);
    for (let again = 0; again < 2; again++) expect([room(head), room(rival)]).toEqual([6, 5]);
  });

  it("counts no task that still stands on the head before", () => {
    record(head, one, 0, 3);
    record(head, two, 0, 2);
    // One task has moved on to the new head, the other not yet.
    posted.set(one, []);
    board.post(freshView(rival, one, 0));
    expect(room(rival)).toBe(8);
    posted.set(two, []);
    board.post(freshView(rival, two, 0));
    expect([agrees(rival), room(rival)]).toEqual([0, 8]);
  });

  it("is left as it is by what is counted beside it", () => {
    record(head, one, 0, 2);
    expect([room(head), room(head), agrees(head)]).toEqual([6, 6, 2]);
  });
});
