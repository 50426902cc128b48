// apply(state, block) -> state': the one place where a block changes anything. Pure: the given state stays as it was (protocol section 1).
import { bytesEqual, type Refusal, toHex } from "../base/index.ts";
import { type Body, RoundRecord, type UnsignedHeader } from "../codec/index.ts";
import { beginsSeason, drawHash, firstDigest, nextBeacon, type Task, unitOfHeader } from "../work/index.ts";
import { nextTarget, workOf } from "./difficulty.ts";
import { splitReward } from "./economy/rewards.ts";
import { judgeEvidence } from "./evidence/judge.ts";
import { punishAll } from "./evidence/punish.ts";
import { findTask, type Rules } from "./rules.ts";
import type { State } from "./state/state.ts";
import { NOBODY, StateType, TaskStateType } from "./state/state-type.ts";
import { WorkingState } from "./state/working-state.ts";
import { applyTransactions } from "./transactions/apply.ts";

/** A block as far as applying it goes: the signature does not matter here. */
export interface UnsignedBlock {
  readonly header: UnsignedHeader;
  readonly body: Body;
}

export type Applied = { readonly kind: "state"; readonly state: State };

/**
 * The state after `block`, or the first refusal among its transactions and evidence. Header, records and contributions are taken as
 * checked (consensus/`checkBlock` does all); the header's own state root is not looked at.
 */
export function apply(state: State, block: UnsignedBlock, rules: Rules): Applied | Refusal {
  const { header, body } = block;
  const working = new WorkingState(state);
  working.ripen();
  const paid = applyTransactions(working, body.transactions, { height: header.height, rules });
  if (paid.kind !== "fees") return paid;
  const judged = judgeEvidence(body.evidence, header.height, rules);
  if (judged.kind !== "offences") return judged;

  const rewards = splitReward({ subsidy: rules.subsidy, fees: paid.fees }, header.miner, body.records, rules.split);
  // Fees only change hands; the subsidy is new money.
  working.view.supply += rules.subsidy;
  working.earn(rewards.map((reward) => ({ ...reward, author: NOBODY })));
  const refusal = punishAll(working, judged.offences, header.miner, rules);
  if (refusal !== undefined) return refusal;

  moveTasks(working, body.records);
  if (beginsSeason(header.height, rules.seasonBlocks)) turnSeason(working, rules);
  moveTip(working, state, header, rules);
  return { kind: "state", state: working.finish(rules.accountFee) };
}

/** Each task stands where its last record leads: what else the old leader signed is void. */
function moveTasks(working: WorkingState, records: readonly RoundRecord[]): void {
  const { tasks } = working.view;
  const ids = tasks.getAllReadonlyValues().map((task) => toHex(task.id));
  for (const [i, record] of records.entries()) {
    const next = records[i + 1];
    if (next !== undefined && bytesEqual(next.task, record.task)) continue;
    const at = ids.indexOf(toHex(record.task));
    const stands = TaskStateType.toValueFromViewDU(tasks.get(at));
    const moved = { round: record.round + 1, parametersDigest: record.nextDigest, lastRecord: RoundRecord.id(record) };
    tasks.set(at, TaskStateType.toViewDU({ ...stands, ...moved }));
  }
}

/** Every task starts anew; its rounds go on counting, so that no number stands for two states. */
function turnSeason({ view: { tasks } }: WorkingState, rules: Rules): void {
  for (let at = 0; at < tasks.length; at++) {
    const stands = TaskStateType.toValueFromViewDU(tasks.get(at));
    const season = stands.season + 1;
    const parametersDigest = firstDigest(findTask(rules, stands.id) as Task, season);
    tasks.set(at, TaskStateType.toViewDU({ ...stands, season, round: stands.round + 1, parametersDigest }));
  }
}

function moveTip(working: WorkingState, state: State, header: UnsignedHeader, rules: Rules): void {
  const { view } = working;
  const draw = drawHash(unitOfHeader(state.beacon, header), header.nonce);
  const beacon = nextBeacon(state.beacon, draw);
  view.tip = StateType.fields.tip.toViewDU({ ...header, stateRoot: new Uint8Array(32) });
  view.beacon = beacon;
  view.draw = draw;
  // The genesis time says nothing of how hard the first block was.
  // The target that the block names, after any recovery: the next one derives from what was used.
  view.target = header.height === 1 ? header.target : nextTarget(header.target, header.time - state.time, rules);
  view.work += workOf(header.target);
  const { height, miner, time } = header;
  working.turnRecent(header.parent, { height, beacon, miner, time, target: view.target });
}
