// Contributions by the common state they started from: bounded, first come first kept, each once.
import { toHex } from "../../base/index.ts";
import { type Contribution, MAX_CONTRIBUTIONS } from "../../codec/index.ts";

/** Places of a round that only this node's own contributions may take: strangers cannot crowd it out. */
const OWN_PLACES = 8;
/** Start states remembered at once: the present round, those just closed, and branches. */
const MAX_STARTS = 16;

/** The place of a unit among those of its start state, on whatever branch: no two contributions of a record share it. */
const slot = (c: Contribution): string => `${unitRunner(c)}/${toHex(c.block)}/${c.index}`;

/** Who ran the unit: author and ML node. */
export const unitRunner = (c: Contribution): string => `${toHex(c.author)}/${c.mlNode}`;

export class ContributionPool {
  readonly #byStart = new Map<string, Map<string, Contribution>>();

  /** False when it was here already or its round is full; some places are for `own` contributions only. */
  add(contribution: Contribution, { own }: { readonly own: boolean }): boolean {
    const start = toHex(contribution.startDigest);
    const held = this.#byStart.get(start) ?? new Map<string, Contribution>();
    const key = slot(contribution);
    if (held.has(key) || held.size >= MAX_CONTRIBUTIONS - (own ? 0 : OWN_PLACES)) return false;
    held.set(key, contribution);
    this.#byStart.delete(start);
    this.#byStart.set(start, held);
    if (this.#byStart.size > MAX_STARTS) this.#byStart.delete(this.#byStart.keys().next().value as string);
    return true;
  }

  has(contribution: Contribution): boolean {
    return this.#byStart.get(toHex(contribution.startDigest))?.has(slot(contribution)) ?? false;
  }

  /** Contributions from `start`, first come first. */
  from(start: Uint8Array): Contribution[] {
    return [...(this.#byStart.get(toHex(start))?.values() ?? [])];
  }
}
