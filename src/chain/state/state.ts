// The state after a block, immutable: an SSZ tree that shares what did not change with its parent's (protocol section 1).
import { bytesEqual, type Hash32, type Steps, toHex } from "../../base/index.ts";
import { type AuditSeat, Header, type UnsignedHeader } from "../../codec/index.ts";
import { type PlacedUnit, startName } from "../../work/index.ts";
import { workOf } from "../difficulty.ts";
import { hashTree } from "./hash-tree.ts";
import { placesOf } from "./marks.ts";
import { Positions } from "./positions.ts";
import { Ring } from "./ring.ts";
import { type Staker, stakersOf } from "./stakers.ts";
import {
  type Account,
  AccountType,
  type Ban,
  type Common,
  type Punished,
  RECENT_BLOCKS,
  type RecentBlock,
  type Recorded,
  type Reward,
  RewardsType,
  type Seat,
  type StateNode,
  StateType,
  type StateValue,
  type StateView,
  type TaskState,
  type Withdrawal,
  WithdrawalsType,
} from "./state-type.ts";
import { WorkingSeats } from "./working-seats.ts";

/** A reward that its owner cannot spend yet: earned by block `height`, paid by block `height + maturity`. */
export interface ImmatureReward extends Reward {
  readonly height: number;
}

/** Stake withdrawn in block `height`, at risk until it is balance again in block `height + unbonding`. */
export interface Unbonding extends Withdrawal {
  readonly height: number;
}

/** Made by `genesisState`, `apply` and `readState` only. Reading never changes what is read. */
export class State {
  /** The tree; opaque outside the chain room. */
  readonly node: StateNode;
  readonly positions: Positions;
  readonly genesis: Hash32;
  /** The tip's header, with a zero state root. */
  readonly tip: UnsignedHeader;
  readonly height: number;
  readonly time: number;
  readonly beacon: Hash32;
  /** The tip's winning draw, zero at genesis. */
  readonly draw: Hash32;
  /** Target prescribed for the next block; `targetAt` says which one it must name. */
  readonly target: Uint8Array;
  /** Accumulated work. */
  readonly work: bigint;
  readonly supply: bigint;
  readonly burnt: bigint;
  readonly tasks: readonly Readonly<TaskState>[];
  readonly #view: StateView;
  readonly #immature: Ring<Reward>;
  readonly #unbonding: Ring<Withdrawal>;
  #root: Hash32 | undefined;
  #tipId: Hash32 | undefined;
  #commons: readonly Common[] | undefined;
  readonly #recorded = new Map<number, ReadonlySet<string>>();
  readonly #expected = new Map<number, bigint>();
  #stakers: readonly Staker[] | undefined;

  /** `stakers`: those of the accounts, where they are known already. */
  constructor(node: StateNode, positions: Positions, stakers?: readonly Staker[]) {
    this.node = node;
    this.positions = positions;
    this.#stakers = stakers;
    const view = StateType.getViewDU(node);
    this.#view = view;
    this.#immature = new Ring(view.immature, RewardsType);
    this.#unbonding = new Ring(view.unbonding, WithdrawalsType);
    this.genesis = view.genesis as Hash32;
    this.tip = Header.unsignedType.toValueFromViewDU(view.tip);
    this.height = this.tip.height;
    this.time = this.tip.time;
    this.beacon = view.beacon as Hash32;
    this.draw = view.draw as Hash32;
    this.target = view.target;
    this.work = view.work;
    this.supply = view.supply;
    this.burnt = view.burnt;
    this.tasks = view.tasks.getAllReadonlyValues();
  }

  /** Root that a header commits to, 32 bytes. */
  get root(): Hash32 {
    this.#root ??= Uint8Array.from(this.#view.hashTreeRoot()) as Hash32;
    return this.#root;
  }

  /** The same in pieces. */
  *rootSteps(): Steps<Hash32> {
    yield* hashTree(this.node);
    return this.root;
  }

  /** Id of the tip's block; the genesis hash at height 0. */
  get tipId(): Hash32 {
    this.#tipId ??= this.height === 0 ? this.genesis : Header.id({ ...this.tip, stateRoot: this.root });
    return this.#tipId;
  }

  /** The account; undefined where the address has none. */
  accountOf(address: Uint8Array): Account | undefined {
    const at = this.positions.get(address);
    return at === undefined ? undefined : AccountType.toValueFromViewDU(this.#view.accounts.getReadonly(at));
  }

  /** The account, or an empty one when the address has none. */
  account(address: Uint8Array): Account {
    return this.accountOf(address) ?? { address, balance: 0n, nonce: 0n, stake: 0n };
  }

  /** Whether the address has an account: only then can it send. */
  hasAccount(address: Uint8Array): boolean {
    return this.positions.get(address) !== undefined;
  }

  /** C: stake that is not being withdrawn. */
  collateralOf(address: Uint8Array): bigint {
    return this.account(address).stake;
  }

  /** Whoever has stake, in order of address. */
  get stakers(): readonly Staker[] {
    this.#stakers ??= stakersOf(this.accounts());
    return this.#stakers;
  }

  /** D: draws that a block on this state is expected to take, before any recovery of the target. */
  get expectedDraws(): bigint {
    return workOf(this.target);
  }

  get accountCount(): number {
    return this.#view.accounts.length;
  }

  /** Every account, in order of first payment. O(accounts). */
  accounts(): Account[] {
    return this.#view.accounts.getAllReadonlyValues();
  }

  /** Every immature reward, of one address if given, oldest first. O(rewards), of one address O(slots). */
  immature(address?: Uint8Array): ImmatureReward[] {
    return this.#inRing(this.#immature, address);
  }

  /** Every withdrawal of stake that is not over, of one address if given, oldest first. O(withdrawals), of one address O(slots). */
  unbonding(address?: Uint8Array): Unbonding[] {
    return this.#inRing(this.#unbonding, address);
  }

  /** Blocks that a reward takes to mature. */
  get maturityBlocks(): number {
    return this.#immature.length;
  }

  /** Blocks that withdrawn stake takes. */
  get unbondingBlocks(): number {
    return this.#unbonding.length;
  }

  /** Rewards for an address's contributions, its own among them, oldest first. O(slots). */
  rewardsNaming(address: Uint8Array): ImmatureReward[] {
    return this.#heights(this.#immature).flatMap((height) =>
      this.#immature.naming(address, height).map((entry) => ({ ...entry, height })),
    );
  }

