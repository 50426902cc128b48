// What strangers may have the node do: so much each connection for itself, and more from what its IP group and all have together (protocol section 10).
import { Lru } from "../../base/index.ts";
import type { Clock } from "../../ports/index.ts";

export interface Rate {
  /** Units that come back per second. */
  readonly perSecond: number;
  /** Units saved up at most, and the deepest debt. */
  readonly burst: number;
}

export interface BudgetRates {
  /** A connection's own: nobody else can use it up. */
  readonly own: Rate;
  /** Lent to the connections of one IP group, beyond their own. */
  readonly group: Rate;
  /** Lent to all together. */
  readonly all: Rate;
}

interface Pot {
  units: number;
  at: number;
}

/** Peers and groups remembered; a pot that is forgotten is full again. */
const REMEMBERED = 4_096;
/** A debtor looks again after this at the latest, ms: others may have left something by then. */
const LOOK_MS = 250;

export class Budget {
  readonly #rates: BudgetRates;
  readonly #clock: Clock;
  readonly #groupOf: (peer: string) => string;
  readonly #own = new Lru<string, Pot>(REMEMBERED);
  readonly #groups = new Lru<string, Pot>(REMEMBERED);
  readonly #all: Pot;

  constructor(rates: BudgetRates, deps: { readonly clock: Clock; groupOf(peer: string): string }) {
    this.#rates = rates;
    this.#clock = deps.clock;
    this.#groupOf = (peer) => deps.groupOf(peer);
    this.#all = { units: rates.all.burst, at: deps.clock.now() };
  }

  /** Books what a peer has caused. Returns 0, or the ms until it is worth asking again (with 0 units) whether the debt is paid. */
  spend(peer: string, units: number): number {
    const own = this.#potOf(this.#own, peer, this.#rates.own);
    own.units -= units;
    if (own.units >= 0) return 0;
    this.#lend(own, this.#groupOf(peer));
    if (own.units >= 0) return 0;
    own.units = Math.max(-this.#rates.own.burst, own.units);
    return Math.min(LOOK_MS, Math.ceil((-own.units / this.#rates.own.perSecond) * 1000));
  }

  #lend(own: Pot, name: string): void {
    const group = this.#potOf(this.#groups, name, this.#rates.group);
    this.#fill(this.#all, this.#rates.all);
    const lent = Math.min(-own.units, group.units, this.#all.units);
    for (const lender of [group, this.#all]) lender.units -= lent;
    own.units += lent;
  }

  #potOf(pots: Lru<string, Pot>, name: string, rate: Rate): Pot {
    const pot = pots.get(name) ?? { units: rate.burst, at: this.#clock.now() };
    pots.set(name, pot);
    this.#fill(pot, rate);
    return pot;
  }

  #fill(pot: Pot, rate: Rate): void {
    const now = this.#clock.now();
    pot.units = Math.min(rate.burst, pot.units + (Math.max(0, now - pot.at) / 1000) * rate.perSecond);
    pot.at = now;
  }
}
