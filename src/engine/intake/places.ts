// Places for work that messages ask for: one for each peer, and so many in all.

export class Places {
  readonly #most: number;
  readonly #taken = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Does the work in a place of `peer`; undefined when there is none. */
  async within<R>(peer: string, work: () => Promise<R>): Promise<R | undefined> {
    if (this.#taken.has(peer) || this.#taken.size >= this.#most) return undefined;
    this.#taken.add(peer);
    try {
      return await work();
    } finally {
      this.#taken.delete(peer);
    }
  }
}
