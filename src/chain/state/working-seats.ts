// The audits of a state being changed by one block: seats are read from the tree, kept aside when changed, written back at the end.
import { bytesEqual } from "../../base/index.ts";
import type { AuditSeat } from "../../codec/index.ts";
import { type Seat, SeatsType, type StateView } from "./state-type.ts";

export class WorkingSeats {
  readonly #slots: StateView["audits"];
  /** Of the last block whose audits are open. */
  readonly #newest: number;
  readonly #changed = new Map<number, Seat[]>();

  /** `height`: of the block that changes the state; the audits of the last block but one are the newest there are. */
  constructor(slots: StateView["audits"], height: number) {
    this.#slots = slots;
    this.#newest = height - 2;
  }

  /** The seats of what block `recorded` recorded; none when that is too long ago, or not drawn yet. */
  of(recorded: number): readonly Seat[] {
    if (recorded < 1 || recorded > this.#newest || recorded <= this.#newest - this.#slots.length) return [];
    const at = recorded % this.#slots.length;
    return this.#changed.get(at) ?? this.#slots.getReadonly(at).getAllReadonlyValues();
  }

  find({ audit, height, attester }: AuditSeat): Seat | undefined {
    return this.of(height).find((seat) => bytesEqual(seat.audit, audit) && bytesEqual(seat.attester, attester));
  }

  /** Changes a seat that is there. */
  put(recorded: number, changed: Seat): void {
    const seats = this.of(recorded).map((seat) =>
      bytesEqual(seat.audit, changed.audit) && bytesEqual(seat.attester, changed.attester) ? changed : seat,
    );
    this.#changed.set(recorded % this.#slots.length, seats);
  }

  /** Puts the seats of what block `recorded` recorded in its slot, where the oldest were. */
  open(recorded: number, seats: readonly Seat[]): void {
    this.#changed.set(recorded % this.#slots.length, [...seats]);
  }

  write(): void {
    for (const [at, seats] of this.#changed) this.#slots.set(at, SeatsType.toViewDU(seats));
  }
}
