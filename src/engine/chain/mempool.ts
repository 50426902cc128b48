// Transfers waiting for a block: checked against the head, one per account nonce, bounded.
import { ACCEPT, bytesEqual, ignore, toHex, type Verdict } from "../../base/index.ts";
import { checkTransferForm, type Rules, type State, selectTransfers } from "../../chain/index.ts";
import { Transaction, MAX_TRANSACTIONS, type Block, type Transfer } from "../../codec/index.ts";

const MAX_WAITING = 4096;
const MAX_PER_SENDER = 64;
/** Nonces this far above the account's are kept for later. */
const MAX_AHEAD = 64n;

export class Mempool {
  readonly #rules: Rules;
  readonly #state: () => State;
  /** Sender -> account nonce -> transfer. */
  readonly #bySender = new Map<string, Map<bigint, Transfer>>();
  #size = 0;

  constructor(rules: Rules, state: () => State) {
    this.#rules = rules;
    this.#state = state;
  }

  get size(): number {
    return this.#size;
  }

  /** Judges and keeps a transfer: only what can never be valid is rejected, the rest is ignored. */
  add(transfer: Transfer): Verdict {
    const sender = toHex(transfer.from);
    const waiting = this.#bySender.get(sender) ?? new Map<bigint, Transfer>();
    const rival = waiting.get(transfer.nonce);
    if (rival !== undefined && rival.fee >= transfer.fee) {
      return ignore("nonce-taken", "a transfer with this account nonce waits already, with at least the fee");
    }
    const form = checkTransferForm(transfer, this.#rules);
    if (form.kind !== "accept") return form;
    const account = this.#state().account(transfer.from);
    if (transfer.nonce < account.nonce) return ignore("nonce-used", `the account is at nonce ${account.nonce}`);
    if (transfer.nonce > account.nonce + MAX_AHEAD)
      return ignore("nonce-ahead", `the account is at nonce ${account.nonce}`);
    let committed = transfer.amount + transfer.fee;
    for (const [nonce, other] of waiting) if (nonce !== transfer.nonce) committed += other.amount + other.fee;
    if (committed > account.balance) return ignore("low-balance", `the account holds ${account.balance}`);
    if (rival === undefined && (this.#size >= MAX_WAITING || waiting.size >= MAX_PER_SENDER)) {
      return ignore("mempool-full", "too many transfers wait");
    }
    if (rival === undefined) this.#size++;
    waiting.set(transfer.nonce, transfer);
    this.#bySender.set(sender, waiting);
    return ACCEPT;
  }

  /** Transfers that a block on the head can hold, best fee first, in an order in which they apply. */
  select(limit: number = MAX_TRANSACTIONS): Transfer[] {
    const all = [...this.#bySender.values()].flatMap((waiting) => [...waiting.values()]);
    return selectTransfers(this.#state(), all, limit);
  }

  /** A waiting transfer by id. O(waiting). */
  find(id: Uint8Array): Transfer | undefined {
    for (const waiting of this.#bySender.values()) {
      for (const transfer of waiting.values()) if (bytesEqual(Transaction.id(transfer), id)) return transfer;
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

  /** After the head moved: transfers of dropped blocks come back unless the new ones hold them, used nonces go. */
  settle({ added, dropped }: { readonly added: readonly Block[]; readonly dropped: readonly Block[] }): void {
    const held = new Set(added.flatMap(({ body }) => body.transfers.map((transfer) => toHex(Transaction.id(transfer)))));
    for (const { body } of dropped) {
      for (const transfer of body.transfers) if (!held.has(toHex(Transaction.id(transfer)))) this.add(transfer);
    }
    const state = this.#state();
    for (const [sender, waiting] of this.#bySender) {
      for (const [nonce, transfer] of waiting) {
        if (nonce >= state.account(transfer.from).nonce) continue;
        waiting.delete(nonce);
        this.#size--;
      }
      if (waiting.size === 0) this.#bySender.delete(sender);
    }
  }
}
