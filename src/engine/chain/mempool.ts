// Transactions waiting for a block: checked against the head, one per account nonce, bounded in number and bytes. What pays least makes room.
import { ACCEPT, bytesEqual, formatCoins, ignore, reject, type Steps, toHex, type Verdict } from "../../base/index.ts";
import {
  askOf,
  checkTransactionContent,
  costOf,
  paymentOf,
  type Rules,
  type State,
  selectTransactionsSteps,
} from "../../chain/index.ts";
import { MAX_TRANSACTIONS, Transaction } from "../../codec/index.ts";
import type { EngineEvents, EventBus } from "../events.ts";
import { inTurns } from "../turns.ts";
import { DroppedTransactions } from "./dropped.ts";

const MAX_WAITING = 4096;
const MAX_BYTES = 8 << 20;
/** Of one sender, and nonces above the account's that are kept for later. */
const MAX_PER_SENDER = 16;
const MAX_AHEAD = 16n;
/** What replaces another pays a tenth more: each goes to the whole network. */
const STEP_ONE_IN = 10n;
/** What no block took in for so long goes. */
const MAX_WAIT_MS = 3_600_000;
/** Why what waited is dropped. */
const DROPPED = {
  replaced: "another transaction with its account nonce pays a tenth more",
  crowded: "too many transactions wait, and others pay more for their bytes",
  used: "another transaction with its account nonce is in a block",
  orphaned: "its account is gone",
  expired: "no block took it in for an hour",
} as const;
/** Bytes of a transaction without a payload. */
const ENVELOPE_BYTES = 149;

export interface MempoolOptions {
  readonly rules: Rules;
  /** Lowest fee that is kept and passed on: this node's policy, no rule of the chain. */
  readonly minFee: bigint;
}

export interface MempoolDeps {
  readonly events: EventBus;
  /** State after the best block. */
  readonly state: () => State;
}

interface Waiting {
  readonly transaction: Transaction;
  readonly bytes: number;
  /** Height of the head when it came. */
  readonly since: number;
}

/** Of what waited, and does no more after the head moved. */
interface Gone {
  readonly transaction: Transaction;
  /** Unless a block holds it. */
  readonly why: string;
}

interface Sender {
  readonly address: Uint8Array;
  /** The account's nonce at the head. */
  nonce: bigint;
  readonly waiting: Map<bigint, Waiting>;
}

/** What one has to pay to take the other's place. */
const replacementFee = ({ fee }: Transaction): bigint => fee + fee / STEP_ONE_IN + 1n;

export class Mempool {
  readonly #options: MempoolOptions;
  readonly #state: () => State;
  readonly #bySender = new Map<string, Sender>();
  /** The last ones that waited here and are in no block. */
  readonly dropped = new DroppedTransactions();
  #size = 0;
  #bytes = 0;
  /** The one that makes room next, while nothing went since it was looked for; where something comes without that, there was room. */
  #least: Waiting | undefined;

