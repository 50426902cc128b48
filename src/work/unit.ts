// A unit's seed: who runs which unit from which common state decides its batches, and nothing in it is the miner's choice (protocol section 2).
import { type Hash32, memoised, u32be } from "../base/index.ts";
import type { Contribution } from "../codec/index.ts";
import { taggedHash } from "../crypto/index.ts";

/** Which unit: `beacon` and `block` are beacon and id of the block it is run upon, `author` the miner's address. */
export interface UnitId {
  readonly beacon: Uint8Array;
  readonly block: Uint8Array;
  readonly task: Uint8Array;
  readonly round: number;
  readonly author: Uint8Array;
  readonly mlNode: number;
  readonly index: number;
}

/** What names a unit, by whoever ran it: all that decides its end. */
export type PlacedUnit = Pick<
  Contribution,
  "author" | "task" | "block" | "height" | "round" | "startDigest" | "mlNode" | "index"
>;

/** H("place", pk, T, block, t, digest(P(t)), n, i): units of one place have one end, so a second one is a copy or a lie. */
export const placeOf = memoised(({ author, task, block, round, startDigest, mlNode, index }: PlacedUnit) =>
  taggedHash("place", author, task, block, u32be(round), startDigest, u32be(mlNode), u32be(index)),
);

/** H("start", T, t, digest(P(t))): what names a common state that units start from. */
export function startName({ task, round, startDigest }: Pick<PlacedUnit, "task" | "round" | "startDigest">): Hash32 {
  return taggedHash("start", task, u32be(round), startDigest);
}

/**
 * seed = H("unit", beacon, block, T, t, pk, n, i): 32 bytes for the batch PRF. The id is in it so that what a block holds is fixed before
 * anybody trains upon it: who knew the next beacon first could fill a block that it kept back with what that beacon does not audit.
 */
export function unitSeed(unit: UnitId): Hash32 {
  return taggedHash(
    "unit",
    unit.beacon,
    unit.block,
    unit.task,
    u32be(unit.round),
    unit.author,
    u32be(unit.mlNode),
    u32be(unit.index),
  );
}
