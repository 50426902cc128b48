// Blocks, transfers and evidence (protocol section 4).
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { Bytes32, Bytes64, type Codec, codecOf, Time, U16, U32, U64 } from "./ssz.ts";
import { ContributionType, RecordType } from "./work.ts";

export const MAX_TRANSFERS = 1024;
export const MAX_RECORDS = 256;
export const MAX_EVIDENCE = 8;
/** A whole block, encoded, at most. */
export const MAX_BLOCK_BYTES = 1 << 20;

const transferFields = {
  /** Genesis hash: a transfer of one network means nothing on another. */
  genesis: Bytes32,
  from: Bytes32,
  to: Bytes32,
  amount: U64,
  fee: U64,
  /** The sender's account nonce; each value is used once. */
  nonce: U64,
};
export const UnsignedTransferType = new ContainerType(transferFields);
export const TransferType = new ContainerType({ ...transferFields, signature: Bytes64 });
export type Transfer = ValueOf<typeof TransferType>;
export type UnsignedTransfer = ValueOf<typeof UnsignedTransferType>;

const headerFields = {
  version: U16,
  height: U32,
  parent: Bytes32,
  time: Time,
  miner: Bytes32,
  task: Bytes32,
  round: U32,
  mlNode: U32,
  index: U32,
  /** digest(P(round)), the state the winning unit started from. */
  startDigest: Bytes32,
  /** d, the winning unit's digest. */
  digest: Bytes32,
  /** nonce0 + j of the winning draw. */
  nonce: U64,
  /** Draws strictly below this win; 32 bytes, big-endian. */
  target: Bytes32,
  bodyRoot: Bytes32,
  /** Root of the state after this block. */
  stateRoot: Bytes32,
};
export const UnsignedHeaderType = new ContainerType(headerFields);
export const HeaderType = new ContainerType({ ...headerFields, signature: Bytes64 });
export type Header = ValueOf<typeof HeaderType>;
export type UnsignedHeader = ValueOf<typeof UnsignedHeaderType>;

/** Two different headers of one miner with one win. */
export const DoubleBlockType = new ContainerType({ a: HeaderType, b: HeaderType });
/** Two different records of one leader for one round on one block. */
export const DoubleRecordType = new ContainerType({ a: RecordType, b: RecordType });
export type DoubleBlock = ValueOf<typeof DoubleBlockType>;
export type DoubleRecord = ValueOf<typeof DoubleRecordType>;

export const BodyType = new ContainerType({
  transfers: new ListCompositeType(TransferType, MAX_TRANSFERS),
  /** The winning unit's contribution. */
  contribution: ContributionType,
  /** The records since the parent, oldest first; the last one makes the winning unit's start state. */
  records: new ListCompositeType(RecordType, MAX_RECORDS),
  doubleBlocks: new ListCompositeType(DoubleBlockType, MAX_EVIDENCE),
  doubleRecords: new ListCompositeType(DoubleRecordType, MAX_EVIDENCE),
});
export type Body = ValueOf<typeof BodyType>;

export const BlockType = new ContainerType({ header: HeaderType, body: BodyType });
export type Block = ValueOf<typeof BlockType>;

export const transferCodec: Codec<Transfer> = codecOf("transfer", TransferType);
export const headerCodec: Codec<Header> = codecOf("header", HeaderType);
export const bodyCodec: Codec<Body> = codecOf("body", BodyType, MAX_BLOCK_BYTES);
export const blockCodec: Codec<Block> = codecOf("block", BlockType, MAX_BLOCK_BYTES);
export const doubleBlockCodec: Codec<DoubleBlock> = codecOf("double block", DoubleBlockType);
export const doubleRecordCodec: Codec<DoubleRecord> = codecOf("double record", DoubleRecordType);
