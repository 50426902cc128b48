// What peers say to each other outside blocks: the status handshake, requests and replies on streams (protocol section 9).
import { ByteListType, ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { BlockType } from "./block.ts";
import { Bytes32, type Codec, codecOf, Text, U8, U16, U32 } from "./ssz.ts";

/** Bytes of a blob (parameters, delta) served in one chunk at most. */
export const CHUNK_BYTES = 256 * 1024;
/** Blocks in one reply at most. */
export const MAX_BLOCKS_PER_REPLY = 64;
/** Bytes of one reply at most. */
export const MAX_REPLY_BYTES = 4 << 20;

/** First words on a connection; another network or genesis ends it. */
export const StatusType = new ContainerType({
  version: U16,
  network: Text,
  genesis: Bytes32,
  head: Bytes32,
  height: U32,
  /** Accumulated work of the head, 32 bytes big-endian. */
  work: Bytes32,
  /** Oldest height whose block and deltas this node still serves. */
  oldest: U32,
  /** Bit set of ROLES indexes. */
  roles: U16,
  /** 1 when winning units are re-executed here, 0 when verdicts are followed. */
  trains: U8,
});
export type PeerStatus = ValueOf<typeof StatusType>;

/** Blocks of the sender's best chain from `from` (inclusive), at most `count`. */
export const BlocksRequestType = new ContainerType({ from: U32, count: U32 });
export type BlocksRequest = ValueOf<typeof BlocksRequestType>;
/** Blocks by id, for orphans. */
export const BlocksByIdRequestType = new ContainerType({
  ids: new ListCompositeType(Bytes32, MAX_BLOCKS_PER_REPLY),
});
export type BlocksByIdRequest = ValueOf<typeof BlocksByIdRequestType>;
export const BlocksReplyType = new ContainerType({ blocks: new ListCompositeType(BlockType, MAX_BLOCKS_PER_REPLY) });
export type BlocksReply = ValueOf<typeof BlocksReplyType>;

/** Kinds of blob, by number on the wire. `parameters` are addressed by their digest, `delta` by SHA-256 of the bytes. */
export const BLOB_KINDS = ["parameters", "delta"] as const;
export type BlobKind = (typeof BLOB_KINDS)[number];
/** One chunk of a blob. */
export const BlobRequestType = new ContainerType({ kind: U8, id: Bytes32, offset: U32, length: U32 });
export type BlobRequest = ValueOf<typeof BlobRequestType>;
/** `total` is 0 when the blob is not here. */
export const BlobReplyType = new ContainerType({ total: U32, bytes: new ByteListType(CHUNK_BYTES) });
export type BlobReply = ValueOf<typeof BlobReplyType>;

/** Records and contributions of the round in progress, for a node that just joined. */
export const RoundRequestType = new ContainerType({ task: Bytes32, head: Bytes32 });
export type RoundRequest = ValueOf<typeof RoundRequestType>;
/** Encoded records and contributions, each as gossip would carry them. */
export const RoundReplyType = new ContainerType({
  records: new ListCompositeType(new ByteListType(64 * 1024), 256),
  contributions: new ListCompositeType(new ByteListType(1024), 256),
});
export type RoundReply = ValueOf<typeof RoundReplyType>;

export const statusCodec: Codec<PeerStatus> = codecOf("status", StatusType);
export const blocksRequestCodec: Codec<BlocksRequest> = codecOf("blocks request", BlocksRequestType);
export const blocksByIdRequestCodec: Codec<BlocksByIdRequest> = codecOf("blocks-by-id request", BlocksByIdRequestType);
export const blocksReplyCodec: Codec<BlocksReply> = codecOf("blocks reply", BlocksReplyType, MAX_REPLY_BYTES);
export const blobRequestCodec: Codec<BlobRequest> = codecOf("blob request", BlobRequestType);
export const blobReplyCodec: Codec<BlobReply> = codecOf("blob reply", BlobReplyType);
export const roundRequestCodec: Codec<RoundRequest> = codecOf("round request", RoundRequestType);
export const roundReplyCodec: Codec<RoundReply> = codecOf("round reply", RoundReplyType, MAX_REPLY_BYTES);
