// Chance and time of the simulated network: a seeded generator and a queue of events, so that a seed replays.

/** Random numbers from a seed (mulberry32): enough for a model, and the same on every machine. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  }

  /** At least 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Positive, with this mean. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }
}

interface Event {
  readonly at: number;
  readonly run: () => void;
}

/** Events by time: a binary heap. */
export class Agenda {
  now = 0;
  readonly #heap: Event[] = [];

  add(at: number, run: () => void): void {
    const heap = this.#heap;
    const event = { at, run };
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up] as Event;
      if (parent.at <= at) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = event;
  }

  /** Runs all that is due before `until`. */
  runTo(until: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at < until; first = this.#heap[0]) {
      this.#dropFirst();
      this.now = first.at;
      first.run();
    }
    this.now = until;
  }

  #dropFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    const { length } = heap;
    if (length === 0) return;
    let i = 0;
    for (let low = 1; low < length; low = 2 * i + 1) {
      if (low + 1 < length && (heap[low + 1] as Event).at < (heap[low] as Event).at) low++;
      const child = heap[low] as Event;
      if (child.at >= last.at) break;
      heap[i] = child;
      i = low;
    }
    heap[i] = last;
  }
}
