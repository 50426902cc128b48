// A store on a disk that is full, or fails, when the test says so. As LevelDB on its own it takes what comes behind a failed write, and loses it
// with the next start: what was told to be stored and is not, the test can ask for.
import { memoryStore } from "../../src/adapters/level/index.ts";
import { PouwError } from "../../src/base/index.ts";
import type { Store, StoreRange, StoreWrite } from "../../src/ports/index.ts";

export class FailingStore implements Store {
  /** Whether the disk takes nothing. */
  full = false;
  /** Fills it with the first batch of which this says so. */
  fillsAt: ((writes: readonly StoreWrite[]) => boolean) | undefined;
  /** Whether opening it anew finds that something is gone. */
  damaged = false;
  /** Keys of the batches that were acknowledged behind a torn piece of the log. */
  readonly lost: string[] = [];
  /** Times that it was opened anew. */
  recoveries = 0;
  readonly #disk: Store = memoryStore();
  #torn = false;

  async batch(writes: readonly StoreWrite[]): Promise<void> {
    if (this.fillsAt?.(writes) === true) {
      this.full = true;
      this.fillsAt = undefined;
    }
    if (this.full) {
      this.#torn = true;
      throw new PouwError("STORE_FAILED", "There is no room left on the disk for this test.", { remedy: "Free some." });
    }
    if (this.#torn) this.lost.push(...writes.map(({ key }) => key));
    else await this.#disk.batch(writes);
  }

  async recover(): Promise<void> {
    this.recoveries++;
    if (this.full) throw new PouwError("STORE_FAILED", "There is no room left on the disk for this test.");
    if (this.damaged) throw new PouwError("STORE_CORRUPT", "The store is damaged: a batch is missing.");
    this.#torn = false;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#disk.get(key);
  }

  entries(range: StoreRange): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#disk.entries(range);
  }

  keys(range: StoreRange): AsyncIterable<string> {
    return this.#disk.keys(range);
  }

  async close(): Promise<void> {}
}
