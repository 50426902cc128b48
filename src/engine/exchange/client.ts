// Asks peers: a typed question out, a strictly decoded answer back, each within its time by the injected clock.
import { type Protocol, REQUESTS, type ReplyOf, type RequestOf } from "../../codec/index.ts";
import type { Clock, Wire } from "../../ports/index.ts";
import { within } from "./within.ts";

export interface Client {
  /** Throws WIRE_FAILED, WIRE_TIMEOUT, or BAD_ENCODING when the answer is not one. */
  ask<P extends Protocol>(peer: string, protocol: P, request: RequestOf<P>, options: AskOptions): Promise<ReplyOf<P>>;
}

export interface AskOptions {
  /** The answer must come within this, ms. */
  readonly ms: number;
  readonly signal: AbortSignal;
}

interface AnyCodec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

export function createClient({ wire, clock }: { readonly wire: Wire; readonly clock: Clock }): Client {
  return {
    async ask<P extends Protocol>(peer: string, protocol: P, request: RequestOf<P>, { ms, signal }: AskOptions) {
      const { request: question, reply } = REQUESTS[protocol] as { request: AnyCodec; reply: AnyCodec };
      const bytes = await within(clock, ms, signal, (timely) =>
        wire.request(peer, protocol, question.encode(request), { signal: timely }),
      );
      return reply.decode(bytes) as ReplyOf<P>;
    },
  };
}
