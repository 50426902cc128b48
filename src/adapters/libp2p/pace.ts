// The pace of a connection: what comes is handled frame by frame and booked, and a connection in debt is not read until it has paid.
// So a flood fills the sender's own buffers. Reaches into libp2p's connection and muxer, which have no place for this; versions are pinned.
import type { Connection } from "@libp2p/interface";
import { PouwError } from "../../base/index.ts";
import type { Clock } from "../../ports/index.ts";
import { COST } from "./work.ts";

/** Frames handled before others get a turn: some 5 ms. */
const AT_ONCE = 128;
/** The receive window of a stream at most, bytes: no honest frame is longer. */
export const MAX_WINDOW = 1 << 20;
/** Flag of a frame that opens a stream, or asks for a ping's answer. */
const SYN = 1;
const PING = 2;

interface Frame {
  readonly header: { readonly type: number; readonly flag: number; readonly length: number };
  readonly data?: unknown;
}
interface Muxer {
  readonly status: string;
  /** Of its own pings, ms; -1 before the first. */
  readonly rtt: number;
  readonly decoder: {
    readonly buffer: { readonly byteLength: number; append(data: unknown): void };
    emitFrames(data: unknown): Iterable<Frame>;
  };
  onData(data: { readonly byteLength: number }): void;
  handleFrame(frame: Frame): void;
}
interface Inside {
  readonly muxer: Muxer;
  readonly maConn: { readonly socket: { pause(): void; resume(): void } };
}

export interface PaceDeps {
  readonly clock: Clock;
  /** Books units of work; returns the ms to wait, 0 when there is no debt. */
  spend(units: number): number;
  /** The connection is in debt. */
  paused(): void;
}

/** Puts the pace on an open connection. Throws INTERNAL when libp2p is not built as expected. */
export function pace(connection: Connection, { clock, spend, paused }: PaceDeps): void {
  const { muxer, socket } = insideOf(connection);
  let cancel: (() => void) | undefined;
  const rest = (ms: number): void => {
    if (cancel === undefined) socket.pause();
    if (ms > 0) paused();
    cancel = clock.after(ms, again);
  };

  /** Handles what has come, as far as the budget goes; the decoder keeps the rest. */
  function handle(data: { readonly byteLength: number }): void {
    let handled = 0;
    for (const frame of muxer.decoder.emitFrames(data)) {
      muxer.handleFrame(frame);
      if (muxer.status !== "open") return;
      const ms = spend(costOf(frame));
      if (ms <= 0 && ++handled < AT_ONCE) continue;
      rest(ms);
      return;
    }
    // The library would keep an unfinished frame of any length.
    if (muxer.decoder.buffer.byteLength > MAX_WINDOW + 65_536)
      throw new PouwError("BAD_ENCODING", "a frame is longer than any window");
    if (cancel === undefined) return;
    cancel = undefined;
    socket.resume();
  }

  function again(): void {
    try {
      const ms = spend(0);
      if (ms > 0) rest(ms);
      else handle(new Uint8Array());
    } catch (error) {
      connection.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  muxer.onData = (data) => {
    if (cancel === undefined) handle(data);
    else muxer.decoder.buffer.append(data);
  };
  connection.addEventListener("close", () => cancel?.());
}

/** The last round trip, ms. */
export function roundTripMs(connection: Connection): number | undefined {
  const { rtt } = insideOf(connection).muxer;
  return connection.rtt ?? (rtt < 0 ? undefined : rtt);
}

function costOf({ header, data }: Frame): number {
  const opens = (header.flag & SYN) === SYN && header.type !== PING;
  return COST.frame + (opens ? COST.stream : 0) + (data === undefined ? 0 : header.length / COST.bytesPerUnit);
}

function insideOf(connection: Connection): { readonly muxer: Muxer; readonly socket: Inside["maConn"]["socket"] } {
  const { muxer, maConn } = connection as unknown as Partial<Inside>;
  const socket = maConn?.socket;
  const asExpected =
    typeof muxer?.onData === "function" &&
    typeof muxer.handleFrame === "function" &&
    typeof muxer.decoder?.emitFrames === "function" &&
    typeof muxer.decoder.buffer?.append === "function" &&
    typeof socket?.pause === "function";
  if (!asExpected) throw new PouwError("INTERNAL", "this libp2p's connection or yamux is built differently");
  return { muxer, socket };
}
