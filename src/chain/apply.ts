// apply(state, block) -> state': the one place where a block changes anything. Pure: the given state stays as it was (protocol section 1).
import { type Refusal, reject } from "../base/index.ts";
import type { UnsignedHeader } from "../codec/index.ts";
import { drawHash, nextBeacon, unitOfHeader, type WonBlock } from "../work/index.ts";
import { nextTarget, workOf } from "./difficulty.ts";
import { splitReward } from "./economy/rewards.ts";
import { judgeEvidence } from "./evidence/judge.ts";
import type { Offence } from "./evidence/kind.ts";
import type { Rules } from "./rules.ts";
import type { State } from "./state/state.ts";
import { StateType } from "./state/state-type.ts";
import { WorkingState } from "./state/working-state.ts";
import { applyTransactions } from "./transactions/apply.ts";
import { applyWork } from "./work.ts";

/** A block as far as applying it goes: the signature does not matter here. */
export type UnsignedBlock = WonBlock;

export type Applied = { readonly kind: "state"; readonly state: State };

/**
 * The state after `block`, or the first refusal among its transactions and evidence. Header, records and contributions are taken as
 * checked (consensus/`checkBlock` does all); the header's own state root is not looked at.
 */
export function apply(state: State, block: UnsignedBlock, rules: Rules): Applied | Refusal {
  const { header, body } = block;
  const working = new WorkingState(state);
  const paid = applyTransactions(working, body.transactions, { height: header.height, rules });
  if (paid.kind !== "fees") return paid;
  const judged = judgeEvidence(body.evidence, header.height, rules);
  if (judged.kind !== "offences") return judged;

  const closing = { leader: header.miner, contributions: body.closing.contributions };
  const records = [...body.records, closing];
  const rewards = splitReward({ subsidy: rules.subsidy, fees: paid.fees }, header.miner, records, rules.split);
  // Fees only change hands; the subsidy is new money.
  working.view.supply += rules.subsidy;
  working.turnRewards(header.height, rewards);
  const refusal = punishAll(working, judged.offences, header.height, rules);
  if (refusal !== undefined) return refusal;

  applyWork(working, block, rules);
  moveTip(working, state, header, rules);
  return { kind: "state", state: working.finish() };
}

function punishAll(
  working: WorkingState,
  offences: readonly Offence[],
  height: number,
  rules: Rules,
): Refusal | undefined {
  for (const offence of offences) {
    if (working.isPunished(offence.id)) return reject("already-punished");
    working.punish(offence.id, offence.height, height + 1 - rules.maturity);
    working.burnRewards(offence.offender);
    working.ban(offence.offender, height + rules.banBlocks, height);
  }
  return undefined;
}

function moveTip(working: WorkingState, state: State, header: UnsignedHeader, rules: Rules): void {
  const { view } = working;
  const draw = drawHash(unitOfHeader(state.beacon, header), header.nonce);
  const beacon = nextBeacon(state.beacon, draw);
  view.tip = StateType.fields.tip.toViewDU({ ...header, stateRoot: new Uint8Array(32) });
  view.beacon = beacon;
  view.draw = draw;
  // The genesis time says nothing of how hard the first block was.
  view.target = header.height === 1 ? header.target : nextTarget(header.target, header.time - state.time, rules);
  view.work += workOf(header.target);
  const { height, miner, time } = header;
  working.turnRecent(header.parent, { height, beacon, miner, time });
}
