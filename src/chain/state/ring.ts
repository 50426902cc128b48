// Money that waits for a height: a ring of slots, one for each block of the wait, as immature rewards and withdrawn stake are kept.
import { bytesEqual, type Steps } from "../../base/index.ts";
import { type Named, placesOf } from "./marks.ts";

/** What all rings hold: somebody's money; a reward says also whose contribution it is for. */
export interface Waiting {
  readonly address: Uint8Array;
  readonly author?: Uint8Array;
  readonly amount: bigint;
}

/** A list of the state's tree, as far as a ring needs it. */
interface Slot<E> extends Named<E> {
  push(entry: unknown): void;
  commit(): void;
}
interface Slots<E> {
  readonly length: number;
  getReadonly(at: number): Slot<E>;
  set(at: number, slot: unknown): void;
}
interface SlotType<E> {
  toViewDU(entries: E[]): Slot<E>;
  defaultViewDU(): Slot<E>;
}

/** Entries of a slot that are made anew in a piece of work. */
const PIECE = 64;

/** Slot h % length holds what block h put there; block h + length takes it out before it puts its own. */
export class Ring<E extends Waiting> {
  readonly #slots: Slots<E>;
  readonly #type: SlotType<E>;

  constructor(slots: Slots<E>, type: SlotType<E>) {
    this.#slots = slots;
    this.#type = type;
  }

  get length(): number {
    return this.#slots.length;
  }

  #slotOf(height: number): Slot<E> {
    return this.#slots.getReadonly(height % this.length);
  }

  /** What block `height` put there. */
  of(height: number): E[] {
    return this.#slotOf(height).getAllReadonlyValues();
  }

  /** Of that what names an address: its own, and what is for its contributions. */
  naming(address: Uint8Array, height: number): E[] {
    const slot = this.#slotOf(height);
    return placesOf(slot, address).map((at) => slot.getReadonly(at).toValue());
  }

  /** Whether anything in the ring is an address's own. O(slots). */
  holds(address: Uint8Array): boolean {
    for (let height = 0; height < this.length; height++)
      if (this.naming(address, height).some((entry) => bytesEqual(entry.address, address))) return true;
    return false;
  }

  /** Empties the slot of block `height`, and says what was in it. */
  take(height: number): E[] {
    const entries = this.of(height);
    if (entries.length > 0) this.#slots.set(height % this.length, this.#type.defaultViewDU());
    return entries;
  }

  /** Adds to the slot of block `height`. */
  put(height: number, entries: readonly E[]): void {
    if (entries.length === 0) return;
    this.#slots.set(height % this.length, this.#type.toViewDU([...this.of(height), ...entries]));
  }

  /** Takes out of every slot what names an address. */
  *remove(address: Uint8Array): Steps<E[]> {
    const removed: E[] = [];
    for (let height = 0; height < this.length; height++) {
      const slot = this.#slotOf(height);
      const gone = new Set(placesOf(slot, address));
      if (gone.size === 0) continue;
      removed.push(...this.naming(address, height));
      // The entries' own nodes, so that their hashes are known still.
      const kept = this.#type.defaultViewDU();
      for (let at = 0; at < slot.length; at++) if (!gone.has(at)) kept.push(slot.getReadonly(at));
      kept.commit();
      this.#slots.set(height, kept);
      yield slot.length / PIECE;
    }
    return removed;
  }
}
