// How far this machine's clock is off: peers say in the handshake what time they have. For people only: no verdict and no header goes by it (protocol section 10).
import { median } from "../../base/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";

/** Off by more than this from the median of its peers, a clock is said to be wrong, ms. */
const CLOCK_TOLERANCE_MS = 2_000;
/** An answer that took longer says too little of when it was written, ms. */
const LONGEST_TRIP_MS = 2_000;

export interface PeerClocksDeps {
  readonly clock: Clock;
  readonly events: EventBus;
  readonly log: Log;
}

export class PeerClocks {
  readonly #deps: PeerClocksDeps;
  /** Peer -> its wall time less our monotonic one, ms: a step of our own clock shows at once. */
  readonly #known = new Map<string, number>();
  /** What was said last to be wrong, ms. */
  #said: number | undefined;

  constructor(deps: PeerClocksDeps) {
    this.#deps = deps;
  }

  /** A peer answered with its time, in the middle of a way there and back of `tripMs`. */
  note(peer: string, time: bigint, tripMs: number): void {
    if (tripMs > LONGEST_TRIP_MS) return;
    this.#known.set(peer, Number(time) + tripMs / 2 - this.#deps.clock.now());
    this.#look();
  }

  forget(peer: string): void {
    this.#known.delete(peer);
  }

  /** This clock less the median of its peers', ms; undefined before one has told. */
  offsetMs(): number | undefined {
    const { clock } = this.#deps;
    const theirs = median([...this.#known.values()]);
    return theirs === undefined ? undefined : Math.round(clock.wallTime() - clock.now() - theirs);
  }

  /** Says it when the clock is found wrong, or wrong by something else, and when it is right again. */
  #look(): void {
    const offsetMs = this.offsetMs();
    const trouble = clockTrouble(offsetMs);
    const wrong = trouble === undefined ? undefined : offsetMs;
    if (wrong === this.#said) return;
    // A clock that goes as before is heard a little otherwise each time.
    if (wrong !== undefined && this.#said !== undefined && Math.abs(wrong - this.#said) <= CLOCK_TOLERANCE_MS) return;
    this.#said = wrong;
    const { events, log } = this.#deps;
    const data = { offsetMs, peers: this.#known.size };
    if (trouble === undefined) log.info(data, "this clock agrees with its peers' again");
    else log.warn(data, trouble);
    events.emit("clock", { trouble });
  }
}

/** What is wrong with a clock that is off by this much; undefined where nothing is. */
export function clockTrouble(offsetMs: number | undefined): string | undefined {
  if (offsetMs === undefined || Math.abs(offsetMs) <= CLOCK_TOLERANCE_MS) return undefined;
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  return `This clock is ${seconds} s ${offsetMs > 0 ? "ahead of" : "behind"} its peers': set it right, or blocks do not pass between them and this node in time.`;
}
