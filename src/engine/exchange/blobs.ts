// Pulls a blob (parameters, delta) from peers in chunks, one peer per attempt, so that whoever served rubbish is known.
import { isMalformed, PouwError } from "../../base/index.ts";
import { BLOB_KINDS, type BlobKind, CHUNK_BYTES, type ReplyOf } from "../../codec/index.ts";
import type { Clock, Wire } from "../../ports/index.ts";
import type { Client } from "./client.ts";
import { HEAD_START_MS, hedged } from "./hedged.ts";

/** A chunk must arrive within this, ms. */
export const CHUNK_TIMEOUT_MS = 10_000;

export interface BlobWanted {
  readonly kind: BlobKind;
  readonly id: Uint8Array;
  /** Refused above this before a byte is kept. */
  readonly maxBytes: number;
  /** True when the bytes are what `id` promises. */
  readonly check: (bytes: Uint8Array) => boolean;
}

export interface BlobDeps {
  readonly client: Client;
  readonly wire: Pick<Wire, "punish" | "groupOf">;
  readonly clock: Pick<Clock, "after">;
}

/**
 * Asks `candidates` in order until one serves the right bytes; undefined when none does. One that is silent for a while is waited for, but
 * the next is asked beside it: whoever announces and never serves holds nobody up. Peers that serve wrong bytes are punished.
 */
export async function fetchBlob(
  wanted: BlobWanted,
  candidates: readonly string[],
  deps: BlobDeps,
  { signal }: { readonly signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  const ask = (peer: string, timely: AbortSignal): Promise<Uint8Array | undefined> =>
    fetchChecked(peer, wanted, deps, timely);
  const won = await hedged(() => candidates, ask, { clock: deps.clock, afterMs: HEAD_START_MS, signal });
  return won?.answer;
}

/** The right bytes, if the peer serves them. */
async function fetchChecked(
  peer: string,
  wanted: BlobWanted,
  { client, wire }: BlobDeps,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    const bytes = await fetchFrom(peer, wanted, client, signal);
    if (bytes === undefined || wanted.check(bytes)) return bytes;
    wire.punish(peer, `served a ${wanted.kind} that does not match its id`);
  } catch (error) {
    if (isMalformed(error)) wire.punish(peer, error.message);
  }
  return undefined;
}

async function fetchFrom(
  peer: string,
  { kind, id, maxBytes }: BlobWanted,
  client: Client,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  let out: Uint8Array | undefined;
  let offset = 0;
  while (out === undefined || offset < out.length) {
    const request = { kind: BLOB_KINDS.indexOf(kind), id, offset, length: CHUNK_BYTES };
    const reply = await client.ask(peer, "blob", request, { ms: CHUNK_TIMEOUT_MS, signal });
    // Halfway too: it may have let go of it since.
    if (reply.total === 0) return undefined;
    if (reply.total > maxBytes || (out !== undefined && reply.total !== out.length)) {
      throw new PouwError("BAD_ENCODING", `a ${kind} of ${reply.total} bytes was announced`);
    }
    out ??= new Uint8Array(reply.total);
    // Chunks are whole: bytes that drip in one by one would be waited for without end.
    if (reply.bytes.length !== Math.min(CHUNK_BYTES, out.length - offset)) {
      throw new PouwError("BAD_ENCODING", `a chunk of ${reply.bytes.length} bytes does not fit`);
    }
    out.set(reply.bytes, offset);
    offset += reply.bytes.length;
  }
  return out;
}

/** The reply to one blob request over bytes that are here. */
export function blobReply(bytes: Uint8Array | undefined, offset: number, length: number): ReplyOf<"blob"> {
  if (bytes === undefined || offset >= bytes.length) return { total: 0, bytes: new Uint8Array(0) };
  const end = Math.min(bytes.length, offset + Math.min(length, CHUNK_BYTES));
  return { total: bytes.length, bytes: bytes.slice(offset, end) };
}
