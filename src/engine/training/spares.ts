// Arrays for the integers of deltas, used again: some hundred kilobytes for each delta that is read are what makes V8 collect garbage.

/** Bytes of spare arrays that are kept at most. */
const MAX_BYTES = 16 << 20;

export class Spares {
  readonly #length: number;
  readonly #free: Int32Array[] = [];

  /** `length`: of each array. */
  constructor(length: number) {
    this.#length = length;
  }

  /** Does `job` with a function that lends arrays until the job has ended. What they hold is rubbish at first. */
  async lend<R>(job: (take: () => Int32Array) => Promise<R>): Promise<R> {
    const lent: Int32Array[] = [];
    const take = (): Int32Array => {
      const array = this.#free.pop() ?? new Int32Array(this.#length);
      lent.push(array);
      return array;
    };
    try {
      return await job(take);
    } finally {
      const room = Math.floor(MAX_BYTES / (4 * Math.max(1, this.#length))) - this.#free.length;
      this.#free.push(...lent.slice(0, Math.max(0, room)));
    }
  }
}
