// The pace of one connection, against a muxer that only counts, on a clock moved by hand.
import type { Connection } from "@libp2p/interface";
import { describe, expect, it } from "vitest";
import { pace } from "../../../src/adapters/libp2p/pace.ts";
import type { Clock } from "../../../src/ports/index.ts";

const WINDOW_UPDATE = 1;
const header = (flag: number, type = WINDOW_UPDATE, length = 0) => ({ header: { type, flag, length } });

/** One byte is a frame: 0 a plain one, 1 one that opens a stream; anything else is the start of one that never ends. */
function lab(spend: (units: number) => number = () => 0) {
  const timers: { ms: number; run: () => void }[] = [];
  const clock: Clock = {
    now: () => 0,
    wallTime: () => 0,
    after: (ms, run) => {
      timers.push({ ms, run });
      return () => undefined;
    },
  };
  const seen = { frames: 0, paused: false, pauses: 0, aborted: "" };
  const held: Uint8Array[] = [];
  const buffer = {
    get byteLength() {
      return held.reduce((sum, part) => sum + part.length, 0);
    },
    append: (data: Uint8Array) => void held.push(data),
  };
  const muxer = {
    status: "open",
    rtt: -1,
    decoder: {
      buffer,
      *emitFrames(data: Uint8Array) {
        buffer.append(data);
        for (let part = held.shift(); part !== undefined; part = held.shift()) {
          if (part.length > 1) held.unshift(part.subarray(1));
          const flag = part[0];
          if (flag === 0 || flag === 1) yield header(flag);
          else if (flag !== undefined) return void held.unshift(part);
        }
      },
    },
    onData: (_data: Uint8Array): void => undefined,
    handleFrame: () => void seen.frames++,
  };
  const setPaused = (paused: boolean) => () => void Object.assign(seen, { paused });
  const socket = { pause: setPaused(true), resume: setPaused(false) };
  const connection = {
    muxer,
    maConn: { socket },
    addEventListener: () => undefined,
    abort: (error: Error) => {
      seen.aborted = error.message;
    },
  } as unknown as Connection;
  pace(connection, { clock, spend, paused: () => void seen.pauses++ });
  const turn = (): void => timers.shift()?.run();
  return { muxer, seen, timers, turn };
}

describe("the pace of a connection", () => {
  it("lets what is within the budget through at once", () => {
    const { muxer, seen, timers } = lab();
    muxer.onData(new Uint8Array(100));
    expect(seen).toEqual({ frames: 100, paused: false, pauses: 0, aborted: "" });
    expect(timers).toEqual([]);
  });

  it("gives others a turn after 128 frames, however many come in one piece", () => {
    const { muxer, seen, turn } = lab();
    muxer.onData(new Uint8Array(5_461));
    const after = [seen.frames];
    for (let i = 0; i < 43 && seen.paused; i++) {
      turn();
      after.push(seen.frames);
    }
    expect(after.slice(1).every((frames, i) => frames - (after[i] as number) <= 128)).toBe(true);
    expect(seen).toEqual({ frames: 5_461, paused: false, pauses: 0, aborted: "" });
  });

  it("does not read a connection in debt, keeps what came, and goes on where it was", () => {
    let left = 10;
    const { muxer, seen, timers, turn } = lab((units) => {
      left -= units;
      return left >= 0 ? 0 : 40;
    });
    muxer.onData(new Uint8Array(30));
    muxer.onData(new Uint8Array(5));
    expect([seen.frames, seen.paused, timers.map(({ ms }) => ms)]).toEqual([11, true, [40]]);
    turn();
    expect([seen.frames, timers.map(({ ms }) => ms)]).toEqual([11, [40]]);
    left = 100;
    turn();
    expect(seen).toEqual({ frames: 35, paused: false, pauses: 2, aborted: "" });
  });

  it("books a stream that opens as more than a frame", () => {
    const booked: number[] = [];
    const { muxer } = lab((units) => {
      booked.push(units);
      return 0;
    });
    muxer.onData(new Uint8Array([0, 1]));
    expect(booked).toEqual([1, 21]);
  });

  it("refuses a frame longer than any window, at once or after a pause", () => {
    const { muxer } = lab();
    expect(() => muxer.onData(new Uint8Array(1_200_000).fill(2))).toThrow("longer than any window");
    const held = lab(() => 0);
    held.muxer.onData(new Uint8Array(200));
    held.muxer.onData(new Uint8Array(1_200_000).fill(2));
    held.turn();
    expect(held.seen.aborted).toContain("longer than any window");
  });

  it("says so when libp2p is built differently", () => {
    const nothing = { muxer: {}, maConn: {} } as unknown as Connection;
    const clock: Clock = { now: () => 0, wallTime: () => 0, after: () => () => undefined };
    const none = (): undefined => undefined;
    expect(() => pace(nothing, { clock, spend: () => 0, paused: none })).toThrow("built differently");
  });
});