  constructor(options: MempoolOptions, { events, state }: MempoolDeps) {
    this.#options = options;
    this.#state = state;
    events.on("head", (change) => this.#settle(change));
  }

  get size(): number {
    return this.#size;
  }

  /** Judges and keeps a transaction: only what can never be valid is rejected, the rest is ignored. The signature is looked at last. */
  add(transaction: Transaction): Verdict {
    const { rules } = this.#options;
    const content = checkTransactionContent(transaction, rules);
    if (content.kind !== "accept") return content;
    const sender = this.#senderOf(transaction);
    const standing = this.#checkStanding(transaction, sender);
    if (standing.kind !== "accept") return standing;
    const one = { transaction, bytes: ENVELOPE_BYTES + transaction.payload.length, since: this.#state().height };
    const rival = sender.waiting.get(transaction.nonce);
    if (rival === undefined && sender.waiting.size >= MAX_PER_SENDER) return ignore("mempool-full", "of the account");
    if (rival === undefined && !this.#hasRoom(one.bytes) && !this.#isWorthMore(one, sender))
      return ignore("mempool-full", "at this fee");
    if (!Transaction.verify(transaction, rules.genesis)) return reject("bad-signature", "of the transaction");
    if (rival !== undefined) this.#drop(rival, DROPPED.replaced);
    this.#makeRoom(one.bytes);
    this.#keep(one, sender);
    return ACCEPT;
  }

  /** What the head's state says of it. */
  #checkStanding(transaction: Transaction, { waiting }: Sender): Verdict {
    const { rules, minFee } = this.#options;
    const state = this.#state();
    const { from, nonce, fee } = transaction;
    if (fee < minFee) return ignore("low-fee", `${formatCoins(fee)}, at least ${formatCoins(minFee)}`);
    const rival = waiting.get(nonce);
    if (rival !== undefined && fee < replacementFee(rival.transaction)) return ignore("nonce-taken");
    const account = state.accountOf(from);
    if (account === undefined) return ignore("low-balance", "there is no account");
    if (nonce < account.nonce) return ignore("nonce-used", `the account is at ${account.nonce}`);
    if (nonce > account.nonce + MAX_AHEAD) return ignore("nonce-ahead", `the account is at ${account.nonce}`);
    let committed = costOf(transaction) ?? 0n;
    for (const [other, waits] of waiting) if (other !== nonce) committed += costOf(waits.transaction) ?? 0n;
    if (committed > account.balance) return ignore("low-balance", `it holds ${formatCoins(account.balance)}`);
    return askOf(state, transaction, rules) ?? ACCEPT;
  }

  #senderOf({ from }: Transaction): Sender {
    const { nonce } = this.#state().account(from);
    return this.#bySender.get(toHex(from)) ?? { address: from, nonce, waiting: new Map() };
  }

  #hasRoom(bytes: number): boolean {
    return this.#size < MAX_WAITING && this.#bytes + bytes <= MAX_BYTES;
  }

