// Where a task's training stands on this node: the best block, the records signed upon it, and the state to train from.
import { bytesEqual, type Hash32, toHex } from "../../base/index.ts";
import type { Rules, State } from "../../chain/index.ts";
import type { RoundRecord } from "../../codec/index.ts";
import { nextRound, type OpenRound, openRound, Recorded } from "../../consensus/index.ts";
import type { Task } from "../../work/index.ts";

export interface RoundView extends OpenRound {
  /** Id of the task. */
  readonly task: Uint8Array;
  readonly head: Hash32;
  readonly height: number;
  readonly season: number;
  /** Signed on the head so far. */
  readonly records: readonly RoundRecord[];
  /** When this round began here, ms. */
  readonly since: number;
}

/** Where the state after the head says that training stands. */
export function freshView(state: State, task: Task, now: number): RoundView {
  const { tipId: head, height } = state;
  const season = state.task(task.id)?.season ?? 0;
  return { ...(openRound(state, task.id) as OpenRound), task: task.id, head, height, season, records: [], since: now };
}

/** The view after a record of the present round. */
export function following(view: RoundView, record: RoundRecord, now: number): RoundView {
  return { ...view, ...nextRound(view, record), records: [...view.records, record], since: now };
}

/** Where every followed task's training stands: rounds post their views here, whoever makes a block reads them. */
export class RoundBoard {
  readonly #views = new Map<string, RoundView>();
  /** What was counted on the head so far: records come one by one, and looking at thousands of contributions for each costs. */
  #counted: { readonly head: Hash32; readonly all: Recorded; readonly records: Set<RoundRecord> } | undefined;

  post(view: RoundView): void {
    this.#views.set(toHex(view.task), view);
    // A head that was left and came back has other records.
    if (view.records.length === 0) this.#counted = undefined;
  }

  /** By ascending id of the task, as a block's records stand. */
  views(): readonly RoundView[] {
    return [...this.#views].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, view]) => view);
  }

  /** What the records on the head hold, of all tasks. */
  recorded(state: State, rules: Rules): Recorded {
    const before = this.#counted;
    const stands = before !== undefined && bytesEqual(before.head, state.tipId);
    const counted = stands
      ? before
      : { head: state.tipId, all: new Recorded(state, rules), records: new Set<RoundRecord>() };
    this.#counted = counted;
    const { all, records } = counted;
    for (const view of this.views())
      if (bytesEqual(view.head, state.tipId))
        for (const record of view.records) {
          if (records.has(record)) continue;
          records.add(record);
          for (const contribution of record.contributions) all.take(contribution);
        }
    return all;
  }
}
