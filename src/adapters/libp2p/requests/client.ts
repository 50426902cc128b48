// Asking: at most eight questions to a peer at once, each on a stream of its own that is kept for the next question.
import type { Connection } from "@libp2p/interface";
import { PouwError } from "../../../base/index.ts";
import { MAX_REPLY_BYTES } from "../../../codec/index.ts";
import { type Clock, MAX_REQUEST_BYTES } from "../../../ports/index.ts";
import { protocolName, type WireProtocol } from "../options.ts";
import { deadline, Slots } from "../slots.ts";
import type { Traffic } from "../traffic.ts";
import { createFrames, type Frames } from "./frames.ts";

/** Longest a request waits, whatever its signal says, ms. */
export const REQUEST_MS = 30_000;
/** Requests to (and from) one peer at once, over all protocols. */
export const PER_PEER = 8;
/** Unused streams are closed after this, before the other side loses patience, ms. */
const IDLE_MS = 20_000;

export interface RequestDeps {
  readonly clock: Clock;
  readonly traffic: Traffic;
  /** An open connection to a ready peer. */
  connectionTo(peer: string): Connection | undefined;
  /** A reply over the limit: the peer's wrong. */
  garbage(peer: string, what: string): void;
}

export interface Requests {
  /** One question, one answer. Throws WIRE_FAILED or WIRE_TIMEOUT. A question may reach the peer twice when a kept stream turns out dead, so questions only read. */
  ask(
    peer: string,
    protocol: WireProtocol,
    data: Uint8Array,
    options: { readonly signal: AbortSignal },
  ): Promise<Uint8Array>;
  /** Lets go of a disconnected peer's streams. */
  drop(peer: string): void;
  /** Closes streams that nobody used for a while. */
  sweep(): void;
}

interface Kept {
  readonly frames: Frames;
  readonly since: number;
}

export function createRequests(network: string, deps: RequestDeps): Requests {
  const slots = new Slots(PER_PEER);
  const kept = new Map<string, Kept[]>();
  const key = (peer: string, protocol: string): string => `${peer} ${protocol}`;

  function reuse(peer: string, protocol: WireProtocol): Frames | undefined {
    const pool = kept.get(key(peer, protocol));
    for (let one = pool?.pop(); one !== undefined; one = pool?.pop()) if (isUsable(one.frames)) return one.frames;
    return undefined;
  }

  function keep(peer: string, protocol: WireProtocol, frames: Frames): void {
    if (!isUsable(frames)) return;
    const pool = kept.get(key(peer, protocol)) ?? [];
    kept.set(key(peer, protocol), pool);
    pool.push({ frames, since: deps.clock.now() });
  }

  async function open(peer: string, protocol: WireProtocol, signal: AbortSignal): Promise<Frames> {
    const connection = deps.connectionTo(peer);
    if (connection === undefined) throw new PouwError("WIRE_FAILED", `there is no connection to ${peer}`);
    const stream = await connection.newStream(protocolName(network, protocol), {
      signal,
      maxOutboundStreams: PER_PEER,
    });
    return createFrames(stream, MAX_REPLY_BYTES);
  }

  async function exchange(peer: string, protocol: WireProtocol, data: Uint8Array, signal: AbortSignal) {
    const old = reuse(peer, protocol);
    if (old !== undefined) {
      try {
        return await use(old, peer, protocol, data, signal);
      } catch (error) {
        // The other side may have closed the kept stream a moment ago: once more, on a new one.
        if (signal.aborted || isGarbage(error)) throw error;
      }
    }
    return use(await open(peer, protocol, signal), peer, protocol, data, signal);
  }

  async function use(frames: Frames, peer: string, protocol: WireProtocol, data: Uint8Array, signal: AbortSignal) {
    try {
      await frames.write(data, signal);
      const reply = await frames.read(signal);
      if (reply === undefined) throw new PouwError("WIRE_FAILED", `${peer} closed ${protocol} without an answer`);
      keep(peer, protocol, frames);
      return reply;
    } catch (error) {
      // A late answer must not meet the next question.
      frames.stream.abort(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  async function ask(
    peer: string,
    protocol: WireProtocol,
    data: Uint8Array,
    options: { readonly signal: AbortSignal },
  ) {
    if (data.length > MAX_REQUEST_BYTES)
      throw new PouwError("WIRE_FAILED", `a ${protocol} request of ${data.length} bytes is over the limit`);
    const limit = deadline(deps.clock, REQUEST_MS, options.signal);
    const begun = deps.clock.now();
    const seconds = (): number => (deps.clock.now() - begun) / 1000;
    let release: (() => void) | undefined;
    try {
      release = await slots.acquire(peer, limit.signal);
      const reply = await exchange(peer, protocol, data, limit.signal);
      deps.traffic.request("out", protocol, "ok", seconds());
      return reply;
    } catch (error) {
      deps.traffic.request("out", protocol, limit.signal.aborted ? "timeout" : "failed", seconds());
      if (limit.signal.aborted)
        throw new PouwError("WIRE_TIMEOUT", `${peer} did not answer ${protocol} in time`, { cause: error });
      if (isGarbage(error)) deps.garbage(peer, "oversize reply");
      throw new PouwError("WIRE_FAILED", `${protocol} from ${peer} failed: ${reasonOf(error)}`, { cause: error });
    } finally {
      release?.();
      limit.end();
    }
  }

  return {
    ask,
    drop: (peer) => {
      for (const name of [...kept.keys()]) if (name.startsWith(`${peer} `)) kept.delete(name);
    },
    sweep: () => {
      const oldest = deps.clock.now() - IDLE_MS;
      for (const [name, pool] of kept) {
        for (const one of pool) if (one.since < oldest) void one.frames.stream.close().catch(() => undefined);
        const rest = pool.filter((one) => one.since >= oldest);
        if (rest.length > 0) kept.set(name, rest);
        else kept.delete(name);
      }
    },
  };
}

const isUsable = (frames: Frames): boolean =>
  frames.stream.status === "open" &&
  frames.stream.writeStatus === "writable" &&
  frames.stream.remoteWriteStatus === "writable";

const isGarbage = (error: unknown): boolean => error instanceof PouwError && error.code === "BAD_ENCODING";

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
