// The shape of the state, as SSZ types: what the header's state root commits to (protocol section 1).
import {
  BooleanType,
  ByteVectorType,
  ContainerNodeStructType,
  ContainerType,
  ListCompositeType,
  UintBigintType,
  type ValueOf,
} from "@chainsafe/ssz";
import { Bytes32, Header, MAX_EVIDENCE, MAX_RECORDS, MAX_TRANSACTIONS, Time, U8, U32, U64 } from "../../codec/index.ts";
import { MAX_TASKS } from "../rules.ts";

/** Blocks whose beacon, miner, time and target after them the state remembers: evidence names units of all that it may be shown for. */
export const RECENT_BLOCKS = 80;
/** Blocks that a reward may take to mature, at most. */
export const MAX_MATURITY = 4096;
/** Blocks that withdrawn stake may take, at most. */
export const MAX_UNBONDING = 8192;
/** Blocks for which an offence may be shown, at most. */
export const MAX_EVIDENCE_BLOCKS = 64;
/** Bans that a state has room for. */
const MAX_BANS = 1 << 16;
/** Blocks that a ban may last, at most: each of them may punish as many as a body has evidence. */
export const MAX_BAN_BLOCKS = MAX_BANS / MAX_EVIDENCE;

const Work = new UintBigintType(32);
const Target = new ByteVectorType(32);

export const AccountType = new ContainerNodeStructType({ address: Bytes32, balance: U64, nonce: U64, stake: U64 });
export type Account = ValueOf<typeof AccountType>;

/** The author of a reward that is for no contribution. */
export const NOBODY: Uint8Array = new Uint8Array(32);

/** `author` is that of the contribution that the reward is for: who punishes it voids what others got for its contributions. */
const RewardType = new ContainerNodeStructType({ address: Bytes32, author: Bytes32, amount: U64 });
export type Reward = ValueOf<typeof RewardType>;
export const RewardsType = new ListCompositeType(RewardType, 1 << 14);

/** Stake on its way back to the balance. */
const WithdrawalType = new ContainerNodeStructType({ address: Bytes32, amount: U64 });
export type Withdrawal = ValueOf<typeof WithdrawalType>;
export const WithdrawalsType = new ListCompositeType(WithdrawalType, MAX_TRANSACTIONS);

/** Where a task stands after the block: P(round) has digest `parametersDigest`; `lastRecord` is the task's id before the first record. */
export const TaskStateType = new ContainerNodeStructType({
  id: Bytes32,
  season: U32,
  round: U32,
  parametersDigest: Bytes32,
  lastRecord: Bytes32,
});
export type TaskState = ValueOf<typeof TaskStateType>;

/** A common state of a task that contributions may start from: P(round) stood on the blocks of heights `from` to `until`. */
export const CommonType = new ContainerNodeStructType({
  task: Bytes32,
  round: U32,
  digest: Bytes32,
  from: U32,
  until: U32,
});
export type Common = ValueOf<typeof CommonType>;
/** `until` of the state that still stands. */
export const OPEN = 0xffffffff;

/** A contribution that a block recorded. */
const RecordedType = new ContainerNodeStructType({
  /** The place of its unit. */
  unit: Bytes32,
  contribution: Bytes32,
  author: Bytes32,
  /** Of each attester, if it is audited. */
  pay: U64,
  /** It won the block, whose check it is part of: no audit. */
  won: new BooleanType(),
});
export type Recorded = ValueOf<typeof RecordedType>;
export const RecordedListType = new ListCompositeType(RecordedType, 1 << 13);

/** H("start", T, t, digest(P(t))) of a common state that stood on a block. */
export const StartsType = new ListCompositeType(Bytes32, MAX_RECORDS + MAX_TASKS);

/** An attester's place in an audit, and its word. */
const SeatType = new ContainerNodeStructType({
  /** Id of the audited contribution. */
  audit: Bytes32,
  /** Of the contribution. */
  author: Bytes32,
  attester: Bytes32,
  /** For a word that is opened, the part of the winner that carries it included. */
  pay: U64,
  /** Zero until the attester commits. */
  commitment: Bytes32,
  /** SEALED, or the outcome that was revealed. */
  outcome: U8,
  trace: Bytes32,
});
export type Seat = ValueOf<typeof SeatType>;
/** Room for all that a block of 1 MiB can record, each with twice sixteen attesters. */
export const SeatsType = new ListCompositeType(SeatType, 1 << 17);
/** Outcome of a word that is not revealed. */
export const SEALED = 255;

/** `id` of the newest entry is zero in the tree, since the id commits to the tree; State fills it in. */
export const RecentBlockType = new ContainerNodeStructType({
  height: U32,
  id: Bytes32,
  beacon: Bytes32,
  miner: Bytes32,
  time: Time,
  /** Prescribed for the block after it. */
  target: Target,
});
export type RecentBlock = ValueOf<typeof RecentBlockType>;

const PunishedType = new ContainerNodeStructType({ offence: Bytes32, height: U32 });
export type Punished = ValueOf<typeof PunishedType>;

/** May not win, lead or contribute in blocks up to and including `until`. */
export const BanType = new ContainerNodeStructType({ address: Bytes32, until: U32 });
export type Ban = ValueOf<typeof BanType>;

export const StateType = new ContainerType({
  genesis: Bytes32,
  /** The block's header with a zero state root; all zero but time and target at genesis. */
  tip: Header.unsignedType,
  beacon: Bytes32,
  /** The tip's winning draw. */
  draw: Bytes32,
  /** The target prescribed for the next block, before any recovery. */
  target: Target,
  work: Work,
  supply: U64,
  burnt: U64,
  accounts: new ListCompositeType(AccountType, 2 ** 32),
  /** Slot h % maturity holds what block h earned. */
  immature: new ListCompositeType(RewardsType, MAX_MATURITY),
  /** Slot h % unbonding holds what was withdrawn in block h. */
  unbonding: new ListCompositeType(WithdrawalsType, MAX_UNBONDING),
  tasks: new ListCompositeType(TaskStateType, 64),
  /** The last COMMON_STATES of each task, by ascending round. */
  commons: new ListCompositeType(CommonType, 64 * 8),
  /** Slot h % evidenceBlocks: what block h recorded. */
  recorded: new ListCompositeType(RecordedListType, MAX_EVIDENCE_BLOCKS),
  /** Slot h % evidenceBlocks: common states that stood on block h. */
  starts: new ListCompositeType(StartsType, MAX_EVIDENCE_BLOCKS),
  /** Slot h % evidenceBlocks: attesters of what block h recorded. */
  audits: new ListCompositeType(SeatsType, MAX_EVIDENCE_BLOCKS),
  /** Slot h % RECENT_BLOCKS. */
  recent: new ListCompositeType(RecentBlockType, RECENT_BLOCKS),
  punished: new ListCompositeType(PunishedType, 1 << 16),
  banned: new ListCompositeType(BanType, MAX_BANS),
});
export type StateView = ReturnType<typeof StateType.toViewDU>;
export type StateNode = StateView["node"];
export type StateValue = ValueOf<typeof StateType>;
