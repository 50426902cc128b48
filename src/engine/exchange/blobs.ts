// Pulls a blob (parameters, delta) from peers in chunks, one peer per attempt, so that whoever served rubbish is known.
import { isMalformed, PouwError } from "../../base/index.ts";
import { BLOB_KINDS, type BlobKind, CHUNK_BYTES, REQUESTS } from "../../codec/index.ts";
import type { Clock, Wire } from "../../ports/index.ts";
import { within } from "./within.ts";

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

/** Asks `candidates` in order until one serves the right bytes; undefined when none does. Peers that serve wrong bytes are punished. */
export async function fetchBlob(
  wanted: BlobWanted,
  candidates: readonly string[],
  deps: { readonly wire: Wire; readonly clock: Clock },
  options: { readonly signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  const { wire } = deps;
  for (const peer of candidates) {
    if (options.signal.aborted) return undefined;
    try {
      const bytes = await fetchFrom(peer, wanted, deps, options.signal);
      if (bytes === undefined) continue;
      if (wanted.check(bytes)) return bytes;
      wire.punish(peer, `served a ${wanted.kind} that does not match its id`);
    } catch (error) {
      if (isMalformed(error)) wire.punish(peer, error.message);
    }
  }
  return undefined;
}

async function fetchFrom(
  peer: string,
  wanted: BlobWanted,
  { wire, clock }: { readonly wire: Wire; readonly clock: Clock },
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  let out: Uint8Array | undefined;
  let offset = 0;
  while (out === undefined || offset < out.length) {
    const request = REQUESTS.blob.request.encode({
      kind: BLOB_KINDS.indexOf(wanted.kind),
      id: wanted.id,
      offset,
      length: CHUNK_BYTES,
    });
    const answer = await within(clock, CHUNK_TIMEOUT_MS, signal, (timely) =>
      wire.request(peer, "blob", request, { signal: timely }),
    );
    const reply = REQUESTS.blob.reply.decode(answer);
    if (reply.total === 0) return undefined;
    if (reply.total > wanted.maxBytes || (out !== undefined && reply.total !== out.length)) {
      throw new PouwError("BAD_ENCODING", `a ${wanted.kind} of ${reply.total} bytes was announced`);
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
export function blobReply(bytes: Uint8Array | undefined, offset: number, length: number): Uint8Array {
  if (bytes === undefined || offset >= bytes.length)
    return REQUESTS.blob.reply.encode({ total: 0, bytes: new Uint8Array(0) });
  const end = Math.min(bytes.length, offset + Math.min(length, CHUNK_BYTES));
  return REQUESTS.blob.reply.encode({ total: bytes.length, bytes: bytes.slice(offset, end) });
}
