// The Store port in memory, for --ephemeral nodes and tests. Nothing outlives the process.
import { PouwError } from "../../base/index.ts";
import type { Store, StoreRange, StoreWrite } from "../../ports/index.ts";
import { checkKey } from "./keys.ts";

class MemoryStore implements Store {
  readonly #values = new Map<string, Uint8Array>();
  readonly #sorted: string[] = [];
  #closed = false;

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#open();
    return this.#values.get(key)?.slice();
  }

  async batch(writes: readonly StoreWrite[]): Promise<void> {
    this.#open();
    for (const { key } of writes) checkKey(key);
    for (const { key, value } of writes) {
      const known = this.#values.has(key);
      if (value === undefined) {
        this.#values.delete(key);
        if (known) this.#sorted.splice(lowerBound(this.#sorted, key), 1);
      } else {
        this.#values.set(key, value.slice());
        if (!known) this.#sorted.splice(lowerBound(this.#sorted, key), 0, key);
      }
    }
  }

  async recover(): Promise<void> {
    this.#open();
  }

  async *entries(range: StoreRange): AsyncGenerator<readonly [string, Uint8Array]> {
    this.#open();
    // A snapshot, as LevelDB's iterators are: writes during the loop do not show.
    const found = this.#select(range).map((key) => [key, this.#values.get(key) as Uint8Array] as const);
    for (const [key, value] of found) {
      this.#open();
      yield [key, value.slice()];
    }
  }

  async *keys(range: StoreRange): AsyncGenerator<string> {
    this.#open();
    for (const key of this.#select(range)) {
      this.#open();
      yield key;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#values.clear();
    this.#sorted.length = 0;
  }

  #select({ gte, lt, reverse = false, limit }: StoreRange): string[] {
    const found = this.#sorted.slice(lowerBound(this.#sorted, gte), lowerBound(this.#sorted, lt));
    if (reverse) found.reverse();
    return limit === undefined ? found : found.slice(0, limit);
  }

  #open(): void {
    if (this.#closed) throw new PouwError("CLOSED", "The store was used after it was closed.");
  }
}

/** Index of the first key that is not below `key`. */
function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** An empty store that lives as long as the process. */
export function memoryStore(): Store {
  return new MemoryStore();
}
