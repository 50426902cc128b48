// Questions for blocks and for the round in progress, with the checks that need no chain: order, links, form.
import { bytesEqual, PouwError, type Steps } from "../../base/index.ts";
import { Block, Contribution, type Decoded, RoundRecord } from "../../codec/index.ts";
import { inTurns } from "../turns.ts";
import type { Client } from "./client.ts";

/** An answer must come within this, ms. */
const ANSWER_MS = 15_000;

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

/** Blocks [from, from + count) of the peer's best chain, as many as it serves; throws BAD_ENCODING unless they are consecutive and linked. */
export async function fetchRange(
  client: Client,
  peer: string,
  { from, count }: { readonly from: number; readonly count: number },
  { signal }: Options,
): Promise<Decoded<Block>[]> {
  const reply = await client.ask(peer, "blocks", { from, count }, { ms: ANSWER_MS, signal });
  if (reply.blocks.length > count) throw new PouwError("BAD_ENCODING", "more blocks than asked for");
  const blocks = await inTurns(readAll(reply.blocks, Block.read));
  for (const [i, block] of blocks.entries()) {
    const { parent, height } = block.value.header;
    const previous = blocks[i - 1];
    const linked = previous === undefined || bytesEqual(parent, previous.id);
    if (height !== from + i || !linked) throw new PouwError("BAD_ENCODING", "blocks out of order");
  }
  return blocks;
}

/** One block by id, from the peer that spoke of it; undefined when it is not served. */
export async function fetchBlock(
  client: Client,
  peer: string,
  id: Uint8Array,
  { signal }: Options,
): Promise<Decoded<Block> | undefined> {
  const reply = await client.ask(peer, "blocks-by-id", { ids: [id] }, { ms: ANSWER_MS, signal });
  const blocks = await inTurns(readAll(reply.blocks, Block.read));
  return blocks.find((block) => bytesEqual(block.id, id));
}

/** Records and contributions of a task's round in progress on `head`, as a peer has them. */
export async function fetchRound(
  client: Client,
  peer: string,
  wanted: { readonly task: Uint8Array; readonly head: Uint8Array },
  { signal }: Options,
): Promise<{ readonly records: Decoded<RoundRecord>[]; readonly contributions: Decoded<Contribution>[] }> {
  const reply = await client.ask(peer, "round", wanted, { ms: ANSWER_MS, signal });
  return {
    records: await inTurns(readAll(reply.records, RoundRecord.read)),
    contributions: await inTurns(readAll(reply.contributions, Contribution.read)),
  };
}
