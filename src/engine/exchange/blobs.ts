// Pulls a blob (parameters, delta) from peers in chunks, one peer per attempt, so that whoever served rubbish is known.
import { PouwError } from "../../base/index.ts";
import { BLOB_KINDS, type BlobKind, CHUNK_BYTES, type ReplyOf } from "../../codec/index.ts";
import type { Clock, Wire } from "../../ports/index.ts";
import type { Client } from "./client.ts";
import { firstServed } from "./hedged.ts";

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

/** The right bytes, of the first of `candidates` that serves them; undefined when none does. */
export function fetchBlob(
  wanted: BlobWanted,
  candidates: readonly string[],
  deps: BlobDeps,
  options: { readonly signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  const { kind, check: isRight } = wanted;
  const fetch = (peer: string, signal: AbortSignal): Promise<Uint8Array | undefined> =>
    fetchFrom(peer, wanted, deps.client, signal);
  return firstServed(
    { fetch, isRight, complaint: `served a ${kind} that does not match its id` },
    candidates,
    deps,
    options,
  );
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
    // Chunks are whole: bytes that drip in one by one would be waited for without end.
    if (reply.bytes.length !== Math.min(CHUNK_BYTES, reply.total - offset)) {
      throw new PouwError("BAD_ENCODING", `a chunk of ${reply.bytes.length} bytes does not fit`);
    }
    if (reply.bytes.length === reply.total) return reply.bytes;
    out ??= new Uint8Array(reply.total);
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
