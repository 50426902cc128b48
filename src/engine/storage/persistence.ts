// Waits out a disk that takes nothing: a write is tried until it is there, so that who writes knows of a full disk but by its time.
// Status and people are told once, whoever's write it was that failed first.
import { type ErrorCode, PouwError } from "../../base/index.ts";
import type { Clock, Log } from "../../ports/index.ts";
import type { EventBus } from "../events.ts";
import { pause } from "../pause.ts";

/** Pause before the first try to go on, ms; doubled with each up to the longest. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface PersistenceDeps {
  readonly events: EventBus;
  readonly clock: Clock;
  readonly log: Log;
}

/** Something that is written to, such as the store. */
export interface Disk {
  readonly name: string;
  /** Called before a write that follows a failed one. */
  readonly recover?: () => Promise<void>;
}

const stopped = (): PouwError => new PouwError("CLOSED", "The node stopped before its disk took the write.");

export class Persistence {
  readonly #deps: PersistenceDeps;
  readonly #signal: AbortSignal;
  /** What each disk that does not take writes says of itself, by name. */
  readonly #faults = new Map<string, ErrorCode>();

  constructor(deps: PersistenceDeps, { signal }: { readonly signal: AbortSignal }) {
    this.#deps = deps;
    this.#signal = signal;
  }

  /** Resolves once `write` did, however long that takes. Throws what is no STORE_FAILED, and CLOSED at the end. */
  async write<T>(disk: Disk, write: () => Promise<T>): Promise<T> {
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        if (this.#faults.has(disk.name)) await this.#recover(disk);
        const written = await write();
        this.#works(disk);
        return written;
      } catch (error) {
        if (this.#signal.aborted || !(error instanceof PouwError)) throw error;
        if (error.code === "STORE_FAILED" || error.code === "STORE_CORRUPT") this.#fails(disk, error);
        if (error.code !== "STORE_FAILED") throw error;
      }
      await pause(this.#deps.clock, wait, this.#signal);
      if (this.#signal.aborted) throw stopped();
    }
  }

  async #recover({ recover }: Disk): Promise<void> {
    if (this.#signal.aborted) throw stopped();
    await recover?.();
  }

  #fails({ name }: Disk, error: PouwError): void {
    if (this.#faults.get(name) === error.code) return;
    const { events, log } = this.#deps;
    this.#faults.set(name, error.code);
    log.error(
      { code: error.code, remedy: error.remedy },
      `${error.message} Nothing is stored until it takes writes again`,
    );
    events.emit("store", {
      fault: { code: error.code, sentence: error.message, remedy: error.remedy },
    });
  }

  #works({ name }: Disk): void {
    if (!this.#faults.delete(name) || this.#faults.size > 0) return;
    this.#deps.log.info({}, "the disk takes writes again, and has all that was acknowledged");
    this.#deps.events.emit("store", { fault: undefined });
  }
}
