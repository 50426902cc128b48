// A state being changed by one block: a private copy of the tree's view. The state it came from is never touched.
import { bytesEqual, finish, type Steps, toHex } from "../../base/index.ts";
import { withoutPlaces } from "./closing-gaps.ts";
import { Ring } from "./ring.ts";
import { changedStakers } from "./stakers.ts";
import { State } from "./state.ts";
import {
  type Account,
  BanType,
  RECENT_BLOCKS,
  type RecentBlock,
  RecentBlockType,
  type Recorded,
  RecordedListType,
  type Reward,
  RewardsType,
  StartsType,
  StateType,
  type StateView,
  type Withdrawal,
  WithdrawalsType,
} from "./state-type.ts";
import { WorkingAccounts } from "./working-accounts.ts";
import { WorkingSeats } from "./working-seats.ts";

/** What an offender loses, and what others lose with it. */
export interface Loss {
  readonly taken: bigint;
  readonly voided: bigint;
}

const sum = (entries: readonly Withdrawal[]): bigint => entries.reduce((all, { amount }) => all + amount, 0n);

export class WorkingState {
  readonly view: StateView;
  /** Of the block that changes it. */
  readonly height: number;
  readonly seats: WorkingSeats;
  readonly #state: State;
  readonly #accounts: WorkingAccounts;
  readonly #immature: Ring<Reward>;
  readonly #unbonding: Ring<Withdrawal>;
  /** What this block's transactions withdraw: one entry for each account, however often it does. */
  readonly #withdrawn = new Map<string, Withdrawal>();

  constructor(state: State) {
    // A fresh view of the shared, immutable tree: its caches and changes are its own.
    this.view = StateType.getViewDU(state.node);
    this.height = state.height + 1;
    this.seats = new WorkingSeats(this.view.audits, this.height);
    this.#state = state;
    this.#accounts = new WorkingAccounts(this.view, state.positions, this.height);
    this.#immature = new Ring(this.view.immature, RewardsType);
    this.#unbonding = new Ring(this.view.unbonding, WithdrawalsType);
  }

  account(address: Uint8Array): Readonly<Account> {
    return this.#accounts.get(address);
  }

  hasAccount(address: Uint8Array): boolean {
    return this.#accounts.has(address);
  }

  /** Adds to a balance; the account comes into being if need be. */
  credit(address: Uint8Array, amount: bigint): void {
    if (amount === 0n) return;
    const account = this.account(address);
    this.#accounts.put({ ...account, balance: account.balance + amount });
  }

  /** Takes from a balance that covers it, and uses up one nonce. */
  spend(address: Uint8Array, amount: bigint): void {
    const account = this.account(address);
    this.#accounts.put({ ...account, balance: account.balance - amount, nonce: account.nonce + 1n });
  }

  /** Adds to a stake; the account comes into being if need be. */
  deposit(address: Uint8Array, amount: bigint): void {
    const account = this.account(address);
    this.#accounts.put({ ...account, stake: account.stake + amount });
  }

  /** Takes from a stake that covers it, to be balance after the unbonding time. */
  withdraw(address: Uint8Array, amount: bigint): void {
    const account = this.account(address);
    this.#accounts.put({ ...account, stake: account.stake - amount });
    const name = toHex(address);
    this.#withdrawn.set(name, { address, amount: (this.#withdrawn.get(name)?.amount ?? 0n) + amount });
  }

  /** Destroys money that was taken from where it was. */
  burn(amount: bigint): void {
    this.view.burnt += amount;
    this.view.supply -= amount;
  }

