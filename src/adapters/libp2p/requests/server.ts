// Answering: bounded questions, bounded answers, a fair share of places at once, each booked, with a deadline on every write.
import { setMaxListeners } from "node:events";
import type { Connection, Stream } from "@libp2p/interface";
import { messageOf, PouwError, Shares } from "../../../base/index.ts";
import { MAX_REPLY_BYTES } from "../../../codec/index.ts";
import { type Clock, type Log, MAX_REQUEST_BYTES } from "../../../ports/index.ts";
import type { Budget } from "../budget.ts";
import { deadline, pause } from "../deadline.ts";
import type { WireProtocol } from "../options.ts";
import type { Traffic } from "../traffic.ts";
import { COST } from "../work.ts";
import { createFrames, type Frames } from "./frames.ts";
import { PLACES, REQUEST_MS } from "./limits.ts";

/** A stream without questions is closed after this, ms. */
const IDLE_MS = 60_000;

export type Answer = (protocol: WireProtocol, data: Uint8Array, from: string) => Promise<Uint8Array>;

export interface ServerDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly traffic: Pick<Traffic, "request">;
  readonly work: Pick<Budget, "spend">;
  groupOf(peer: string): string;
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
  readonly #places: Shares;
  readonly #stopping = new AbortController();

  constructor(deps: ServerDeps) {
    this.#deps = deps;
    this.#places = new Shares(PLACES, deps.groupOf);
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
        await this.#pay(peer, COST.question);
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

  /** Books the peer's work, and waits until it is out of debt: a fast peer is slowed down, not punished. */
  async #pay(peer: string, units: number): Promise<void> {
    const { clock, work } = this.#deps;
    for (let ms = work.spend(peer, units); ms > 0; ms = work.spend(peer, 0)) await pause(clock, ms, this.#stopping);
  }

  async #answerOne({ peer, protocol, frames }: Line, question: Uint8Array): Promise<void> {
    const { clock, traffic } = this.#deps;
    const begun = clock.now();
    let outcome: "ok" | "failed" = "failed";
    const release = await this.#places.turn(peer, this.#stopping);
    try {
      const reply = await this.#deps.answer(protocol, question, peer);
      if (reply.length > MAX_REPLY_BYTES)
        throw new PouwError("INTERNAL", `a ${protocol} reply of ${reply.length} bytes is over the limit`);
      this.#deps.work.spend(peer, reply.length / COST.answerBytesPerUnit);
      await this.#within(REQUEST_MS, (limit) => frames.write(reply, limit));
      outcome = "ok";
    } finally {
      release();
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
