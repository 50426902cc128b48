// Transfers of money: what makes one valid, how a block's are applied, and which of many fit a block (protocol section 4).
import { ACCEPT, bytesEqual, ignore, type Refusal, reject, toHex, type Verdict } from "../../base/index.ts";
import { MAX_TRANSFERS, type Transfer } from "../../codec/index.ts";
import { verifyTransfer } from "../../crypto/index.ts";
import type { Rules } from "../rules.ts";
import type { State } from "../state/state.ts";
import type { Account } from "../state/state-type.ts";
import { WorkingState } from "../state/working-state.ts";

/** What holds of a transfer whatever the state: its network, amount and signature. */
export function checkTransferForm(transfer: Transfer, rules: Rules): Verdict {
  if (!bytesEqual(transfer.genesis, rules.genesis)) return reject("wrong-network");
  if (transfer.amount === 0n) return reject("zero-amount");
  if (!verifyTransfer(transfer)) return reject("bad-signature", "of the transfer");
  return ACCEPT;
}

function checkAgainst(account: Readonly<Account>, transfer: Transfer): Refusal | undefined {
  if (transfer.nonce < account.nonce)
    return ignore("nonce-used", `${transfer.nonce}, the account is at ${account.nonce}`);
  if (transfer.nonce > account.nonce)
    return ignore("nonce-ahead", `${transfer.nonce}, the account is at ${account.nonce}`);
  if (transfer.amount + transfer.fee > account.balance) return ignore("low-balance", `it holds ${account.balance}`);
  return undefined;
}

/** Whether `transfer` could be the next of its account. Used, early and uncovered ones are ignored, not blamed: another branch may differ. */
export function checkTransfer(state: State, transfer: Transfer, rules: Rules): Verdict {
  const form = checkTransferForm(transfer, rules);
  if (form.kind !== "accept") return form;
  return checkAgainst(state.account(transfer.from), transfer) ?? ACCEPT;
}

/** Moves the money of a transfer of good form; the fee is the caller's to give. */
function move(working: WorkingState, transfer: Transfer): Refusal | undefined {
  const refusal = checkAgainst(working.account(transfer.from), transfer);
  if (refusal !== undefined) return refusal;
  working.spend(transfer.from, transfer.amount + transfer.fee);
  working.credit(transfer.to, transfer.amount);
  return undefined;
}

/** Applies a block's transfers in order; the sum of the fees, or the first refusal. */
export function applyTransfers(
  working: WorkingState,
  transfers: readonly Transfer[],
  rules: Rules,
): { readonly kind: "fees"; readonly fees: bigint } | Refusal {
  let fees = 0n;
  for (const transfer of transfers) {
    const form = checkTransferForm(transfer, rules);
    if (form.kind !== "accept") return form;
    const refusal = move(working, transfer);
    if (refusal !== undefined) return refusal;
    fees += transfer.fee;
  }
  return { kind: "fees", fees };
}

/**
 * Of candidates of good form, those that a block on `state` can hold, in an order in which they apply: the best fee among the
 * accounts' next transfers first. An account stops at its first transfer that is early or uncovered.
 */
export function selectTransfers(
  state: State,
  candidates: readonly Transfer[],
  limit: number = MAX_TRANSFERS,
): Transfer[] {
  const working = new WorkingState(state);
  const byAccount = new Map<string, Transfer[]>();
  for (const transfer of candidates) {
    const name = toHex(transfer.from);
    const queue = byAccount.get(name);
    if (queue === undefined) byAccount.set(name, [transfer]);
    else queue.push(transfer);
  }
  // Next transfer last, so that taking it is a pop; of two with one nonce the dearer goes first.
  for (const queue of byAccount.values())
    queue.sort((a, b) => (a.nonce === b.nonce ? compare(a.fee, b.fee) : compare(b.nonce, a.nonce)));
  const chosen: Transfer[] = [];
  while (chosen.length < limit && byAccount.size > 0) {
    const name = bestFee(byAccount);
    const transfer = byAccount.get(name)?.pop();
    const refusal = transfer === undefined ? ignore("nonce-ahead") : move(working, transfer);
    if (transfer !== undefined && refusal === undefined) chosen.push(transfer);
    else if (refusal?.code !== "nonce-used") byAccount.delete(name);
  }
  return chosen;
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** The account whose next transfer pays most; one with none left counts as paying nothing. */
function bestFee(byAccount: ReadonlyMap<string, readonly Transfer[]>): string {
  let best = "";
  let fee = -1n;
  for (const [name, queue] of byAccount) {
    const next = queue.at(-1)?.fee ?? 0n;
    if (next > fee) [best, fee] = [name, next];
  }
  return best;
}
