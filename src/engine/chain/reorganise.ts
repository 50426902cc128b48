// How the best chain gets from one head to another: which blocks leave it and which join it.
import { bytesEqual, storeCorrupt, toHex } from "../../base/index.ts";
import type { Block, Decoded } from "../../codec/index.ts";
import type { BlockEntry, Move } from "../storage/index.ts";

/** Where entries and blocks are found. */
export interface Shelf {
  readonly entry: (id: Uint8Array) => Promise<BlockEntry | undefined>;
  readonly block: (id: Uint8Array) => Promise<Decoded<Block> | undefined>;
}

/** The move from `from` to `to`; `own` is the block of `to` when it is not stored yet. Throws STORE_CORRUPT. */
export async function moveBetween(
  from: BlockEntry,
  to: BlockEntry,
  { entry, block }: Shelf,
  own?: Decoded<Block>,
): Promise<Move> {
  const dropped: Decoded<Block>[] = [];
  const added: Decoded<Block>[] = [];
  let down = from;
  let up = to;
  while (!bytesEqual(down.id, up.id)) {
    if (up.height >= down.height && up.height > 0) {
      added.push((bytesEqual(up.id, to.id) ? own : undefined) ?? present(await block(up.id), up.id));
      up = present(await entry(up.parent), up.parent);
    } else {
      dropped.push(present(await block(down.id), down.id));
      down = present(await entry(down.parent), down.parent);
    }
  }
  return { head: to.id, dropped, added: added.reverse() };
}

function present<T>(found: T | undefined, id: Uint8Array): T {
  if (found === undefined) throw storeCorrupt(`block ${toHex(id)} is missing`);
  return found;
}
