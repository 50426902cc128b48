// Runs asynchronous work one piece at a time, in order of arrival.

/** The single-writer discipline: `run` resolves with its own job's result; a failed job does not stop the next. */
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Jobs accepted and not finished. */
  get size(): number {
    return this.#waiting;
  }

  run<T>(job: () => Promise<T> | T): Promise<T> {
    this.#waiting++;
    const result = this.#tail.then(job).finally(() => {
      this.#waiting--;
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  /** Resolves when everything accepted so far has finished. */
  async idle(): Promise<void> {
    await this.#tail;
  }
}
