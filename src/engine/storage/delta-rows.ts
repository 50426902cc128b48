// Deltas on disk, each with who needs it: the blocks that carry it, or the round of a height that a block may still carry. A delta goes
// with the last of them.
import { fromHex, toHex } from "../../base/index.ts";
import type { Store, StoreWrite } from "../../ports/index.ts";
import { KEYS, ranges } from "./keys.ts";

export interface DeltaRow {
  readonly hash: Uint8Array;
  /** Height of the block that its unit began on. */
  readonly height: number;
  /** Undefined where memory has let go of them. */
  readonly bytes: Uint8Array | undefined;
}

const NOTHING = new Uint8Array(0);

/** Who needs a delta. */
export const ownerOfBlock = (id: Uint8Array): string => toHex(id);
export const ownerOfRound = (height: number): string => `round-${height}`;

/** That somebody needs a delta. */
interface Need {
  /** Height that the bytes lie under: that of the first contribution here that has them. */
  readonly at: number;
  readonly owner: string;
}

async function needsOf(store: Store, hash: Uint8Array, limit?: number): Promise<Need[]> {
  const needs: Need[] = [];
  const range = limit === undefined ? ranges.needs(hash) : { ...ranges.needs(hash), limit };
  for await (const key of store.keys(range)) needs.push(needIn(key));
  return needs;
}

/** What the key of a need says. */
export function needIn(key: string): Need & { readonly hash: Uint8Array } {
  const [, hash, at, owner] = key.split("/") as [string, string, string, string];
  return { hash: fromHex(hash) as Uint8Array, at: Number(at), owner };
}

/** The bytes of a delta, whatever height they lie under. */
export async function readDelta(store: Store, hash: Uint8Array): Promise<Uint8Array | undefined> {
  const [need] = await needsOf(store, hash, 1);
  return need === undefined ? undefined : store.get(KEYS.delta(need.at, hash));
}

/** The rows with which deltas are needed, each by its owner; the bytes of those that are not on disk yet. */
export async function needRows(
  store: Store,
  deltas: readonly DeltaRow[],
  { ownerOf, loose = false }: { readonly ownerOf: (delta: DeltaRow) => string; readonly loose?: boolean },
): Promise<StoreWrite[]> {
  const writes: StoreWrite[] = [];
  const placed = new Map<string, number>();
  for (const delta of deltas) {
    const { hash, height, bytes } = delta;
    const lies = placed.get(toHex(hash)) ?? (await needsOf(store, hash, 1))[0]?.at;
    if (lies === undefined && bytes === undefined) continue;
    const [at, owner] = [lies ?? height, ownerOf(delta)];
    placed.set(toHex(hash), at);
    if (lies === undefined) writes.push({ key: KEYS.delta(at, hash), value: bytes });
    writes.push({ key: KEYS.need(hash, at, owner), value: NOTHING });
    if (loose) writes.push({ key: KEYS.loose(height, hash, owner), value: NOTHING });
  }
  return writes;
}

/** Who no longer needs which deltas, by the delta's hash in hex. */
export class Released {
  readonly #owners = new Map<string, Set<string>>();

  add(hash: Uint8Array, owner: string): void {
    const owners = this.#owners.get(toHex(hash)) ?? new Set();
    this.#owners.set(toHex(hash), owners.add(owner));
  }

  /** The rows that go; of deltas that nobody needs any more their bytes too, but for those that the same batch keeps. */
  async rows(store: Store, keeps: readonly DeltaRow[] = []): Promise<StoreWrite[]> {
    const kept = new Set(keeps.map(({ hash }) => toHex(hash)));
    const writes: StoreWrite[] = [];
    for (const [name, released] of this.#owners) {
      const hash = fromHex(name) as Uint8Array;
      const needs = await needsOf(store, hash);
      const going = needs.filter(({ owner }) => released.has(owner));
      for (const { at, owner } of going) writes.push({ key: KEYS.need(hash, at, owner), value: undefined });
      const [first] = going;
      if (first !== undefined && going.length === needs.length && !kept.has(name))
        writes.push({ key: KEYS.delta(first.at, hash), value: undefined });
    }
    return writes;
  }
}
