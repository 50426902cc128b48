// What makes a transaction valid, how a block's are applied, and which of many fit a block (protocol sections 1 and 8).
import {
  ACCEPT,
  bytesEqual,
  finish,
  formatCoins,
  ignore,
  placeIn,
  type Refusal,
  reject,
  type Steps,
  toHex,
  type Verdict,
} from "../../base/index.ts";
import { MAX_TRANSACTIONS, Transaction } from "../../codec/index.ts";
import type { Rules } from "../rules.ts";
import type { State } from "../state/state.ts";
import { WorkingState } from "../state/working-state.ts";
import type { Accounts, ApplyContext } from "./kind.ts";
import { askOf, costOf, open } from "./kinds.ts";

/** Transactions whose signatures are verified ahead of them together. */
const AHEAD = 64;

/** What holds of a transaction whatever the state: its network, kind, payload and signature. */
export function checkTransactionForm(transaction: Transaction, rules: Rules): Verdict {
  const content = checkTransactionContent(transaction, rules);
  if (content.kind !== "accept") return content;
  return Transaction.verify(transaction, rules.genesis) ? ACCEPT : reject("bad-signature", "of the transaction");
}

/** The same without the signature, which costs more than all else. */
export function checkTransactionContent(transaction: Transaction, rules: Rules): Verdict {
  if (!bytesEqual(transaction.genesis, rules.genesis)) return reject("wrong-network");
  const opened = open(transaction);
  if (opened.kind !== "opened") return opened;
  return opened.of.check(opened.payload, rules);
}

function checkAccounts(accounts: Accounts, transaction: Transaction, rules: Rules): Refusal | undefined {
  if (!accounts.hasAccount(transaction.from)) return ignore("low-balance", "there is no account");
  const account = accounts.account(transaction.from);
  if (transaction.nonce < account.nonce)
    return ignore("nonce-used", `${transaction.nonce}, the account is at ${account.nonce}`);
  if (transaction.nonce > account.nonce)
    return ignore("nonce-ahead", `${transaction.nonce}, the account is at ${account.nonce}`);
  if ((costOf(transaction) ?? 0n) > account.balance)
    return ignore("low-balance", `it holds ${formatCoins(account.balance)}`);
  return askOf(accounts, transaction, rules);
}

/** Whether `transaction` could be the next of its account. Used, early and uncovered ones are ignored, not blamed: another branch may differ. */
export function checkTransaction(state: State, transaction: Transaction, rules: Rules): Verdict {
  const form = checkTransactionForm(transaction, rules);
  if (form.kind !== "accept") return form;
  return checkAccounts(state, transaction, rules) ?? ACCEPT;
}

/** Takes cost, fee and nonce, and does what the kind does; the fee is the caller's to give. */
function run(working: WorkingState, transaction: Transaction, context: ApplyContext): Refusal | undefined {
  const refusal = checkAccounts(working, transaction, context.rules);
  if (refusal !== undefined) return refusal;
  const opened = open(transaction);
  if (opened.kind !== "opened") return opened;
  working.spend(transaction.from, opened.of.cost(opened.payload) + transaction.fee);
  return opened.of.apply(working, opened.payload, transaction, context);
}

/** Applies a block's transactions in order; the sum of the fees, or the first refusal. */
export function* applyTransactions(
  working: WorkingState,
  transactions: readonly Transaction[],
  context: ApplyContext,
): Steps<{ readonly kind: "fees"; readonly fees: bigint } | Refusal> {
  let fees = 0n;
  for (const [i, transaction] of transactions.entries()) {
    if (i % AHEAD === 0)
      yield transactions.slice(i, i + AHEAD).map((next) => Transaction.signed(next, context.rules.genesis));
    yield 1;
    const form = checkTransactionForm(transaction, context.rules);
    if (form.kind !== "accept") return form;
    const refusal = run(working, transaction, context);
    if (refusal !== undefined) return refusal;
    fees += transaction.fee;
  }
  return { kind: "fees", fees };
}

/** The same without a rest. */
export const selectTransactions = (...args: Parameters<typeof selectTransactionsSteps>): Transaction[] =>
  finish(selectTransactionsSteps(...args));

/**
 * Of candidates of good form, those that a block on `state` can hold, in an order in which they apply: the best fee among the
 * accounts' next transactions first. An account stops at its first transaction that is early or uncovered.
 */
export function* selectTransactionsSteps(
  state: State,
  candidates: readonly Transaction[],
  rules: Rules,
  limit: number = MAX_TRANSACTIONS,
): Steps<Transaction[]> {
  const working = new WorkingState(state);
  // As a block does first: what matures or unbonds in it can be spent in it.
  yield* working.ripen();
  const context = { height: state.height + 1, rules };
  const queues = queuesOf(candidates);
  yield candidates.length / 256;
  const chosen: Transaction[] = [];
  while (chosen.length < limit) {
    const queue = queues.pop();
    const transaction = queue?.pop();
    if (queue === undefined || transaction === undefined) break;
    const refusal = run(working, transaction, context);
    if (refusal === undefined) chosen.push(transaction);
    if (refusal === undefined || refusal.code === "nonce-used") putBack(queues, queue);
    yield 0.5;
  }
  return chosen;
}

/**
 * The accounts' transactions, each account's next one last, so that taking it is a pop; of two with one nonce the dearer goes first. The
 * account whose next one pays most is last.
 */
function queuesOf(candidates: readonly Transaction[]): Transaction[][] {
  const byAccount = new Map<string, Transaction[]>();
  for (const transaction of candidates) {
    const name = toHex(transaction.from);
    const queue = byAccount.get(name);
    if (queue === undefined) byAccount.set(name, [transaction]);
    else queue.push(transaction);
  }
  for (const queue of byAccount.values())
    queue.sort((a, b) => (a.nonce === b.nonce ? compare(a.fee, b.fee) : compare(b.nonce, a.nonce)));
  // Of those that pay the same the first goes first.
  return [...byAccount.values()].reverse().sort((a, b) => compare(nextFee(a), nextFee(b)));
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
const nextFee = (queue: readonly Transaction[]): bigint => queue.at(-1)?.fee ?? -1n;

/** Into its place by what its next transaction pays. A look through all accounts for each transaction would take a second with a full mempool. */
function putBack(queues: Transaction[][], queue: Transaction[]): void {
  if (queue.length === 0) return;
  const fee = nextFee(queue);
  queues.splice(
    placeIn(queues, (other) => nextFee(other) <= fee),
    0,
    queue,
  );
}
