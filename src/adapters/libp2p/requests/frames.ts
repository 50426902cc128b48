// Frames on a stream: 4 bytes of length, big-endian, then that many bytes. One frame is in the buffer at a time.
import type { Stream } from "@libp2p/interface";
import { byteStream } from "@libp2p/utils";
import { concatBytes, PouwError, u32be } from "../../../base/index.ts";

/** Longer payloads are handed over uncopied, as a second write after the length. */
const JOINED_BYTES = 64 * 1024;

/** Bytes of a frame's length and of what may come with its end. */
const SLACK = 1024;

export interface Frames {
  readonly stream: Stream;
  /** The next frame; undefined when the other side ended cleanly before one. Throws BAD_ENCODING above the limit. */
  read(options: { readonly signal: AbortSignal }): Promise<Uint8Array | undefined>;
  /** Resolves when the last byte has left the buffer. */
  write(data: Uint8Array, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** `maxFrame`: longest payload to accept, bytes. */
export function createFrames({ maxFrame }: { readonly maxFrame: number }, stream: Stream): Frames {
  // The peer may have one frame under way; whoever sends more without waiting loses the stream.
  const bytes = byteStream(stream, { maxBufferSize: maxFrame + SLACK });
  return {
    stream,
    read: async ({ signal }) => {
      const header = await bytes.read({ bytes: 4, signal }).catch((error: unknown) => {
        if (error instanceof Error && error.name === "UnexpectedEOFError") return undefined;
        throw error;
      });
      if (header === undefined) return undefined;
      const length = header.getUint32(0);
      if (length > maxFrame)
        throw new PouwError("BAD_ENCODING", `a frame of ${length} bytes is over the limit of ${maxFrame}`);
      return plain(await bytes.read({ bytes: length, signal }));
    },
    write: async (data, options) => {
      const header = u32be(data.length);
      if (data.length <= JOINED_BYTES) stream.send(concatBytes(header, data));
      else {
        stream.send(header);
        stream.send(data);
      }
      await flushed(stream, options);
    },
  };
}

/** One plain array: no Buffer (its slice() shares memory), nothing that keeps a socket's larger buffer alive. */
function plain(list: { readonly byteLength: number } & Iterable<Uint8Array>): Uint8Array {
  const out = new Uint8Array(list.byteLength);
  let at = 0;
  for (const part of list) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Waits until nothing is left to send: the transport's back-pressure holds the writer here. */
function flushed(stream: Stream, { signal }: { readonly signal: AbortSignal }): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      stream.removeEventListener("idle", onIdle);
      stream.removeEventListener("close", onClose);
      signal.removeEventListener("abort", onAbort);
      act();
    };
    const onIdle = (): void => {
      if (stream.writeBufferLength === 0) settle(resolve);
    };
    const onClose = (): void => settle(() => reject(new PouwError("WIRE_FAILED", "the stream closed during a write")));
    const onAbort = (): void => settle(() => reject(signal.reason));
    if (signal.aborted) return reject(signal.reason);
    stream.addEventListener("idle", onIdle);
    stream.addEventListener("close", onClose);
    signal.addEventListener("abort", onAbort);
    onIdle();
  });
}
