// Fair shares of a bounded number of places: so many for each peer, for each IP group, and in all (protocol section 10).

export interface ShareLimits {
  readonly perPeer: number;
  readonly perGroup: number;
  readonly inAll: number;
}

/** As many times `inAll` are taken at most. */
const SPARE = 2;

interface Waiter {
  readonly peer: string;
  readonly amount: number;
  readonly taken: (giveBack: () => void) => void;
}

/**
 * A group that holds nothing gets a place even where all are taken, or a crowd of others could keep it out; but never are more than twice
 * as many taken, since places may outlast the connections that took them.
 */
export class Shares {
  readonly #limits: ShareLimits;
  readonly #groupOf: (peer: string) => string;
  readonly #ofPeer = new Map<string, number>();
  readonly #ofGroup = new Map<string, number>();
  readonly #waiting = new Set<Waiter>();
  #taken = 0;

  /** `groupOf`: the IP group of a peer, asked when it takes a place. */
  constructor(limits: ShareLimits, groupOf: (peer: string) => string) {
    this.#limits = limits;
    this.#groupOf = groupOf;
  }

  /** Places taken now. */
  get taken(): number {
    return this.#taken;
  }

  hasRoom(peer: string, amount = 1): boolean {
    const { perPeer, perGroup, inAll } = this.#limits;
    const ofGroup = this.#ofGroup.get(this.#groupOf(peer)) ?? 0;
    return (
      (this.#ofPeer.get(peer) ?? 0) + amount <= perPeer &&
      ofGroup + amount <= perGroup &&
      this.#taken + amount <= (ofGroup === 0 ? SPARE : 1) * inAll
    );
  }

  /** Takes places for a peer; undefined where it has no more. They are given back by what this returns, once, however often that is called. */
  take(peer: string, amount = 1): (() => void) | undefined {
    return this.hasRoom(peer, amount) ? this.#take(peer, amount) : undefined;
  }

  /** The same, in turn: waits until there is room. Rejects with the signal's reason. */
  turn(peer: string, { signal }: { readonly signal: AbortSignal }, amount = 1): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const given = this.take(peer, amount);
      if (given !== undefined) return resolve(given);
      const onAbort = (): void => {
        this.#waiting.delete(waiter);
        reject(signal.reason);
      };
      const taken = (giveBack: () => void): void => {
        signal.removeEventListener("abort", onAbort);
        resolve(giveBack);
      };
      const waiter: Waiter = { peer, amount, taken };
      this.#waiting.add(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  #take(peer: string, amount: number): () => void {
    // What is given back is what was taken, though the peer's group may be another by then.
    const group = this.#groupOf(peer);
    this.#count(peer, group, amount);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#count(peer, group, -amount);
      this.#wake();
    };
  }

  #count(peer: string, group: string, amount: number): void {
    this.#taken += amount;
    add(this.#ofPeer, peer, amount);
    add(this.#ofGroup, group, amount);
  }

  /** Lets in, in order, whoever has room now. */
  #wake(): void {
    for (const waiter of this.#waiting) {
      if (!this.hasRoom(waiter.peer, waiter.amount)) continue;
      this.#waiting.delete(waiter);
      waiter.taken(this.#take(waiter.peer, waiter.amount));
    }
  }
}

function add(counts: Map<string, number>, key: string, amount: number): void {
  const now = (counts.get(key) ?? 0) + amount;
  if (now === 0) counts.delete(key);
  else counts.set(key, now);
}
