// apply(state, block) -> state': the one place where a block changes anything. Pure: the given state stays as it was (protocol section 1).
import { finish, type Refusal, type Steps } from "../base/index.ts";
import type { UnsignedHeader } from "../codec/index.ts";
import type { WonBlock } from "../work/index.ts";
import { drawAudits } from "./audits/draw.ts";
import { applyWords } from "./audits/words.ts";
import { type Payments, paymentSteps } from "./economy/payments.ts";
import { judgeEvidence } from "./evidence/judge.ts";
import { punishAll } from "./evidence/punish.ts";
import type { Rules } from "./rules.ts";
import type { State } from "./state/state.ts";
import { StateType } from "./state/state-type.ts";
import { WorkingState } from "./state/working-state.ts";
import { turnOf } from "./tip.ts";
import { applyTransactions } from "./transactions/apply.ts";
import { applyWork } from "./work.ts";

/** A block as far as applying it goes: the signature does not matter here. */
export type UnsignedBlock = WonBlock;

export type Applied = { readonly kind: "state"; readonly state: State };

/**
 * The state after `block`, or the first refusal among its transactions and evidence. Header, records and contributions are taken as
 * checked (consensus/`checkBlock` does all); the header's own state root is not looked at.
 */
export function* applySteps(state: State, block: UnsignedBlock, rules: Rules): Steps<Applied | Refusal> {
  const { header, body } = block;
  const working = new WorkingState(state);
  yield* working.ripen();
  const paid = yield* applyTransactions(working, body.transactions, { height: header.height, rules });
  if (paid.kind !== "fees") return paid;
  const judged = yield* judgeEvidence(body.evidence, { state, task: header.task }, rules);
  if (judged.kind !== "offences") return judged;

  pay(working, yield* paymentSteps(state, block, paid.fees, rules), header.miner);
  const words = yield* applyWords(working, body, header.miner, rules);
  if (words.kind !== "rewards") return words;
  working.mint(words.rewards);
  const refusal = yield* punishAll(working, judged.offences, header.miner, rules);
  if (refusal !== undefined) return refusal;

  yield* applyWork(working, state, block, rules);
  moveTip(working, state, header, rules);
  working.seats.open(state.height, drawAudits(state, working.view.beacon, rules));
  yield 8;
  return { kind: "state", state: yield* working.finishSteps(rules.accountFee) };
}

export const apply = (...block: Parameters<typeof applySteps>): Applied | Refusal => finish(applySteps(...block));

/** Fees only change hands; all else is new money. */
function pay(working: WorkingState, { stake, rewards, minted }: Payments, winner: Uint8Array): void {
  working.view.supply += minted;
  working.deposit(winner, stake);
  working.earn(rewards);
}

function moveTip(working: WorkingState, state: State, header: UnsignedHeader, rules: Rules): void {
  const { view } = working;
  const { draw, beacon, target, work } = turnOf(state, header, rules);
  view.tip = StateType.fields.tip.toViewDU({ ...header, stateRoot: new Uint8Array(32) });
  view.beacon = beacon;
  view.draw = draw;
  view.target = target;
  view.work += work;
  const { height, miner, time } = header;
  working.turnRecent(header.parent, { height, beacon, miner, time, target });
}
