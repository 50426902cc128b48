// Questions for headers, for blocks and for the round in progress, with the checks that need no chain: number, order, form.
import { bytesEqual, PouwError, type Steps } from "../../base/index.ts";
import {
  Block,
  Contribution,
  type Decoded,
  type Header,
  MAX_CONTRIBUTIONS,
  MAX_RECORDS,
  RoundRecord,
} from "../../codec/index.ts";
import { bodyRootSteps } from "../../consensus/index.ts";
import type { Clock, Wire } from "../../ports/index.ts";
import { inTurns } from "../turns.ts";
import type { Client } from "./client.ts";
import { firstServed, type Wanted } from "./hedged.ts";

/** An answer must come within this, ms. */
const ANSWER_MS = 15_000;
/** Headers are small: an answer with them must come within this, ms. */
const HEADERS_MS = 5_000;

interface Options {
  readonly signal: AbortSignal;
}

/** An answer holds 4 MiB: each object of it is decoded in a piece of its own. Throws BAD_ENCODING. */
function* readAll<T>(encoded: readonly Uint8Array[], read: (bytes: Uint8Array) => Decoded<T>): Steps<Decoded<T>[]> {
  const objects: Decoded<T>[] = [];
  for (const bytes of encoded) {
    objects.push(read(bytes));
    yield 1 + bytes.length / 8192;
  }
  return objects;
}

/** Headers of the peer's best chain after the first of `known` that is on it; throws BAD_ENCODING for more than were asked for. */
export async function fetchHeaders(
  client: Client,
  peer: string,
  wanted: { readonly known: readonly Uint8Array[]; readonly count: number },
  { signal }: Options,
): Promise<readonly Header[]> {
  const request = { known: [...wanted.known], count: wanted.count };
  const { headers } = await client.ask(peer, "headers", request, { ms: HEADERS_MS, signal });
  if (headers.length > wanted.count) throw new PouwError("BAD_ENCODING", "more headers than asked for");
  return headers;
}

/** The first of these blocks, as many as fit a reply, in order; throws BAD_ENCODING for any other. */
export async function fetchBlocks(
  client: Client,
  peer: string,
  ids: readonly Uint8Array[],
  { signal }: Options,
): Promise<Decoded<Block>[]> {
  const reply = await client.ask(peer, "blocks", { ids: [...ids] }, { ms: ANSWER_MS, signal });
  const blocks = await inTurns(readAll(reply.blocks, Block.read));
  for (const [i, { id }] of blocks.entries()) {
    const wanted = ids[i];
    if (wanted === undefined || !bytesEqual(id, wanted))
      throw new PouwError("BAD_ENCODING", "another block than was asked for");
  }
  return blocks;
}

interface BlockSources {
  readonly client: Client;
  readonly wire: Pick<Wire, "punish">;
  readonly clock: Pick<Clock, "after">;
  /** Whether a header of this id has a signature that belongs to it. */
  readonly isSigned: (header: Header) => boolean;
}

/** One block, with the body and the signature that belong to its id, of the first of `candidates` that serves it; undefined when none does. */
export function fetchBlock(
  id: Uint8Array,
  candidates: readonly string[],
  sources: BlockSources,
  options: Options,
): Promise<Decoded<Block> | undefined> {
  const { client, isSigned } = sources;
  const wanted: Wanted<Decoded<Block>> = {
    fetch: async (peer, signal) => (await fetchBlocks(client, peer, [id], { signal }))[0],
    isRight: async ({ value }) => (await inTurns(hasBody(value))) && isSigned(value.header),
    complaint: "served another body or signature than the block's",
  };
  return firstServed(wanted, candidates, sources, options);
}

/** The id is of the header alone, without its signature. */
function* hasBody({ header, body }: Block): Steps<boolean> {
  return bytesEqual(yield* bodyRootSteps(body), header.bodyRoot);
}

/** Records and contributions of a task's round in progress on `head`, as a peer has them. */
export async function fetchRound(
  client: Client,
  peer: string,
  wanted: { readonly task: Uint8Array; readonly head: Uint8Array },
  { signal }: Options,
): Promise<{ readonly records: Decoded<RoundRecord>[]; readonly contributions: Decoded<Contribution>[] }> {
  const reply = await client.ask(peer, "round", wanted, { ms: ANSWER_MS, signal });
  // What an honest peer has at most: the rest would cost a signature each.
  if (reply.records.length > MAX_RECORDS || reply.contributions.length > MAX_CONTRIBUTIONS)
    throw new PouwError("BAD_ENCODING", "more records or contributions than a round can have");
  return {
    records: await inTurns(readAll(reply.records, RoundRecord.read)),
    contributions: await inTurns(readAll(reply.contributions, Contribution.read)),
  };
}
