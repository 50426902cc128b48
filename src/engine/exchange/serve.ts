// Answers peers' requests: status, blocks by range and by id, blobs in chunks, the round in progress (protocol section 9).
import { bytesEqual, PouwError } from "../../base/index.ts";
import {
    BLOB_KINDS,
    Block,
    Contribution,
    MAX_BLOCKS_PER_REPLY,
    MAX_REPLY_BYTES,
    type PeerStatus,
    REQUESTS,
    RoundRecord,
} from "../../codec/index.ts";
import type { Protocol } from "../../ports/index.ts";
import type { BlockStore } from "../storage/block-store.ts";
import type { Deltas } from "../training/deltas.ts";
import type { Parameters } from "../training/parameters.ts";
import type { Rounds } from "../training/rounds.ts";
import { blobReply } from "./blobs.ts";
import type { Peers } from "./peers.ts";

export interface ServeDeps {
  readonly blocks: BlockStore;
  readonly parameters: Parameters;
  readonly deltas: Deltas;
  readonly rounds: Rounds;
  readonly peers: Peers;
  readonly own: () => PeerStatus;
}

/** Room in a reply for offsets and lengths. */
const REPLY_SLACK = 4096;

/** The encoded reply to one request. Throws BAD_ENCODING for malformed ones. */
export async function serve(protocol: Protocol, data: Uint8Array, from: string, deps: ServeDeps): Promise<Uint8Array> {
  switch (protocol) {
    case "status":
      deps.peers.hear(from, REQUESTS.status.request.decode(data));
      return REQUESTS.status.request.encode(deps.own());
    case "blocks": {
      const { from: first, count } = REQUESTS.blocks.request.decode(data);
      const ids = await deps.blocks.canonicalRange(first, first + Math.min(count, MAX_BLOCKS_PER_REPLY));
      return blocksReply(ids, deps.blocks);
    }
    case "blocks-by-id":
      return blocksReply(REQUESTS["blocks-by-id"].request.decode(data).ids, deps.blocks);
    case "blob":
      return serveBlob(data, deps);
    case "round": {
      const { head } = REQUESTS.round.request.decode(data);
      const { view } = deps.rounds;
      if (!bytesEqual(head, view.head)) return REQUESTS.round.reply.encode({ records: [], contributions: [] });
      return REQUESTS.round.reply.encode(roundReply(view.records, deps.rounds.contributions()));
    }
  }
}

/** As many of the blocks as fit one reply, in order, up to the first that is missing. */
async function blocksReply(ids: readonly Uint8Array[], store: BlockStore): Promise<Uint8Array> {
  const blocks: Block[] = [];
  let size = REPLY_SLACK;
  for (const id of ids.slice(0, MAX_BLOCKS_PER_REPLY)) {
    const block = await store.block(id);
    if (block === undefined) break;
    size += Block.codec.encode(block).length + 4;
    if (size > MAX_REPLY_BYTES && blocks.length > 0) break;
    blocks.push(block);
  }
  return REQUESTS.blocks.reply.encode({ blocks });
}

/** The records of the round in progress, oldest first, as far as one reply reaches, and contributions if there is room. */
function roundReply(
  records: readonly RoundRecord[],
  contributions: readonly Contribution[],
): { readonly records: Uint8Array[]; readonly contributions: Uint8Array[] } {
  let room = MAX_REPLY_BYTES - REPLY_SLACK;
  const fitting = (bytes: Uint8Array): boolean => {
    room -= bytes.length + 4;
    return room >= 0;
  };
  const encodedRecords = records.map((record) => RoundRecord.codec.encode(record)).filter(fitting);
  const encodedContributions = contributions.map((c) => Contribution.codec.encode(c)).filter(fitting);
  return { records: encodedRecords, contributions: encodedContributions };
}

async function serveBlob(data: Uint8Array, deps: ServeDeps): Promise<Uint8Array> {
  const { kind, id, offset, length } = REQUESTS.blob.request.decode(data);
  if (BLOB_KINDS[kind] === "delta") return blobReply(await deps.deltas.local(id), offset, length);
  if (BLOB_KINDS[kind] !== "parameters") throw new PouwError("BAD_ENCODING", `there is no blob kind ${kind}`);
  const set = await deps.parameters.get(id);
  return blobReply(set === undefined ? undefined : deps.parameters.encode(set), offset, length);
}
