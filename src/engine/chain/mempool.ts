// Transactions waiting for a block: checked against the head, one per account nonce, bounded.
import { ACCEPT, bytesEqual, formatCoins, ignore, toHex, type Verdict } from "../../base/index.ts";
import {
  askOf,
  checkTransactionForm,
  costOf,
  paymentOf,
  type Rules,
  type State,
  selectTransactions,
} from "../../chain/index.ts";
import { MAX_TRANSACTIONS, Transaction } from "../../codec/index.ts";
import type { EngineEvents, EventBus } from "../events.ts";

const MAX_WAITING = 4096;
const MAX_PER_SENDER = 64;
/** Nonces this far above the account's are kept for later. */
const MAX_AHEAD = 64n;

export interface MempoolDeps {
  readonly events: EventBus;
  /** State after the best block. */
  readonly state: () => State;
}

export class Mempool {
  readonly #rules: Rules;
  readonly #state: () => State;
  /** Sender -> account nonce -> transaction. */
  readonly #bySender = new Map<string, Map<bigint, Transaction>>();
  #size = 0;

  constructor(rules: Rules, { events, state }: MempoolDeps) {
    this.#rules = rules;
    this.#state = state;
    events.on("head", (change) => this.#settle(change));
  }

  get size(): number {
    return this.#size;
  }

  /** Judges and keeps a transaction: only what can never be valid is rejected, the rest is ignored. */
  add(transaction: Transaction): Verdict {
    const { from, nonce, fee } = transaction;
    const sender = toHex(from);
    const waiting = this.#bySender.get(sender) ?? new Map<bigint, Transaction>();
    const rival = waiting.get(nonce);
    if (rival !== undefined && rival.fee >= fee) return ignore("nonce-taken");
    const form = checkTransactionForm(transaction, this.#rules);
    if (form.kind !== "accept") return form;
    if (!this.#state().hasAccount(from)) return ignore("low-balance", "there is no account");
    const account = this.#state().account(from);
    if (nonce < account.nonce) return ignore("nonce-used", `the account is at ${account.nonce}`);
    if (nonce > account.nonce + MAX_AHEAD) return ignore("nonce-ahead", `the account is at ${account.nonce}`);
    let committed = costOf(transaction) ?? 0n;
    for (const [other, waits] of waiting) if (other !== nonce) committed += costOf(waits) ?? 0n;
    if (committed > account.balance) return ignore("low-balance", `it holds ${formatCoins(account.balance)}`);
    const asked = askOf(this.#state(), transaction, this.#rules);
    if (asked !== undefined) return asked;
    if (rival === undefined && (this.#size >= MAX_WAITING || waiting.size >= MAX_PER_SENDER))
      return ignore("mempool-full");
    if (rival === undefined) this.#size++;
    waiting.set(nonce, transaction);
    this.#bySender.set(sender, waiting);
    return ACCEPT;
  }

  /** Transactions that a block on a state can hold, the head's unless told, best fee first, in an order in which they apply. */
  select(limit: number = MAX_TRANSACTIONS, on: State = this.#state()): Transaction[] {
    const all = [...this.#bySender.values()].flatMap((waiting) => [...waiting.values()]);
    return selectTransactions(on, all, this.#rules, limit);
  }

  /** A waiting transaction by id. O(waiting). */
  find(id: Uint8Array): Transaction | undefined {
    for (const waiting of this.#bySender.values()) {
      for (const transaction of waiting.values()) if (bytesEqual(Transaction.id(transaction), id)) return transaction;
    }
    return undefined;
  }

  /** The next free account nonce of a sender, counting what waits. */
  nextNonce(from: Uint8Array): bigint {
    let { nonce } = this.#state().account(from);
    const waiting = this.#bySender.get(toHex(from));
    while (waiting?.has(nonce) === true) nonce += 1n;
    return nonce;
  }

  /** What waits for an account, in money: what its own transactions take, fees included, and what others' bring. O(waiting). */
  pending(address: Uint8Array): { readonly out: bigint; readonly into: bigint } {
    let out = 0n;
    let into = 0n;
    for (const waiting of this.#bySender.values())
      for (const transaction of waiting.values()) {
        const payment = paymentOf(transaction);
        if (payment !== undefined && bytesEqual(payment.to, address)) into += payment.amount;
        if (bytesEqual(transaction.from, address)) out += costOf(transaction) ?? 0n;
      }
    return { out, into };
  }

  /** After the head moved: transactions of dropped blocks come back unless the new ones hold them, used nonces and those of accounts that are gone go. */
  #settle({ added, dropped }: EngineEvents["head"]): void {
    const idOf = (transaction: Transaction): string => toHex(Transaction.id(transaction));
    const held = new Set(added.flatMap(({ body }) => body.transactions.map(idOf)));
    for (const { body } of dropped)
      for (const transaction of body.transactions) if (!held.has(idOf(transaction))) this.add(transaction);
    const state = this.#state();
    for (const [sender, waiting] of this.#bySender) {
      for (const [nonce, transaction] of waiting) {
        // An account that was removed begins at a nonce above all that wait.
        const { from } = transaction;
        if (state.hasAccount(from) && nonce >= state.account(from).nonce) continue;
        waiting.delete(nonce);
        this.#size--;
      }
      if (waiting.size === 0) this.#bySender.delete(sender);
    }
  }
}
