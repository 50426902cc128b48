// Reads a peer's chain ahead by its links alone: whoever goes by others' words hears them on the last blocks only, and they speak for all below.
import { bytesEqual } from "../../base/index.ts";
import type { Block, Decoded } from "../../codec/index.ts";

/** Blocks read ahead at most: their ids are all that is kept. */
const MAX_AHEAD = 131_072;

export interface Foresight {
  /** Whether others vouch for a block that is not here. */
  readonly isWanted: () => boolean;
  /** Whether enough others vouch for a block that need not be here. */
  readonly isVouched: (id: Uint8Array) => boolean;
  /** Blocks that lead to one that they vouch for, it included. */
  readonly foretell: (ids: readonly Uint8Array[]) => void;
}

export interface Stretch {
  /** Height to read to. */
  readonly to: number;
  /** Blocks from a height on, as many as come at once; none where the peer has no more. */
  readonly range: (from: number, count: number) => Promise<readonly Decoded<Block>[]>;
}

/** Follows the links from `first`, which stands on a block that is here, and foretells all up to the last vouched block. */
export async function readAhead(
  first: Decoded<Block>,
  { to, range }: Stretch,
  { isVouched, foretell }: Pick<Foresight, "isVouched" | "foretell">,
): Promise<void> {
  const ids: Uint8Array[] = [];
  let vouched = 0;
  const follow = ({ id, value }: Decoded<Block>): boolean => {
    const last = ids.at(-1);
    if (last !== undefined && !bytesEqual(value.header.parent, last)) return false;
    ids.push(id);
    if (isVouched(id)) vouched = ids.length;
    return true;
  };
  follow(first);
  for (let links = true; links && ids.length < MAX_AHEAD; ) {
    const from = first.value.header.height + ids.length;
    if (from > to) break;
    const got = await range(from, to - from + 1);
    links = got.length > 0 && got.every(follow);
  }
  foretell(ids.slice(0, vouched));
}
