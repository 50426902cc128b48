// A bounded number of places per key, first come first served.

/** Every place is given back exactly once by the function that `acquire` resolves with. */
export class Slots {
  readonly #limit: number;
  readonly #taken = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Waits for a place; rejects with the signal's reason when it aborts first. */
  async acquire(key: string, { signal }: { readonly signal: AbortSignal }): Promise<() => void> {
    signal.throwIfAborted();
    const taken = this.#taken.get(key) ?? 0;
    if (taken < this.#limit) this.#taken.set(key, taken + 1);
    else await this.#wait(key, signal);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#release(key);
    };
  }

  #wait(key: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#waiting.get(key) ?? [];
      this.#waiting.set(key, queue);
      const onAbort = (): void => {
        const at = queue.indexOf(turn);
        if (at >= 0) queue.splice(at, 1);
        reject(signal.reason);
      };
      const turn = (): void => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      };
      queue.push(turn);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Hands the place to the next in line, or frees it. */
  #release(key: string): void {
    const queue = this.#waiting.get(key);
    const next = queue?.shift();
    if (next !== undefined) {
      next();
      return;
    }
    this.#waiting.delete(key);
    const taken = (this.#taken.get(key) ?? 1) - 1;
    if (taken > 0) this.#taken.set(key, taken);
    else this.#taken.delete(key);
  }
}
