// A state being changed by one block: a private copy of the tree's view. The state it came from is never touched.
import { bytesEqual, toHex } from "../../base/index.ts";
import { findAccount, type Positions, remember, State } from "./state.ts";
import {
  type Account,
  AccountType,
  type Ban,
  RECENT_BLOCKS,
  RecentBlockType,
  type Recorded,
  RecordedListType,
  type Reward,
  RewardsType,
  StateType,
  type StateView,
} from "./state-type.ts";

export class WorkingState {
  readonly view: StateView;
  readonly #positions: Positions;
  readonly #changed = new Map<string, { account: Account; at: number | undefined }>();

  constructor(state: State) {
    // A fresh view of the shared, immutable tree: its caches and changes are its own.
    this.view = StateType.getViewDU(state.node);
    this.#positions = state.positions;
  }

  account(address: Uint8Array): Readonly<Account> {
    return this.#entry(address).account;
  }

  /** Adds to a balance; the account comes into being if need be. */
  credit(address: Uint8Array, amount: bigint): void {
    if (amount === 0n) return;
    const { account, at } = this.#entry(address);
    this.#put({ ...account, balance: account.balance + amount }, at);
  }

  /** Takes from a balance that covers it, and uses up one nonce. */
  spend(address: Uint8Array, amount: bigint): void {
    const { account, at } = this.#entry(address);
    this.#put({ ...account, balance: account.balance - amount, nonce: account.nonce + 1n }, at);
  }

  #entry(address: Uint8Array): { account: Account; at: number | undefined } {
    const changed = this.#changed.get(toHex(address));
    if (changed !== undefined) return changed;
    const at = findAccount(this.view.accounts, this.#positions, address);
    if (at === undefined) return { account: { address, balance: 0n, nonce: 0n }, at };
    return { account: AccountType.toValueFromViewDU(this.view.accounts.getReadonly(at)), at };
  }

  #put(account: Account, at: number | undefined): void {
    this.#changed.set(toHex(account.address), { account, at });
  }

  /** Pays out what the block `maturity` heights ago earned, and puts this block's rewards in its slot. */
  turnRewards(height: number, rewards: readonly Reward[]): void {
    const slots = this.view.immature;
    const slot = height % slots.length;
    for (const { address, amount } of slots.get(slot).getAllReadonlyValues()) this.credit(address, amount);
    slots.set(slot, RewardsType.toViewDU([...rewards]));
  }

  /** Destroys every immature reward of `address`. */
  burnRewards(address: Uint8Array): void {
    const slots = this.view.immature;
    for (let slot = 0; slot < slots.length; slot++) {
      const rewards = slots.get(slot).getAllReadonlyValues();
      const kept = rewards.filter((reward) => !bytesEqual(reward.address, address));
      if (kept.length === rewards.length) continue;
      const burnt =
        rewards.reduce((sum, { amount }) => sum + amount, 0n) - kept.reduce((sum, { amount }) => sum + amount, 0n);
      slots.set(slot, RewardsType.toViewDU(kept));
      this.view.burnt += burnt;
      this.view.supply -= burnt;
    }
  }

  /** Bans until `until` (inclusive), and forgets bans that end by `height`. */
  ban(address: Uint8Array, until: number, height: number): void {
    const kept = this.view.banned
      .getAllReadonlyValues()
      .filter((ban: Ban) => ban.until > height && !bytesEqual(ban.address, address));
    this.view.banned = StateType.fields.banned.toViewDU([...kept, { address, until }]);
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
  turnRecent(parent: Uint8Array, entry: { height: number; beacon: Uint8Array; miner: Uint8Array; time: number }): void {
    const recent = this.view.recent;
    const before = (entry.height - 1) % RECENT_BLOCKS;
    const old = RecentBlockType.toValueFromViewDU(recent.getReadonly(before));
    recent.set(before, RecentBlockType.toViewDU({ ...old, id: parent }));
    const opened = RecentBlockType.toViewDU({ ...entry, id: new Uint8Array(32) });
    if (entry.height < RECENT_BLOCKS) recent.push(opened);
    else recent.set(entry.height % RECENT_BLOCKS, opened);
  }

  /** Writes the accounts back, new ones in the order in which they were first paid. The copy is used up. */
  finish(): State {
    const accounts = this.view.accounts;
    for (const { account, at } of this.#changed.values()) {
      if (at === undefined) {
        remember(this.#positions, account.address, accounts.length);
        accounts.push(AccountType.toViewDU(account));
      } else accounts.set(at, AccountType.toViewDU(account));
    }
    this.view.commit();
    return new State(this.view.node, this.#positions);
  }
}
