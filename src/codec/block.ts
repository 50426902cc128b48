// Blocks (protocol section 4).
import { ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { AuditCommit, MAX_AUDIT_WORDS, RevealType } from "./audit.ts";
import { EvidenceType } from "./evidence.ts";
import { signedObject } from "./signed-object.ts";
import { Bytes32, type Codec, codecOf, type Decoded, Time, U16, U32, U64 } from "./ssz.ts";
import { Transaction } from "./transaction.ts";
import { ClosingType, RoundRecord } from "./work.ts";

export const MAX_TRANSACTIONS = 1024;
/** Leader's records of all tasks. */
export const MAX_RECORDS = 128;
export const MAX_EVIDENCE = 16;
/** A whole block, encoded, at most. */
export const MAX_BLOCK_BYTES = 1 << 20;

export const Header = signedObject(
  "header",
  {
    version: U16,
    height: U32,
    parent: Bytes32,
    time: Time,
    miner: Bytes32,
    task: Bytes32,
    round: U32,
    mlNode: U32,
    index: U32,
    /** digest(P(round)), the state that the winning unit started from; the leader's records may have gone on since. */
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
  },
  { signer: "miner" },
);
/** A block's id is its header's. */
export type Header = ValueOf<typeof Header.type>;
export type UnsignedHeader = ValueOf<typeof Header.unsignedType>;

export const BodyType = new ContainerType({
  transactions: new ListCompositeType(Transaction.type, MAX_TRANSACTIONS),
  /** The leader's records on the parent, by task in ascending order of id, oldest first within a task. */
  records: new ListCompositeType(RoundRecord.type, MAX_RECORDS),
  /** Closes the round of the winner's task, with the winning contribution. */
  closing: ClosingType,
  /** Words of attesters that are opened in this block, and such that are sealed in it. */
  reveals: new ListCompositeType(RevealType, MAX_AUDIT_WORDS),
  commits: new ListCompositeType(AuditCommit.type, MAX_AUDIT_WORDS),
  /** Offences that this block punishes. */
  evidence: new ListCompositeType(EvidenceType, MAX_EVIDENCE),
});
export type Body = ValueOf<typeof BodyType>;

const BlockType = new ContainerType({ header: Header.type, body: BodyType });
export type Block = ValueOf<typeof BlockType>;

const blockCodec: Codec<Block> = codecOf("block", BlockType, { maxBytes: MAX_BLOCK_BYTES });
function readBlock(bytes: Uint8Array): Decoded<Block> {
  const value = blockCodec.decode(bytes);
  return { value, bytes, id: Header.id(value.header) };
}
export const Block = {
  codec: blockCodec,
  /** Decodes once; throws BAD_ENCODING. */
  read: readBlock,
  /** The same of an own block: what its bytes decode to. */
  wrap: (value: Block): Decoded<Block> => readBlock(blockCodec.encode(value)),
} as const;

export const bodyCodec: Codec<Body> = codecOf("body", BodyType, { maxBytes: MAX_BLOCK_BYTES });
