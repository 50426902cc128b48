// What a block's header makes of the chain by itself, whatever its body holds: draw, beacon, next target, work (protocol sections 2 and 4).
import type { Hash32 } from "../base/index.ts";
import type { UnsignedHeader } from "../codec/index.ts";
import { drawHash, nextBeacon, unitOfHeader } from "../work/index.ts";
import { nextTarget, workOf } from "./difficulty.ts";
import type { Rules } from "./rules.ts";

/** What the next header of a chain is judged by. The state after a block has it, and so has a line of headers. */
export interface ChainPoint {
  readonly tipId: Hash32;
  readonly height: number;
  readonly time: number;
  readonly beacon: Hash32;
  /** Prescribed for the next block; `targetAt` says which one it must name. */
  readonly target: Uint8Array;
  readonly work: bigint;
}

/** The header's draw, and what follows from it. */
export function turnOf(
  at: Pick<ChainPoint, "beacon" | "time">,
  header: UnsignedHeader,
  rules: Pick<Rules, "blockTimeMs" | "retargetWindow">,
): { readonly draw: Hash32; readonly beacon: Hash32; readonly target: Uint8Array; readonly work: bigint } {
  const draw = drawHash(unitOfHeader(at.beacon, header), header.nonce);
  // The genesis time says nothing of how hard the first block was; else the target that the block names, after any recovery: the next one
  // derives from what was used.
  const target = header.height === 1 ? header.target : nextTarget(header.target, header.time - at.time, rules);
  return { draw, beacon: nextBeacon(at.beacon, draw), target, work: workOf(header.target) };
}
