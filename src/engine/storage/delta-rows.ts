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

async function ownersOf(store: Store, hash: Uint8Array): Promise<string[]> {
  const owners: string[] = [];
  for await (const key of store.keys(ranges.needs(hash))) owners.push(key.slice(key.lastIndexOf("/") + 1));
  return owners;
}

/** The rows with which `owner` needs deltas; the bytes of those that are not on disk yet. */
export async function needRows(store: Store, deltas: readonly DeltaRow[], owner: string): Promise<StoreWrite[]> {
  const writes: StoreWrite[] = [];
  for (const { hash, bytes } of deltas) {
    const stored = (await ownersOf(store, hash)).length > 0;
    if (!stored && bytes === undefined) continue;
    if (!stored) writes.push({ key: KEYS.delta(hash), value: bytes });
    writes.push({ key: KEYS.need(hash, owner), value: NOTHING });
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
      const owners = await ownersOf(store, hash);
      const going = owners.filter((owner) => released.has(owner));
      for (const owner of going) writes.push({ key: KEYS.need(hash, owner), value: undefined });
      if (going.length > 0 && going.length === owners.length && !kept.has(name))
        writes.push({ key: KEYS.delta(hash), value: undefined });
    }
    return writes;
  }
}