  #inRing<E extends Withdrawal>(ring: Ring<E>, address?: Uint8Array): (E & { height: number })[] {
    const own = (height: number): E[] =>
      address === undefined
        ? ring.of(height)
        : ring.naming(address, height).filter((entry) => bytesEqual(entry.address, address));
    return this.#heights(ring).flatMap((height) => own(height).map((entry) => ({ ...entry, height })));
  }

  /** Of the blocks that a ring holds something of, oldest first. */
  #heights({ length }: Ring<Withdrawal>): number[] {
    const oldest = Math.max(0, this.height - length + 1);
    return Array.from({ length: this.height - oldest + 1 }, (_, i) => oldest + i);
  }

  task(id: Uint8Array): TaskState | undefined {
    return this.tasks.find((task) => bytesEqual(task.id, id));
  }

  /** The common states of a task that a contribution may start from, by ascending round; the last one stands. */
  commonsOf(task: Uint8Array): readonly Common[] {
    this.#commons ??= this.#view.commons.getAllReadonlyValues();
    return this.#commons.filter((common) => bytesEqual(common.task, task));
  }

  /** What the block at `height` recorded, if that is not too long ago. */
  recordedIn(height: number): readonly Recorded[] {
    const slots = this.#view.recorded;
    if (height < 1 || height > this.height || height <= this.height - slots.length) return [];
    return slots.getReadonly(height % slots.length).getAllReadonlyValues();
  }

  /** Whether a unit run on the block at `height` was recorded since. */
  isRecorded(unit: Uint8Array, height: number): boolean {
    for (let at = height + 1; at <= this.height; at++) {
      const known = this.#recorded.get(at) ?? new Set(this.recordedIn(at).map((entry) => toHex(entry.unit)));
      this.#recorded.set(at, known);
      if (known.has(toHex(unit))) return true;
    }
    return false;
  }

  /** Whether a unit starts from a common state that stood on its block, of the last `evidenceBlocks`. */
  isStart(unit: PlacedUnit): boolean {
    const slots = this.#view.starts;
    if (unit.height > this.height || unit.height <= this.height - slots.length) return false;
    const name = startName(unit);
    return slots
      .getReadonly(unit.height % slots.length)
      .getAllReadonly()
      .some((start) => bytesEqual(start, name));
  }

  /** The attesters of what block `height` recorded; none when that is too long ago, or when no beacon has drawn them yet. */
  seatsOf(height: number): readonly Seat[] {
    return new WorkingSeats(this.#view.audits, this.height + 1).of(height);
  }

  /** An attester's place in an audit. */
  seat(place: AuditSeat): Seat | undefined {
    return new WorkingSeats(this.#view.audits, this.height + 1).find(place);
  }

  /** D of a recent block: draws that the block after it was expected to take. */
  expectedAt(height: number): bigint {
    const known = this.#expected.get(height) ?? workOf(this.recentBlock(height)?.target ?? this.target);
    this.#expected.set(height, known);
    return known;
  }

  /** A block of the last RECENT_BLOCKS, the tip included; undefined beyond. */
  recentBlock(height: number): RecentBlock | undefined {
    if (height < 0 || height > this.height || height <= this.height - RECENT_BLOCKS) return undefined;
    const entry = this.#view.recent.getReadonly(height % RECENT_BLOCKS);
    const { id, beacon, miner, time, target } = entry;
    return { height: entry.height, id: height === this.height ? this.tipId : id, beacon, miner, time, target };
  }

  /** The ban of an address that is in force for the next block. */
  banOf(address: Uint8Array): Ban | undefined {
    const { banned } = this.#view;
    const bans = placesOf(banned, address).map((at) => banned.getReadonly(at).toValue());
    return bans.find(({ until }) => until > this.height);
  }

  /** Whether `address` may not win, lead or contribute in the next block. */
  isBanned(address: Uint8Array): boolean {
    return this.banOf(address) !== undefined;
  }

  get punished(): readonly Punished[] {
    return this.#view.punished.getAllReadonlyValues();
  }
}

export const stateRoot = (state: State): Hash32 => state.root;

/** A new state from a plain value, with its index. O(value). */
export function stateOf(value: StateValue): State {
  const view = StateType.toViewDU(value);
  return new State(view.node, Positions.of(value.accounts.map(({ address }) => address)));
}
