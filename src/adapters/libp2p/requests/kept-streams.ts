// Streams that have answered once and wait for the next question to the same peer over the same protocol.
import type { Clock } from "../../../ports/index.ts";
import type { WireProtocol } from "../options.ts";
import type { Frames } from "./frames.ts";

/** Unused streams are closed after this, before the other side loses patience, ms. */
const IDLE_MS = 20_000;
/** Kept for one peer and protocol: both sides bound how many are open. */
const KEPT = 1;

interface Kept {
  readonly frames: Frames;
  readonly since: number;
}

const key = (peer: string, protocol: string): string => `${peer} ${protocol}`;

export class KeptStreams {
  readonly #clock: Clock;
  readonly #pools = new Map<string, Kept[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes out a stream that still looks alive. */
  take(peer: string, protocol: WireProtocol): Frames | undefined {
    const pool = this.#pools.get(key(peer, protocol));
    for (let one = pool?.pop(); one !== undefined; one = pool?.pop()) if (isUsable(one.frames)) return one.frames;
    return undefined;
  }

  keep(peer: string, protocol: WireProtocol, frames: Frames): void {
    const pool = this.#pools.get(key(peer, protocol)) ?? [];
    if (!isUsable(frames)) return;
    if (pool.length >= KEPT) return void frames.stream.close().catch(() => undefined);
    this.#pools.set(key(peer, protocol), pool);
    pool.push({ frames, since: this.#clock.now() });
  }

  /** Lets go of a disconnected peer's streams. */
  drop(peer: string): void {
    for (const name of [...this.#pools.keys()]) if (name.startsWith(`${peer} `)) this.#pools.delete(name);
  }

  /** Closes streams that nobody used for a while. */
  sweep(): void {
    const oldest = this.#clock.now() - IDLE_MS;
    for (const [name, pool] of this.#pools) {
      for (const one of pool) if (one.since < oldest) void one.frames.stream.close().catch(() => undefined);
      const rest = pool.filter((one) => one.since >= oldest);
      if (rest.length > 0) this.#pools.set(name, rest);
      else this.#pools.delete(name);
    }
  }
}

const isUsable = ({ stream }: Frames): boolean =>
  stream.status === "open" && stream.writeStatus === "writable" && stream.remoteWriteStatus === "writable";
