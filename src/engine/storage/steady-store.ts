// A store that waits out its failures: writes reach the disk in their order, whenever it takes them. What is fresh (rounds, a won block)
// goes on from where it stood when room returns.
import { type Scope, SerialQueue } from "../../base/index.ts";
import type { Store, StoreRange, StoreWrite } from "../../ports/index.ts";
import type { Disk, Persistence } from "./persistence.ts";

export class SteadyStore implements Store {
  readonly #store: Store;
  readonly #persistence: Persistence;
  readonly #disk: Disk;
  readonly #queue = new SerialQueue();

  constructor({ store, persistence }: { readonly store: Store; readonly persistence: Persistence }, scope: Scope) {
    this.#store = store;
    this.#persistence = persistence;
    this.#disk = { name: "store", recover: () => store.recover() };
    // What was accepted is written before the store closes.
    scope.defer("writes", () => this.#queue.idle());
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#store.get(key);
  }

  entries(range: StoreRange): AsyncIterable<readonly [string, Uint8Array]> {
    return this.#store.entries(range);
  }

  keys(range: StoreRange): AsyncIterable<string> {
    return this.#store.keys(range);
  }

  /** Resolves once it is on disk, however long that takes. Throws STORE_CORRUPT when what was acknowledged before is gone, CLOSED at the end. */
  batch(writes: readonly StoreWrite[]): Promise<void> {
    return this.#queue.run(() => this.#persistence.write(this.#disk, () => this.#store.batch(writes)));
  }

  recover(): Promise<void> {
    return this.#store.recover();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