  #keep(one: Waiting, sender: Sender): void {
    const { from, nonce } = one.transaction;
    sender.waiting.set(nonce, one);
    this.#bySender.set(toHex(from), sender);
    this.#size++;
    this.#bytes += one.bytes;
  }

  /** `why` it is in no block; undefined where it may be in one. */
  #drop({ transaction, bytes }: Waiting, why?: string): void {
    const { from, nonce } = transaction;
    const sender = this.#bySender.get(toHex(from));
    if (sender?.waiting.delete(nonce) !== true) return;
    if (why !== undefined) this.dropped.note(transaction, why);
    if (sender.waiting.size === 0) this.#bySender.delete(toHex(from));
    this.#size--;
    this.#bytes -= bytes;
    this.#least = undefined;
  }

  /** Whether it pays more than what would make room for it. Behind a gap of nonces it pays nothing yet, nor without what it comes after. */
  #isWorthMore(one: Waiting, sender: Sender): boolean {
    const least = this.#leastOf();
    if (isGapped(one, sender) || least === undefined) return least === undefined;
    const its = this.#senderOf(least.transaction);
    return its !== sender && (isGapped(least, its) || paysLess(least, one));
  }

  /** Until so many bytes have room, or nothing goes any more. */
  #makeRoom(bytes: number): void {
    for (let before = Number.POSITIVE_INFINITY; !this.#hasRoom(bytes) && this.#size < before; ) {
      before = this.#size;
      this.#dropLeast();
    }
  }

  /** Lets go of what pays least, and of what cannot be taken in without it. */
  #dropLeast(): void {
    const least = this.#leastOf();
    if (least === undefined) return;
    const { from, nonce } = least.transaction;
    for (const one of [...(this.#bySender.get(toHex(from))?.waiting.values() ?? [])])
      if (one.transaction.nonce >= nonce) this.#drop(one, DROPPED.crowded);
  }

  /** Whatever waits behind a gap of nonces comes first, however much it promises: nobody may ever get it. Then the lowest fee for its bytes. */
  #leastOf(): Waiting | undefined {
    if (this.#least !== undefined) return this.#least;
    let [gapped, least]: (Waiting | undefined)[] = [];
    for (const { nonce, waiting } of this.#bySender.values()) {
      let next = nonce;
      while (waiting.has(next)) next++;
      for (const one of waiting.values())
        if (one.transaction.nonce < next) least = least === undefined || paysLess(one, least) ? one : least;
        else gapped = gapped === undefined || paysLess(one, gapped) ? one : gapped;
    }
    this.#least = gapped ?? least;
    return this.#least;
  }

  /** Transactions that a block on a state can hold, the head's unless told, best fee first, in an order in which they apply. */
  select(limit: number = MAX_TRANSACTIONS, on: State = this.#state()): Steps<Transaction[]> {
    return selectTransactionsSteps(
      on,
      [...this.#all()].map(({ transaction }) => transaction),
      this.#options.rules,
      limit,
    );
  }

  *#all(): Generator<Waiting> {
    for (const { waiting } of this.#bySender.values()) yield* waiting.values();
  }

  /** A waiting transaction by id. O(waiting). */
  find(id: Uint8Array): Transaction | undefined {
    for (const { transaction } of this.#all()) if (bytesEqual(Transaction.id(transaction), id)) return transaction;
    return undefined;
  }

  /** The next free account nonce of a sender, counting what waits. */
  nextNonce(from: Uint8Array): bigint {
    let { nonce } = this.#state().account(from);
    const waiting = this.#bySender.get(toHex(from))?.waiting;
    while (waiting?.has(nonce) === true) nonce += 1n;
    return nonce;
  }

  /** What waits for an account, in money: what its own transactions take, fees included, and what others' bring. O(waiting). */
  pending(address: Uint8Array): { readonly out: bigint; readonly into: bigint } {
    let out = 0n;
    let into = 0n;
    for (const { transaction } of this.#all()) {
      const payment = paymentOf(transaction);
      if (payment !== undefined && bytesEqual(payment.to, address)) into += payment.amount;
      if (bytesEqual(transaction.from, address)) out += costOf(transaction) ?? 0n;
    }
    return { out, into };
  }

  /** After the head moved: what is used, too old, or of an account that is gone goes; transactions of dropped blocks come back, in turns. */
  #settle({ added, dropped }: EngineEvents["head"]): void {
    const state = this.#state();
    const oldest = state.height - Math.ceil(MAX_WAIT_MS / this.#options.rules.blockTimeMs);
    const gone: Gone[] = [];
    for (const sender of this.#bySender.values()) {
      const account = state.accountOf(sender.address);
      sender.nonce = account?.nonce ?? 0n;
      for (const one of [...sender.waiting.values()]) {
        // An account that was removed begins at a nonce above all that wait.
        const isUsed = one.transaction.nonce < sender.nonce;
        if (account !== undefined && !isUsed && one.since >= oldest) continue;
        this.#drop(one);
        const why = isUsed ? "used" : account === undefined ? "orphaned" : "expired";
        gone.push({ transaction: one.transaction, why: DROPPED[why] });
      }
    }
    this.#least = undefined;
    if (dropped.length + gone.length > 0) void inTurns(this.#takeBack({ added, dropped }, gone));
  }

  /** Transactions of dropped blocks wait again, unless the new ones hold them; of those that went, the others are remembered as dropped. */
  *#takeBack({ added, dropped }: Pick<EngineEvents["head"], "added" | "dropped">, gone: readonly Gone[]): Steps<void> {
    const idOf = (transaction: Transaction): string => toHex(Transaction.id(transaction));
    const held = new Set<string>();
    for (const { body } of added) {
      for (const transaction of body.transactions) held.add(idOf(transaction));
      yield body.transactions.length / 64;
    }
    for (const { transaction, why } of gone) if (!held.has(idOf(transaction))) this.dropped.note(transaction, why);
    for (const { body } of dropped)
      for (const transaction of body.transactions) {
        if (held.has(idOf(transaction))) continue;
        yield [Transaction.signed(transaction, this.#options.rules.genesis)];
        const verdict = this.add(transaction);
        if (verdict.kind !== "accept") this.dropped.note(transaction, verdict.reason);
        yield 1;
      }
  }
}

function isGapped({ transaction }: Waiting, { nonce, waiting }: Sender): boolean {
  for (let before = nonce; before < transaction.nonce; before++) if (!waiting.has(before)) return true;
  return false;
}

/** By the byte. */
const paysLess = (a: Waiting, b: Waiting): boolean =>
  a.transaction.fee * BigInt(b.bytes) < b.transaction.fee * BigInt(a.bytes);
