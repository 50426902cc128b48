// Money that waits for a height: a ring of slots, one for each block of the wait, as immature rewards and withdrawn stake are kept.

/** What all rings hold: somebody's money. */
interface Waiting {
  readonly address: Uint8Array;
  readonly amount: bigint;
}

interface Slot<E> {
  getAllReadonlyValues(): E[];
}

/** A list of the state's tree, as far as a ring needs it. */
interface Slots<S> {
  readonly length: number;
  getReadonly(at: number): S;
  set(at: number, slot: S): void;
}

/** Slot h % length holds what block h put there; block h + length takes it out before it puts its own. */
export class Ring<E extends Waiting, S extends Slot<E>> {
  readonly #slots: Slots<S>;
  readonly #slotOf: (entries: E[]) => S;

  constructor(slots: Slots<S>, slotOf: (entries: E[]) => S) {
    this.#slots = slots;
    this.#slotOf = slotOf;
  }

  #at(height: number): number {
    return height % this.#slots.length;
  }

  /** Empties the slot of block `height`, and says what was in it. */
  take(height: number): E[] {
    const at = this.#at(height);
    const entries = this.#slots.getReadonly(at).getAllReadonlyValues();
    if (entries.length > 0) this.#slots.set(at, this.#slotOf([]));
    return entries;
  }

  /** Adds to the slot of block `height`. */
  put(height: number, entries: readonly E[]): void {
    if (entries.length === 0) return;
    const at = this.#at(height);
    this.#slots.set(at, this.#slotOf([...this.#slots.getReadonly(at).getAllReadonlyValues(), ...entries]));
  }

  /** Takes out of every slot what `gone` says. */
  remove(gone: (entry: E) => boolean): E[] {
    const removed: E[] = [];
    for (let at = 0; at < this.#slots.length; at++) {
      const entries = this.#slots.getReadonly(at).getAllReadonlyValues();
      const kept = entries.filter((entry) => !gone(entry));
      if (kept.length === entries.length) continue;
      removed.push(...entries.filter(gone));
      this.#slots.set(at, this.#slotOf(kept));
    }
    return removed;
  }

  *entries(): Generator<E> {
    for (let at = 0; at < this.#slots.length; at++) yield* this.#slots.getReadonly(at).getAllReadonlyValues();
  }
}
