// Asking: at most eight questions to a peer at once, each on a stream of its own that is kept for the next question.
import type { Connection } from "@libp2p/interface";
import { PouwError, Shares } from "../../../base/index.ts";
import { MAX_REPLY_BYTES } from "../../../codec/index.ts";
import { type Clock, MAX_REQUEST_BYTES } from "../../../ports/index.ts";
import { deadline } from "../deadline.ts";
import { protocolName, type WireProtocol } from "../options.ts";
import type { Traffic } from "../traffic.ts";
import { createFrames, type Frames } from "./frames.ts";
import { KeptStreams } from "./kept-streams.ts";
import { PER_PEER, PLACES, REQUEST_MS } from "./limits.ts";

export interface RequestDeps {
  readonly clock: Clock;
  readonly traffic: Pick<Traffic, "request">;
  groupOf(peer: string): string;
  /** An open connection to a ready peer. */
  connectionTo(peer: string): Connection | undefined;
  /** A reply over the limit: the peer's wrong. */
  strike(peer: string, what: string): void;
}

interface Question {
  readonly peer: string;
  readonly protocol: WireProtocol;
  readonly data: Uint8Array;
}

export class RequestClient {
  readonly #network: string;
  readonly #deps: RequestDeps;
  readonly #places: Shares;
  readonly #kept: KeptStreams;

  constructor(options: { readonly network: string }, deps: RequestDeps) {
    this.#network = options.network;
    this.#deps = deps;
    this.#places = new Shares(PLACES, deps.groupOf);
    this.#kept = new KeptStreams(deps.clock);
  }

  /**
   * One question, one answer. Throws WIRE_FAILED or WIRE_TIMEOUT.
   * A question may reach the peer twice when a kept stream turns out dead, so questions only read.
   */
  async ask(
    peer: string,
    protocol: WireProtocol,
    data: Uint8Array,
    options: { readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    if (data.length > MAX_REQUEST_BYTES)
      throw new PouwError("WIRE_FAILED", `a ${protocol} request of ${data.length} bytes is over the limit`);
    const { clock, traffic } = this.#deps;
    const limit = deadline(clock, REQUEST_MS, options.signal);
    const begun = clock.now();
    const seconds = (): number => (clock.now() - begun) / 1000;
    let release: (() => void) | undefined;
    try {
      release = await this.#places.turn(peer, limit);
      const reply = await this.#exchange({ peer, protocol, data }, limit);
      traffic.request("out", protocol, "ok", seconds());
      return reply;
    } catch (error) {
      traffic.request("out", protocol, limit.signal.aborted ? "timeout" : "failed", seconds());
      if (limit.signal.aborted)
        throw new PouwError("WIRE_TIMEOUT", `${peer} did not answer ${protocol} in time`, { cause: error });
      if (isGarbage(error)) this.#deps.strike(peer, "oversize reply");
      throw new PouwError("WIRE_FAILED", `${protocol} from ${peer} failed: ${reasonOf(error)}`, { cause: error });
    } finally {
      release?.();
      limit.end();
    }
  }

  /** Lets go of a disconnected peer's streams. */
  drop(peer: string): void {
    this.#kept.drop(peer);
  }

  /** Closes streams that nobody used for a while. */
  sweep(): void {
    this.#kept.sweep();
  }

  async #exchange(question: Question, options: { readonly signal: AbortSignal }): Promise<Uint8Array> {
    const old = this.#kept.take(question.peer, question.protocol);
    if (old !== undefined) {
      try {
        return await this.#askOn(old, question, options);
      } catch (error) {
        // The other side may have closed the kept stream a moment ago: once more, on a new one.
        if (options.signal.aborted || isGarbage(error)) throw error;
      }
    }
    return this.#askOn(await this.#open(question, options), question, options);
  }

  async #open({ peer, protocol }: Question, { signal }: { readonly signal: AbortSignal }): Promise<Frames> {
    const connection = this.#deps.connectionTo(peer);
    if (connection === undefined) throw new PouwError("WIRE_FAILED", `there is no connection to ${peer}`);
    const stream = await connection.newStream(protocolName(this.#network, protocol), {
      signal,
      maxOutboundStreams: PER_PEER,
    });
    return createFrames({ maxFrame: MAX_REPLY_BYTES }, stream);
  }

  async #askOn(
    frames: Frames,
    { peer, protocol, data }: Question,
    options: { readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    try {
      await frames.write(data, options);
      const reply = await frames.read(options);
      if (reply === undefined) throw new PouwError("WIRE_FAILED", `${peer} closed ${protocol} without an answer`);
      this.#kept.keep(peer, protocol, frames);
      return reply;
    } catch (error) {
      // A late answer must not meet the next question.
      frames.stream.abort(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }
}

const isGarbage = (error: unknown): boolean => error instanceof PouwError && error.code === "BAD_ENCODING";

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
