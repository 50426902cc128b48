// Answers peers' requests: status, headers, blocks, blobs in chunks, the round in progress (protocol section 10).
import { bytesEqual, PouwError } from "../../base/index.ts";
import {
  BLOB_KINDS,
  Contribution,
  Header,
  MAX_HEADERS_PER_REPLY,
  MAX_REPLY_BYTES,
  type PeerStatus,
  type Protocol,
  REQUESTS,
  type ReplyOf,
  type RequestOf,
  RoundRecord,
} from "../../codec/index.ts";
import { blobReply } from "./blobs.ts";

/** What is served, by those who hold it. */
export interface Shelves {
  readonly own: () => PeerStatus;
  readonly hear: (peer: string, status: PeerStatus) => void;
  readonly blocks: {
    /** Encoded headers of the best chain after the first of these ids that is on it. */
    headersAfter(ids: readonly Uint8Array[], count: number): Promise<readonly Uint8Array[]>;
    /** A block as it is stored. */
    bytes(id: Uint8Array): Promise<Uint8Array | undefined>;
  };
  readonly blobs: {
    delta(hash: Uint8Array): Promise<Uint8Array | undefined>;
    parameters(digest: Uint8Array): Promise<Uint8Array | undefined>;
  };
  /** The round in progress of a followed task. */
  readonly round: (task: Uint8Array) => OpenRecords | undefined;
}

/** A task's round in progress: the head it stands on, its records so far and the contributions that wait. */
export interface OpenRecords {
  readonly head: Uint8Array;
  readonly records: readonly RoundRecord[];
  readonly contributions: readonly Contribution[];
}

/** Room in a reply for offsets and lengths. */
const REPLY_SLACK = 4096;

type Answer<P extends Protocol> = (request: RequestOf<P>, from: string) => Promise<ReplyOf<P>> | ReplyOf<P>;

/** A new request is a row here and one in the codec. */
function answers(shelves: Shelves): { readonly [P in Protocol]: Answer<P> } {
  return {
    status: (request, from) => {
      shelves.hear(from, request);
      return shelves.own();
    },
    headers: async ({ known, count }) => {
      const headers = await shelves.blocks.headersAfter(known, Math.min(count, MAX_HEADERS_PER_REPLY));
      return { headers: headers.map((bytes) => Header.codec.decode(bytes)) };
    },
    blocks: ({ ids }) => blocksReply(ids, shelves),
    blob: async ({ kind, id, offset, length }) => {
      const name = BLOB_KINDS[kind];
      if (name === undefined) throw new PouwError("BAD_ENCODING", `there is no blob kind ${kind}`);
      return blobReply(await shelves.blobs[name](id), offset, length);
    },
    round: ({ task, head }) => {
      const open = shelves.round(task);
      if (open === undefined || !bytesEqual(head, open.head)) return { records: [], contributions: [] };
      return roundReply(open);
    },
  };
}

export type Serve = (protocol: Protocol, data: Uint8Array, from: string) => Promise<Uint8Array>;

/** The encoded reply to one request; rejects with BAD_ENCODING for malformed ones. */
export function createServe(shelves: Shelves): Serve {
  const table = answers(shelves);
  return async (protocol, data, from) => {
    const { request, reply } = REQUESTS[protocol];
    const answer = table[protocol] as Answer<Protocol>;
    return (reply.encode as (value: unknown) => Uint8Array)(await answer(request.decode(data) as never, from));
  };
}

/** As many of the blocks as fit one reply, in order, up to the first that is missing. */
async function blocksReply(ids: readonly Uint8Array[], { blocks: store }: Shelves): Promise<ReplyOf<"blocks">> {
  const blocks: Uint8Array[] = [];
  let size = REPLY_SLACK;
  for (const id of ids) {
    const bytes = await store.bytes(id);
    if (bytes === undefined) break;
    size += bytes.length + 4;
    if (size > MAX_REPLY_BYTES && blocks.length > 0) break;
    blocks.push(bytes);
  }
  return { blocks };
}

/** The records of the round in progress, oldest first, as far as one reply reaches, and contributions if there is room. */
function roundReply({ records, contributions }: OpenRecords): ReplyOf<"round"> {
  let room = MAX_REPLY_BYTES - REPLY_SLACK;
  const fitting = (bytes: Uint8Array): boolean => {
    room -= bytes.length + 4;
    return room >= 0;
  };
  return {
    records: records.map((record) => RoundRecord.codec.encode(record)).filter(fitting),
    contributions: contributions.map((c) => Contribution.codec.encode(c)).filter(fitting),
  };
}
