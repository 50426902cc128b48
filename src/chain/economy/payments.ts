// Who is paid for a block, and what for: each contribution by its work, its leader by it, the winner for winning and carrying (protocol section 4).
import { finish, type Steps, toHex } from "../../base/index.ts";
import type { Contribution } from "../../codec/index.ts";
import { lagOf, type Move, moveOfRecord, movesOf, noncesPerUnit, type Task, type WonBlock } from "../../work/index.ts";
import { findTask, type Rules } from "../rules.ts";
import type { State } from "../state/state.ts";
import { NOBODY, type Reward } from "../state/state-type.ts";
import { attesterPay, carriedPay, contributionPay, leaderPay, type Measure, winnerPay } from "./pay.ts";

export interface Payments {
  /** The winner's part, stake at once. */
  readonly stake: bigint;
  /** To be paid out when they mature, the winner's fees among them; one for each pair of address and author. */
  readonly rewards: readonly Reward[];
  /** New money: all of it but the fees. */
  readonly minted: bigint;
}

/** A record of a block, and who gets what its leader earns. */
interface Paid {
  readonly move: Move;
  /** Undefined for the closing record: its signer gets the winner's part of the leader's pay, no more. */
  readonly leader: Uint8Array | undefined;
}

/** What a block on `state` pays. */
export function* paymentSteps(state: State, block: WonBlock, fees: bigint, rules: Rules): Steps<Payments> {
  const { header, body } = block;
  const sums = new Map<string, Reward>();
  const pay = (address: Uint8Array, author: Uint8Array, amount: bigint): void => {
    const name = `${toHex(address)}/${toHex(author)}`;
    if (amount > 0n) sums.set(name, { address, author, amount: (sums.get(name)?.amount ?? 0n) + amount });
  };
  const closing: Paid = { move: movesOf(block, header.task).at(-1) as Move, leader: undefined };
  const led = body.records.map((record): Paid => ({ move: moveOfRecord(record), leader: record.leader }));
  for (const { move, leader } of [...led, closing])
    for (const contribution of move.contributions) {
      yield 0.5;
      const earned = payOf(state, move, contribution, rules);
      const lead = carriedPay(leaderPay(earned, rules));
      pay(contribution.author, contribution.author, earned);
      if (leader !== undefined) pay(leader, contribution.author, lead.earner);
      pay(header.miner, contribution.author, lead.winner);
    }
  const stake = winnerPay(rules);
  const minted = [...sums.values()].reduce((sum, { amount }) => sum + amount, stake);
  pay(header.miner, NOBODY, fees);
  return { stake, rewards: [...sums.values()], minted };
}

export const paymentsOf = (...block: Parameters<typeof paymentSteps>): Payments => finish(paymentSteps(...block));

/** By the measure of the block that the unit was run on, bounded by what its author has at stake. */
function payOf(state: State, move: Move, contribution: Contribution, rules: Rules): bigint {
  const collateral = contribution === move.winning ? "checked" : state.collateralOf(contribution.author);
  return contributionPay(lagOf(move, contribution), measureOf(state, contribution, rules), collateral, rules);
}

/** What each attester of a contribution is paid that a block on `state` records, if it is audited. */
export const attesterPayOf = (state: State, contribution: Contribution, rules: Rules): bigint =>
  attesterPay(measureOf(state, contribution, rules), rules);

const measureOf = (state: State, { task, height }: Contribution, rules: Rules): Measure => ({
  expected: state.expectedAt(height),
  nonces: noncesPerUnit(findTask(rules, task) as Task, rules),
});
