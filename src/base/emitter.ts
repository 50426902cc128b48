// A typed event emitter: synchronous, in one order for every listener, and a listener that throws cannot stop the others.

/** `E` maps an event's name to its payload. */
export class Emitter<E extends object> {
  readonly #listeners = new Map<keyof E, Set<(payload: never) => void>>();
  readonly #waiting: (() => void)[] = [];
  #telling = false;
  #closed = false;
  readonly #onError: (error: unknown, event: keyof E) => void;

  constructor(onError: (error: unknown, event: keyof E) => void = () => undefined) {
    this.#onError = onError;
  }

  /** Adds a listener; returns the function that removes it. */
  on<K extends keyof E>(event: K, listener: (payload: E[K]) => void): () => void {
    if (this.#closed) return () => undefined;
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set);
    set.add(listener as (payload: never) => void);
    return () => {
      set.delete(listener as (payload: never) => void);
    };
  }

  /** Resolves with the next payload that `accept` likes; rejects when `signal` aborts. */
  next<K extends keyof E>(
    event: K,
    accept: (payload: E[K]) => boolean,
    options: { signal: AbortSignal },
  ): Promise<E[K]> {
    return new Promise((resolve, fail) => {
      const stop = this.on(event, (payload) => {
        if (!accept(payload)) return;
        stop();
        options.signal.removeEventListener("abort", onAbort);
        resolve(payload);
      });
      const onAbort = (): void => {
        stop();
        fail(options.signal.reason);
      };
      if (options.signal.aborted) onAbort();
      else options.signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  /** Tells every listener before it returns; within a listener, once all have heard what is being told: effects never come before their cause. */
  emit<K extends keyof E>(event: K, payload: E[K]): void {
    this.#waiting.push(() => this.#tell(event, payload));
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next();
    } finally {
      this.#telling = false;
    }
  }

  /** Forgets every listener, for good: what is emitted afterwards nobody hears. */
  close(): void {
    this.#listeners.clear();
    this.#closed = true;
  }

  #tell<K extends keyof E>(event: K, payload: E[K]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        (listener as (payload: E[K]) => void)(payload);
      } catch (error) {
        this.#onError(error, event);
      }
    }
  }
}