  /** Pays out what matures and what unbonds in this block. */
  *ripen(): Steps<void> {
    for (const ring of [this.#immature, this.#unbonding])
      for (const { address, amount } of ring.take(this.height)) {
        this.credit(address, amount);
        yield 0.25;
      }
  }

  /** Puts rewards of this block aside until they mature. */
  earn(rewards: readonly Reward[]): void {
    this.#immature.put(this.height, rewards);
  }

  /** The same with money that is made for them. */
  mint(rewards: readonly Reward[]): void {
    this.view.supply += sum(rewards);
    this.earn(rewards);
  }

  /** Takes from `offender` stake, withdrawals and immature rewards; `voided` is what others were to get for its contributions. */
  *strip(offender: Uint8Array): Steps<Loss> {
    this.#keepWithdrawn();
    const { stake } = this.account(offender);
    const withdrawn = sum(yield* this.#unbonding.remove(offender));
    const rewards = yield* this.#immature.remove(offender);
    const own = rewards.filter(({ address }) => bytesEqual(address, offender));
    // Who may hold nothing now is looked at in the end, whether or not its balance changed.
    for (const address of [offender, ...rewards.map((reward) => reward.address)])
      if (this.hasAccount(address)) this.#accounts.put(this.account(address));
    if (stake > 0n) this.#accounts.put({ ...this.account(offender), stake: 0n });
    return { taken: stake + withdrawn + sum(own), voided: sum(rewards) - sum(own) };
  }

  #keepWithdrawn(): void {
    this.#unbonding.put(this.height, [...this.#withdrawn.values()]);
    this.#withdrawn.clear();
  }

  /** Bans until `until` (inclusive), and forgets bans that end by this block. */
  ban(address: Uint8Array, until: number): void {
    const { banned } = this.view;
    const over = banned
      .getAllReadonlyValues()
      .flatMap((ban, at) => (ban.until <= this.height || bytesEqual(ban.address, address) ? [at] : []));
    const kept = withoutPlaces(banned, over);
    kept.push(BanType.toViewDU({ address, until }));
    kept.commit();
    this.view.banned = kept;
  }

  /** Whether the state before this block has `address` banned. */
  isBanned(address: Uint8Array): boolean {
    return this.#state.isBanned(address);
  }

  /** Adds the common states made `on` the parent to its slot, and puts those that stand `after` block `height` in the slot of its own. */
  turnStarts(
    height: number,
    { on, after }: { readonly on: readonly Uint8Array[]; readonly after: readonly Uint8Array[] },
  ): void {
    const slots = this.view.starts;
    const parent = (height - 1) % slots.length;
    if (on.length > 0)
      slots.set(parent, StartsType.toViewDU([...slots.getReadonly(parent).getAllReadonlyValues(), ...on]));
    slots.set(height % slots.length, StartsType.toViewDU([...after]));
  }

  /** Puts what block `height` recorded in its slot. */
  turnRecorded(height: number, recorded: readonly Recorded[]): void {
    const slots = this.view.recorded;
    slots.set(height % slots.length, RecordedListType.toViewDU([...recorded]));
  }

  isPunished(offence: Uint8Array): boolean {
    return this.view.punished.getAllReadonlyValues().some((entry) => bytesEqual(entry.offence, offence));
  }

  /** Remembers an offence of height `height`, and forgets those up to `expired`, whose evidence is too old to be used again. */
  punish(offence: Uint8Array, height: number, expired: number): void {
    const kept = this.view.punished.getAllReadonlyValues().filter((entry) => entry.height > expired);
    this.view.punished = StateType.fields.punished.toViewDU([...kept, { offence, height }]);
  }

  /** Gives the parent its id, now known, and opens the entry of the new block. */
  turnRecent(parent: Uint8Array, entry: Omit<RecentBlock, "id">): void {
    const recent = this.view.recent;
    const before = (entry.height - 1) % RECENT_BLOCKS;
    const old = RecentBlockType.toValueFromViewDU(recent.getReadonly(before));
    recent.set(before, RecentBlockType.toViewDU({ ...old, id: parent }));
    const opened = RecentBlockType.toViewDU({ ...entry, id: new Uint8Array(32) });
    if (entry.height < RECENT_BLOCKS) recent.push(opened);
    else recent.set(entry.height % RECENT_BLOCKS, opened);
  }

  /** The state after the block. Accounts that it touched and left with less than the fee, and with nothing else, are gone. The copy is used up. */
  *finishSteps(accountFee: bigint): Steps<State> {
    this.#keepWithdrawn();
    const dust = ({ address, balance, stake }: Readonly<Account>): boolean =>
      balance < accountFee && stake === 0n && !this.#immature.holds(address) && !this.#unbonding.holds(address);
    const stakers = changedStakers(this.#state.stakers, this.#accounts.changed());
    this.burn(yield* this.#accounts.write(dust));
    this.seats.write();
    this.view.commit();
    return new State(this.view.node, this.#accounts.positions, stakers);
  }

  finish(accountFee: bigint): State {
    return finish(this.finishSteps(accountFee));
  }
}
