// Answering: bounded questions, bounded answers, a bounded number at once, paced per peer, with a deadline on every write.
import { setMaxListeners } from "node:events";
import type { Connection, Stream } from "@libp2p/interface";
import { messageOf, PouwError } from "../../../base/index.ts";
import { MAX_REPLY_BYTES } from "../../../codec/index.ts";
import { type Clock, type Log, MAX_REQUEST_BYTES } from "../../../ports/index.ts";
import { deadline, pause } from "../deadline.ts";
import type { WireProtocol } from "../options.ts";
import { RateLimiter } from "../rate.ts";
import { Slots } from "../slots.ts";
import type { Traffic } from "../traffic.ts";
import { createFrames, type Frames } from "./frames.ts";
import { PER_PEER, REQUEST_MS } from "./limits.ts";

/** Questions of one peer; a faster peer is slowed down, not punished. */
const PEER_RATE = { perSecond: 200, burst: 1_000 };
/** Answers being made or sent at once, over all peers: at most this many replies are in memory. */
const ALL_PEERS = 64;
/** A stream without questions is closed after this, ms. */
const IDLE_MS = 60_000;

export type Answer = (protocol: WireProtocol, data: Uint8Array, from: string) => Promise<Uint8Array>;

export interface ServerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly traffic: Pick<Traffic, "request">;
  readonly answer: Answer;
  /** An oversize question: the peer's wrong. */
  strike(peer: string, what: string): void;
}

/** One incoming stream. */
interface Line {
  readonly peer: string;
  readonly protocol: WireProtocol;
  readonly frames: Frames;
}

export class RequestServer {
  readonly #deps: ServerDeps;
  readonly #rate: RateLimiter;
  readonly #perPeer = new Slots(PER_PEER);
  readonly #overall = new Slots(ALL_PEERS);
  readonly #stopping = new AbortController();

  constructor(deps: ServerDeps) {
    this.#deps = deps;
    this.#rate = new RateLimiter(PEER_RATE, deps.clock);
    setMaxListeners(0, this.#stopping.signal);
  }

  /** Serves one incoming stream to its end. Never throws. */
  async serve(protocol: WireProtocol, stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString();
    const line = { peer, protocol, frames: createFrames({ maxFrame: MAX_REQUEST_BYTES }, stream) };
    try {
      for (;;) {
        const question = await this.#nextQuestion(line);
        if (question === undefined) break;
        await this.#pace(peer);
        await this.#answerOne(line, question);
      }
      await stream.close();
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)));
      this.#deps.log.debug({ peer, protocol, error: messageOf(error) }, "a request ended without an answer");
    }
  }

  /** Ends all waiting; running answers are dropped. */
  stop(): void {
    this.#stopping.abort(new Error("the wire is stopping"));
  }

  async #nextQuestion({ frames, peer }: Line): Promise<Uint8Array | undefined> {
    try {
      return await this.#within(IDLE_MS, (limit) => frames.read(limit));
    } catch (error) {
      if (error instanceof PouwError && error.code === "BAD_ENCODING") this.#deps.strike(peer, "oversize request");
      throw error;
    }
  }

  /** Waits until the peer has paid for its earlier questions. */
  async #pace(peer: string): Promise<void> {
    const ms = this.#rate.delay(peer, 1);
    if (ms > 0) await pause(this.#deps.clock, ms, this.#stopping);
  }

  async #answerOne({ peer, protocol, frames }: Line, question: Uint8Array): Promise<void> {
    const { clock, traffic } = this.#deps;
    const begun = clock.now();
    let outcome: "ok" | "failed" = "failed";
    const releasePeer = await this.#perPeer.acquire(peer, this.#stopping);
    let release: (() => void) | undefined;
    try {
      release = await this.#overall.acquire("all", this.#stopping);
      const reply = await this.#deps.answer(protocol, question, peer);
      if (reply.length > MAX_REPLY_BYTES)
        throw new PouwError("INTERNAL", `a ${protocol} reply of ${reply.length} bytes is over the limit`);
      await this.#within(REQUEST_MS, (limit) => frames.write(reply, limit));
      outcome = "ok";
    } finally {
      release?.();
      releasePeer();
      traffic.request("in", protocol, outcome, (clock.now() - begun) / 1000);
    }
  }

  async #within<T>(ms: number, run: (options: { readonly signal: AbortSignal }) => Promise<T>): Promise<T> {
    const limit = deadline(this.#deps.clock, ms, this.#stopping.signal);
    try {
      return await run(limit);
    } finally {
      limit.end();
    }
  }
}
