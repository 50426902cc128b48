// What left the mempool without a block, and why: of the last ones, so that whoever asks for a transaction hears more than that it is not here.
import { toHex } from "../../base/index.ts";
import { Transaction } from "../../codec/index.ts";

const MAX_REMEMBERED = 1024;
const MAX_PAYLOAD_BYTES = 1 << 20;

interface Dropped {
  readonly transaction: Transaction;
  /** For people. */
  readonly why: string;
}

export class DroppedTransactions {
  /** By id, the oldest first. */
  readonly #last = new Map<string, Dropped>();
  #bytes = 0;

  note(transaction: Transaction, why: string): void {
    const id = toHex(Transaction.id(transaction));
    this.#forget(id);
    this.#last.set(id, { transaction, why });
    this.#bytes += transaction.payload.length;
    for (const oldest of this.#last.keys()) {
      if (this.#last.size <= MAX_REMEMBERED && this.#bytes <= MAX_PAYLOAD_BYTES) break;
      this.#forget(oldest);
    }
  }

  find(id: Uint8Array): Dropped | undefined {
    return this.#last.get(toHex(id));
  }

  #forget(id: string): void {
    this.#bytes -= this.#last.get(id)?.transaction.payload.length ?? 0;
    this.#last.delete(id);
  }
}
