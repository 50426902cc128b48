// The accounts of a state being changed by one block: read from the tree, kept aside when changed, written back at the end.
import { type Steps, toHex } from "../../base/index.ts";
import { withoutPlaces } from "./closing-gaps.ts";
import type { Positions } from "./positions.ts";
import { type Account, AccountType, type StateView } from "./state-type.ts";

/** An account begins to count at its height times 2^20, more nonces than it can use up in a block: who comes back replays nothing. */
const NONCE_BITS = 20n;

interface Entry {
  readonly account: Readonly<Account>;
  /** Place in the list; undefined when it is new. */
  readonly at: number | undefined;
}

export class WorkingAccounts {
  readonly #view: StateView;
  #positions: Positions;
  readonly #firstNonce: bigint;
  readonly #changed = new Map<string, Entry>();

  constructor(view: StateView, positions: Positions, height: number) {
    this.#view = view;
    this.#positions = positions;
    this.#firstNonce = BigInt(height) << NONCE_BITS;
  }

  /** The account, or the empty one that the address would begin with. */
  get(address: Uint8Array): Readonly<Account> {
    return this.#entry(address).account;
  }

  has(address: Uint8Array): boolean {
    return this.#changed.has(toHex(address)) || this.#positions.get(address) !== undefined;
  }

  /** Changes an account; it comes into being if need be. */
  put(account: Readonly<Account>): void {
    this.#changed.set(toHex(account.address), { account, at: this.#entry(account.address).at });
  }

  /** Where accounts stand, as far as was written. */
  get positions(): Positions {
    return this.#positions;
  }

  /** Every account that was put. */
  *changed(): Generator<Readonly<Account>> {
    for (const { account } of this.#changed.values()) yield account;
  }

  #entry(address: Uint8Array): Entry {
    const changed = this.#changed.get(toHex(address));
    if (changed !== undefined) return changed;
    const at = this.#positions.get(address);
    if (at === undefined) return { account: { address, balance: 0n, nonce: this.#firstNonce, stake: 0n }, at };
    return { account: AccountType.toValueFromViewDU(this.#view.accounts.getReadonly(at)), at };
  }

  /** Writes back what was put, new accounts in the order in which they came, and leaves out those that are `dust`; what these held. */
  *write(dust: (account: Readonly<Account>) => boolean): Steps<bigint> {
    const { accounts } = this.#view;
    const empty: number[] = [];
    let held = 0n;
    for (const { account, at } of this.#changed.values()) {
      yield 0.25;
      if (dust(account)) {
        held += account.balance;
        if (at === undefined) continue;
        empty.push(at);
        this.#positions = this.#positions.without(account.address);
      } else if (at === undefined) {
        this.#positions = this.#positions.with(account.address, accounts.length);
        accounts.push(AccountType.toViewDU(account));
      } else accounts.set(at, AccountType.toViewDU(account));
    }
    this.#view.accounts = withoutPlaces(accounts, empty, ({ address }, at) => {
      this.#positions = this.#positions.with(address, at);
    });
    return held;
  }
}
