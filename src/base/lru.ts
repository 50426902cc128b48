// A map that forgets what was used longest ago.

/** At most `limit` entries. */
export class Lru<K, V> {
  readonly #map = new Map<K, V>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#map.size;
  }

  has(key: K): boolean {
    return this.#map.has(key);
  }

  get(key: K): V | undefined {
    const value = this.#map.get(key);
    if (value !== undefined) {
      this.#map.delete(key);
      this.#map.set(key, value);
    }
    return value;
  }

  set(key: K, value: V): void {
    this.#map.delete(key);
    this.#map.set(key, value);
    if (this.#map.size > this.#limit) this.#map.delete(this.#map.keys().next().value as K);
  }

  /** Longest unused first. */
  values(): IterableIterator<V> {
    return this.#map.values();
  }

  /** Forgets every value that is old. */
  forget(isOld: (value: V) => boolean): void {
    for (const [key, value] of this.#map) if (isOld(value)) this.#map.delete(key);
  }

  delete(key: K): void {
    this.#map.delete(key);
  }
}
