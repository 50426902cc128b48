// What peers ask each other on streams: the handshake, blocks, blobs and the round in progress, each with its question and answer (protocol section 10).
import { ByteListType, ContainerType, ListCompositeType, type ValueOf } from "@chainsafe/ssz";
import { Header, MAX_BLOCK_BYTES } from "./block.ts";
import { Bytes32, type Codec, codecOf, Text, U8, U16, U32, U64 } from "./ssz.ts";

/** Bytes of a blob (parameters, delta) served in one chunk at most. */
export const CHUNK_BYTES = 256 * 1024;
/** Blocks in one reply at most. */
export const MAX_BLOCKS_PER_REPLY = 64;
/** Headers in one reply at most: they are judged in one go, which must hold up nothing else for long. */
export const MAX_HEADERS_PER_REPLY = 64;
/** Blocks that a question for headers names at most, in doubling strides: two to the power of it lie below them. */
export const MAX_KNOWN = 32;
/** Bytes of one reply at most. */
export const MAX_REPLY_BYTES = 4 << 20;

/** First words on a connection; another network or genesis ends it. */
const StatusType = new ContainerType({
  version: U16,
  network: Text,
  genesis: Bytes32,
  head: Bytes32,
  height: U32,
  /** Accumulated work of the head, 32 bytes big-endian. */
  work: Bytes32,
  /** Oldest height whose block and deltas this node still serves. */
  oldest: U32,
  /** Bit set of the roles' bits. */
  roles: U16,
  /** 1 when winning units are re-executed here, 0 when attestations are followed. */
  trains: U8,
  /** What time it is there, ms since 1970. */
  time: U64,
});
export type PeerStatus = ValueOf<typeof StatusType>;

/** Headers of the sender's best chain after the first of these blocks that is on it, from block 1 on where none is; at most `count`. */
const HeadersRequestType = new ContainerType({ known: new ListCompositeType(Bytes32, MAX_KNOWN), count: U16 });
/** Fewer than asked for, where the chain ends there. */
const HeadersReplyType = new ContainerType({
  headers: new ListCompositeType(Header.type, MAX_HEADERS_PER_REPLY),
});

/** Blocks by id. */
const BlocksRequestType = new ContainerType({ ids: new ListCompositeType(Bytes32, MAX_BLOCKS_PER_REPLY) });
/** Encoded blocks, as they are stored. */
const BlocksReplyType = new ContainerType({
  blocks: new ListCompositeType(new ByteListType(MAX_BLOCK_BYTES), MAX_BLOCKS_PER_REPLY),
});

/** Kinds of blob, by number on the wire. `parameters` are addressed by their digest, `delta` by SHA-256 of the bytes. */
export const BLOB_KINDS = ["parameters", "delta"] as const;
export type BlobKind = (typeof BLOB_KINDS)[number];
/** One chunk of a blob. */
const BlobRequestType = new ContainerType({ kind: U8, id: Bytes32, offset: U32, length: U32 });
/** `total` is 0 when the blob is not here. */
const BlobReplyType = new ContainerType({ total: U32, bytes: new ByteListType(CHUNK_BYTES) });

/** Records and contributions of a task's round in progress, for a node that just joined. */
const RoundRequestType = new ContainerType({ task: Bytes32, head: Bytes32 });
/** Encoded records and contributions, each as gossip would carry them. */
const RoundReplyType = new ContainerType({
  records: new ListCompositeType(new ByteListType(64 * 1024), 256),
  contributions: new ListCompositeType(new ByteListType(1024), 256),
});

interface Exchange<Q, A> {
  readonly request: Codec<Q>;
  readonly reply: Codec<A>;
}
const exchange = <Q, A>(request: Codec<Q>, reply: Codec<A>): Exchange<Q, A> => ({ request, reply });

const statusCodec: Codec<PeerStatus> = codecOf("status", StatusType);

/** protocol -> question and answer. A new one is a row here and a handler in engine/exchange. */
export const REQUESTS = {
  status: exchange(statusCodec, statusCodec),
  headers: exchange(codecOf("headers request", HeadersRequestType), codecOf("headers reply", HeadersReplyType)),
  blocks: exchange(
    codecOf("blocks request", BlocksRequestType),
    codecOf("blocks reply", BlocksReplyType, { maxBytes: MAX_REPLY_BYTES }),
  ),
  blob: exchange(codecOf("blob request", BlobRequestType), codecOf("blob reply", BlobReplyType, { shares: true })),
  round: exchange(
    codecOf("round request", RoundRequestType),
    codecOf("round reply", RoundReplyType, { maxBytes: MAX_REPLY_BYTES }),
  ),
} as const;

/** Request-reply protocols over streams. */
export type Protocol = keyof typeof REQUESTS;
export const PROTOCOLS = Object.keys(REQUESTS) as readonly Protocol[];
export type RequestOf<P extends Protocol> = ReturnType<(typeof REQUESTS)[P]["request"]["decode"]>;
export type ReplyOf<P extends Protocol> = ReturnType<(typeof REQUESTS)[P]["reply"]["decode"]>;
