// Answering: bounded questions, bounded answers, a bounded number at once, paced per peer, with a deadline on every write.
import { setMaxListeners } from "node:events";
import type { Connection, Stream } from "@libp2p/interface";
import { messageOf, PouwError } from "../../../base/index.ts";
import { MAX_REPLY_BYTES } from "../../../codec/index.ts";
import { type Clock, type Log, MAX_REQUEST_BYTES } from "../../../ports/index.ts";
import type { WireProtocol } from "../options.ts";
import { RateLimiter } from "../rate.ts";
import { deadline, Slots } from "../slots.ts";
import type { Traffic } from "../traffic.ts";
import { PER_PEER, REQUEST_MS } from "./client.ts";
import { createFrames, type Frames } from "./frames.ts";

/** Questions of one peer; a faster peer is slowed down, not punished. */
const PEER_RATE = { perSecond: 200, burst: 1_000 };
/** Answers being made or sent at once, over all peers: at most this many replies are in memory. */
const ALL_PEERS = 64;
/** A stream without questions is closed after this, ms. */
const IDLE_MS = 60_000;

type Answer = (protocol: WireProtocol, data: Uint8Array, from: string) => Promise<Uint8Array>;

export interface ServeDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly traffic: Traffic;
  readonly answer: Answer;
  /** An oversize question: the peer's wrong. */
  garbage(peer: string, what: string): void;
}

export interface Server {
  /** Serves one incoming stream to its end. Never throws. */
  serve(protocol: WireProtocol, stream: Stream, connection: Connection): Promise<void>;
  /** Ends all waiting; running answers are dropped. */
  stop(): void;
}

export function createServer(deps: ServeDeps): Server {
  const rate = new RateLimiter(PEER_RATE, deps.clock);
  const perPeer = new Slots(PER_PEER);
  const overall = new Slots(ALL_PEERS);
  const stopping = new AbortController();
  setMaxListeners(0, stopping.signal);

  const timed = async <T>(ms: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = deadline(deps.clock, ms, stopping.signal);
    try {
      return await run(limit.signal);
    } finally {
      limit.end();
    }
  };

  /** Waits until the peer has paid for its earlier questions. */
  async function pace(peer: string): Promise<void> {
    const ms = rate.delay(peer, 1);
    if (ms === 0) return;
    await new Promise<void>((resolve, reject) => {
      const onStop = (): void => {
        cancel();
        reject(stopping.signal.reason);
      };
      const cancel = deps.clock.after(ms, () => {
        stopping.signal.removeEventListener("abort", onStop);
        resolve();
      });
      stopping.signal.addEventListener("abort", onStop, { once: true });
    });
  }

  async function nextQuestion(frames: Frames, peer: string): Promise<Uint8Array | undefined> {
    try {
      return await timed(IDLE_MS, (signal) => frames.read(signal));
    } catch (error) {
      if (error instanceof PouwError && error.code === "BAD_ENCODING") deps.garbage(peer, "oversize request");
      throw error;
    }
  }

  async function answerOne(protocol: WireProtocol, frames: Frames, question: Uint8Array, peer: string): Promise<void> {
    const begun = deps.clock.now();
    let outcome: "ok" | "failed" = "failed";
    const releasePeer = await perPeer.acquire(peer, stopping.signal);
    let release: (() => void) | undefined;
    try {
      release = await overall.acquire("all", stopping.signal);
      const reply = await deps.answer(protocol, question, peer);
      if (reply.length > MAX_REPLY_BYTES)
        throw new PouwError("INTERNAL", `a ${protocol} reply of ${reply.length} bytes is over the limit`);
      await timed(REQUEST_MS, (signal) => frames.write(reply, signal));
      outcome = "ok";
    } finally {
      release?.();
      releasePeer();
      deps.traffic.request("in", protocol, outcome, (deps.clock.now() - begun) / 1000);
    }
  }

  async function serve(protocol: WireProtocol, stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString();
    const frames = createFrames(stream, MAX_REQUEST_BYTES);
    try {
      for (;;) {
        const question = await nextQuestion(frames, peer);
        if (question === undefined) break;
        await pace(peer);
        await answerOne(protocol, frames, question, peer);
      }
      await stream.close();
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)));
      deps.log.debug({ peer, protocol, error: messageOf(error) }, "a request ended without an answer");
    }
  }

  return { serve, stop: () => stopping.abort(new Error("the wire is stopping")) };
}
